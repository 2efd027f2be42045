import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Peer } from '../handler/context.js';
import type { GrpcListener } from './grpc-listener.js';
import { type Handle, definition, listening, runtime, TestClient } from './harness.spec.support.js';

let listener: GrpcListener | undefined;
const clients: TestClient[] = [];
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'witan-grpc-'));
  certificates();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function serve(options: object = {}, handle?: Handle): Promise<string> {
  listener = await listening([runtime(handle)], { options: { host: '127.0.0.1', ...options } });
  return listener.server.address!.text;
}

function clientTo(address: string, channel = credentials.createInsecure(), options: object = {}): TestClient {
  const client = new TestClient(address, definition(), channel, options);
  clients.push(client);
  return client;
}

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  listener?.close();
});

const GOOD = { run: 'r', rows: [{ sepal_length: 1, petal_length: 2, name: 'a' }] };

function pem(name: string): Buffer {
  return readFileSync(join(folder, name));
}

/** One authority that signs a server for `localhost` and a client, and a client that nobody vouches for. */
function certificates(): void {
  const run = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  run('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=Test CA');
  run('req', '-x509', ...key, '-keyout', 'stranger.key', '-out', 'stranger.crt', '-subj', '/CN=stranger');
  writeFileSync(join(folder, 'san.ext'), 'subjectAltName=DNS:localhost,IP:127.0.0.1');
  for (const [name, subject] of [
    ['server', '/CN=localhost'],
    ['client', '/O=Acme/CN=robot'],
  ] as const) {
    run('req', ...key.slice(0, 5), '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', subject);
    run(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.crt',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      'san.ext',
      '-out',
      `${name}.crt`,
    );
  }
}

describe('where the gRPC server listens', () => {
  it('serves over TLS', async () => {
    const address = await serve({ tls: { key: pem('server.key'), cert: pem('server.crt').toString() } });
    expect((await clientTo(address, credentials.createSsl(pem('ca.crt'))).predict(GOOD)).answer).toEqual({
      rows: GOOD.rows,
    });
    const plain = await clientTo(address).predict(GOOD, undefined, { deadline: Date.now() + 5000 });
    expect(plain.error!.code).toBe(status.UNAVAILABLE);
  });

  it('under mTLS serves those whom the authority signed, and knows their subject', async () => {
    let peer: Peer | undefined;
    const tls = { key: pem('server.key'), cert: pem('server.crt'), ca: pem('ca.crt'), requireClientCertificate: true };
    const address = await serve({ tls }, (frame, context) => ((peer = context.peer), frame));
    const known = credentials.createSsl(pem('ca.crt'), pem('client.key'), pem('client.crt'));
    expect((await clientTo(address, known).predict(GOOD)).error).toBeUndefined();
    expect(peer).toMatchObject({ tls: true, certificateSubject: 'O=Acme, CN=robot' });
    for (const channel of [
      credentials.createSsl(pem('ca.crt')),
      credentials.createSsl(pem('ca.crt'), pem('stranger.key'), pem('stranger.crt')),
    ]) {
      const { error } = await clientTo(address, channel).predict(GOOD, undefined, { deadline: Date.now() + 5000 });
      expect(error!.code).toBe(status.UNAVAILABLE);
    }
  });

  it('refuses mTLS without an authority, and a key that is none', async () => {
    await expect(
      serve({ tls: { key: pem('server.key'), cert: pem('server.crt'), requireClientCertificate: true } }),
    ).rejects.toMatchObject({
      code: 'CORE_ERR_GRPC_OPTION',
      message: expect.stringContaining('tls.ca'),
    });
  });

  it('serves on a unix socket, which a second server may not take', async () => {
    let peer: Peer | undefined;
    const path = join(folder, 'witan.sock');
    const address = await serve({ path }, (frame, context) => ((peer = context.peer), frame));
    expect(address).toBe(`unix:${path}`);
    expect((await clientTo(address).predict(GOOD)).answer).toEqual({ rows: GOOD.rows });
    expect(peer).toEqual({ address: `unix:${path}`, tls: false });
    await expect(listening([], { options: { path } })).rejects.toMatchObject({ code: 'CORE_ERR_GRPC_LISTEN' });
  });

  it('takes over the socket that a killed process left behind', async () => {
    const path = join(folder, 'dead.sock');
    const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    expect(spawnSync(process.execPath, ['-e', script]).signal).toBe('SIGKILL');
    expect(existsSync(path)).toBe(true);
    expect((await clientTo(await serve({ path })).predict(GOOD)).answer).toEqual({ rows: GOOD.rows });
  });

  it('says in one line that a port is in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    await expect(serve({ port })).rejects.toMatchObject({
      code: 'CORE_ERR_GRPC_LISTEN',
      message: expect.stringMatching(
        `^gRPC cannot listen on 127.0.0.1:${port}: the address is in use; choose another .*$`,
      ),
    });
    taken.close();
  });

  it('refuses options that make no sense', async () => {
    await expect(serve({ maxConcurrentStreams: 0 })).rejects.toMatchObject({ code: 'CORE_ERR_GRPC_OPTION' });
  });

  it('refuses two services of one name', async () => {
    await expect(listening([runtime(), runtime()])).rejects.toMatchObject({ code: 'CORE_ERR_PROTO_SCHEMA' });
  });
});

