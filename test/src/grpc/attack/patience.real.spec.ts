import { readFileSync } from 'node:fs';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import {
  data,
  ErrorCode,
  Flag,
  grpcMessage,
  headerBlock,
  headers,
  makeCertificates,
  ping,
  PREFACE,
  RawConnection,
  requestHeaders,
  Setting,
  settings,
} from '@witan-libs/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SERVER_KINDS } from '../servers.js';
import { ECHO, HOLD, Victim } from './victim.js';

const KIB = 1024;
const IDLE_CONNECTIONS = 2000;
/** Both sides of a connection count: the attackers live in this process, the server's share is measured. */
const MAX_BYTES_PER_IDLE_CONNECTION = { witan: 20 * KIB, 'grpc-js': 80 * KIB };

describe.each(SERVER_KINDS)('%s and those who take their time', (kind) => {
  let victim: Victim;
  beforeAll(async () => void (victim = await Victim.start(kind, { requestTimeoutMs: 2000 })));
  afterAll(() => victim?.stop());
  afterEach(() => victim.hangUp());

  it(`keeps ${IDLE_CONNECTIONS} idle connections at little cost, and answers a call on each`, async () => {
    const before = await victim.usage();
    const connections: RawConnection[] = [];
    for (let i = 0; i < IDLE_CONNECTIONS; i++) connections.push(await victim.connect());
    for (const each of connections) expect((await each.call(ECHO, Buffer.from('x'))).status).toBe(0);
    const during = await victim.usage();
    expect((during.bytes - before.bytes) / IDLE_CONNECTIONS).toBeLessThan(MAX_BYTES_PER_IDLE_CONNECTION[kind]);
    victim.hangUp();
    for (let asked = 0; asked < 200; asked++) await victim.greet();
    expect((await victim.usage()).bytes - before.bytes).toBeLessThan(16 * KIB * KIB);
  });

  it('ends a call whose message trickles in', async () => {
    const connection = await victim.connect();
    const id = connection.open(ECHO);
    connection.send(data(id, Buffer.from([0, 0, 0])));
    expect((await connection.over(id)).status).toBe(4);
    expect(connection.isClosed).toBe(false);
  });
});

/** nghttp2 and grpc-js wait for ever here. */
describe('witan and those who never go on', () => {
  const STOPPED: readonly (readonly [string, readonly Buffer[]])[] = [
    ['says nothing', []],
    ['sends half a preface', [PREFACE.subarray(0, 11)]],
    ['does not acknowledge settings', [PREFACE, settings()]],
    ['sends half a frame', [PREFACE, settings(), ping().subarray(0, 12)]],
    ['does not end its headers', [PREFACE, settings(), headers(1, headerBlock(requestHeaders(HOLD)), 0)]],
  ];
  let victim: Victim;
  let stopped: Map<string, RawConnection>;
  let deaf: RawConnection;
  let unread: number;
  /** They all begin at once: each takes as long as the server is patient. */
  beforeAll(async () => {
    victim = await Victim.start('witan');
    stopped = new Map();
    for (const [name, bytes] of STOPPED) {
      const connection = await victim.connect({ preface: false, polite: false });
      connection.send(...bytes);
      stopped.set(name, connection);
    }
    deaf = await victim.connect({ settings: [[Setting.INITIAL_WINDOW_SIZE, 10]], giveBack: false });
    unread = deaf.open(ECHO);
    deaf.send(data(unread, grpcMessage(Buffer.alloc(10_000)), Flag.END_STREAM));
  });
  afterAll(() => victim?.stop());

  it.each(STOPPED)('ends a connection that %s', async (name) => {
    await stopped.get(name)!.closed();
    await victim.greet();
  });

  it('breaks off a call whose answer nobody takes', async () => {
    const { reset, dataBytes } = await deaf.over(unread);
    expect([reset, dataBytes, deaf.isClosed]).toEqual([ErrorCode.CANCEL, 10, false]);
    await victim.greet();
  });
});

describe.each(SERVER_KINDS)('%s over TLS', (kind) => {
  const certificates = makeCertificates();
  const ca = readFileSync(certificates.ca);
  let victim: Victim;
  beforeAll(async () => {
    const { key, cert } = certificates.server;
    const tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8'), ca: ca.toString() };
    victim = await Victim.start(kind, { tls });
  });
  afterAll(async () => {
    await victim?.stop();
    certificates.remove();
  });

  it.each([
    ['plain HTTP/2', Buffer.concat([PREFACE, settings()])],
    ['HTTP/1.1', Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n')],
    ['bytes of no meaning', Buffer.alloc(5000, 0xee)],
  ])('ends a connection that begins with %s', async (_, bytes) => {
    const connection = await victim.connect({ preface: false });
    await connection.sent(bytes);
    // Node leaves such a socket open when it came from outside its TLS server, as grpc-js's do.
    if (kind === 'witan') await connection.closed();
    await victim.greet();
    victim.hangUp();
  });

  it('does not negotiate again and again', async () => {
    const socket = connectTls({
      host: '127.0.0.1',
      port: victim.port,
      ca,
      ALPNProtocols: ['h2'],
      maxVersion: 'TLSv1.2',
    });
    socket.on('error', () => undefined);
    // Node's socket handshakes only while somebody reads from it.
    socket.resume();
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    let done = 0;
    while (done < 50 && (await renegotiated(socket))) done++;
    expect(done).toBeLessThan(10);
    socket.destroy();
    await victim.greet();
  });

  it('is not held up by hundreds of handshakes that stop half way', async () => {
    const connections = await Promise.all(Array.from({ length: 300 }, () => victim.connect({ preface: false })));
    for (const each of connections) each.send(Buffer.from('160301', 'hex'));
    for (let asked = 0; asked < 20; asked++) await victim.greet();
    victim.hangUp();
  });
});

function renegotiated(socket: TLSSocket): Promise<boolean> {
  return new Promise((resolve) => {
    if (socket.destroyed) return resolve(false);
    socket.once('close', () => resolve(false));
    const begun = socket.renegotiate({ rejectUnauthorized: true }, (error) => resolve(error === null));
    if (begun === false) resolve(false);
  });
}