describe('the end of a gRPC server', () => {
  it('lets calls under way end, and takes no new ones', async () => {
    let finish: (() => void) | undefined;
    const address = await serve({}, (frame) => new Promise((resolve) => (finish = () => resolve(frame))));
    const answered = clientTo(address).predict(GOOD);
    while (!finish) await new Promise((resolve) => setImmediate(resolve));
    const drained = listener!.drain(60_000);
    const late = await clientTo(address).predict(GOOD, undefined, { deadline: Date.now() + 5000 });
    expect(late.error!.code).toBe(status.UNAVAILABLE);
    finish();
    expect((await answered).answer).toEqual({ rows: GOOD.rows });
    expect(await drained).toBe(true);
  });

  it('does not wait for open streams and health watches: what they sent is answered, then they end', async () => {
    const address = await serve();
    const client = clientTo(address);
    const call = client.stream();
    const numbers: unknown[] = [];
    call.on('error', () => undefined);
    const ended = new Promise<number>((resolve) => call.on('status', ({ code }) => resolve(code)));
    const answered = new Promise<void>((resolve) =>
      call.on('data', (bytes: Buffer) => resolve(void numbers.push(client.decode(bytes)))),
    );
    call.write(client.encode(GOOD));
    const watch = client.client.makeServerStreamRequest(
      '/grpc.health.v1.Health/Watch',
      (b: Buffer) => b,
      (b) => b,
      Buffer.alloc(0),
    );
    const seen: number[] = [];
    const begun = new Promise<void>((resolve) =>
      watch.on('data', (bytes: Buffer) => resolve(void seen.push(bytes[1]!))),
    );
    const watched = new Promise<number>((resolve) => watch.on('status', ({ code }) => resolve(code)));
    await Promise.all([answered, begun]);
    expect(await listener!.drain(60_000)).toBe(true);
    expect([await ended, await watched]).toEqual([status.UNAVAILABLE, status.OK]);
    expect([numbers, seen]).toEqual([[{ rows: GOOD.rows }], [1, 2]]);
  });

  it('ends by force what is not done in time, and says so', async () => {
    const { ManualClock } = await import('@witan-libs/testing');
    const clock = new ManualClock();
    let begun = false;
    listener = await listening([runtime(() => ((begun = true), new Promise(() => undefined)))], { clock });
    const cut = clientTo(listener.server.address!.text).predict(GOOD);
    while (!begun) await new Promise((resolve) => setImmediate(resolve));
    const drained = listener.drain(1000);
    clock.advance(1000);
    expect(await drained).toBe(false);
    expect([status.UNAVAILABLE, status.CANCELLED]).toContain((await cut).error!.code);
  });
});
