import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import https from 'node:https';
import { credentials } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Frame } from '../frame/frame.js';
import type { Context } from '../handler/context.js';
import { Handler } from '../handler/handler.decorator.js';
import { TestClient } from '../rpc/harness.spec.support.js';
import { Column } from '../schema/column.decorator.js';
import { Schema } from '../schema/schema.decorator.js';
import { serviceDefinitionsOf } from '../service/module-walk.js';
import { Service } from '../service/service.decorator.js';
import { ManualClock } from '../testing/manual-clock.js';
import { checkListenOptions } from './check-listen-options.js';
import type { ListenOptions } from './listen-options.js';
import type { WitanApplication } from './witan-application.js';
import { WitanFactory } from './witan-factory.js';

@Schema()
class Point {
  @Column('f64') x!: number;
}

let subjects: (string | undefined)[] = [];

@Service('who')
class WhoService {
  @Handler({ in: Point, out: Point })
  who(points: Frame<Point>, { peer }: Context): Frame<Point> {
    subjects.push(peer.certificateSubject);
    return points;
  }
}
const App = { module: class AppModule {}, providers: [WhoService] };

let made: string;
let folder: string;
let app: WitanApplication | undefined;
let clock: ManualClock;

beforeAll(() => {
  made = mkdtempSync(join(tmpdir(), 'witan-tls-'));
  const openssl = (...args: string[]): unknown => execFileSync('openssl', args, { cwd: made, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=authority', '-days', '2');
  for (const name of ['first', 'second', 'client']) {
    const wish = ['-out', `${name}.csr`, '-subj', `/O=Acme/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
    openssl('req', ...key, '-keyout', `${name}.key`, ...wish);
    const sign = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-copy_extensions', 'copy'];
    openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...sign);
  }
});
afterAll(() => rmSync(made, { recursive: true, force: true }));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'witan-tls-'));
  clock = new ManualClock({ turns: 'event-loop' });
  subjects = [];
  put('first');
});
afterEach(async () => {
  await app?.close();
  app = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const pem = (name: string): Buffer => readFileSync(join(made, name));
const file = (name: string): string => join(folder, name);

/** Puts a pair of key and certificate in the place of the server's. */
function put(name: string): void {
  for (const [from, to] of [
    [`${name}.key`, 'server.key'],
    [`${name}.pem`, 'server.pem'],
  ] as const) {
    copyFileSync(join(made, from), file(`${to}.new`));
    renameSync(file(`${to}.new`), file(to));
  }
}

async function serve(tls: ListenOptions['tls']): Promise<{ http: number; grpc: number; grpcAddress: string }> {
  app = await WitanFactory.create(App, { abortOnError: false, logger: false, witan: { clock } });
  const quiet = { host: '127.0.0.1', banner: false, shutdown: { signals: false } } as const;
  const { http, grpc } = await app.listen({ http: 0, grpc: 0, tls, ...quiet });
  return { http: Number(new URL(http!).port), grpc: Number(grpc!.split(':')[1]), grpcAddress: grpc! };
}

const FILES = (): { keyFile: string; certFile: string } => ({
  keyFile: file('server.key'),
  certFile: file('server.pem'),
});

/** The name in the certificate that a port shows to a new connection, or why there is none. */
function shownAt(port: number, options: object = {}): Promise<string> {
  return new Promise((resolve) => {
    const given = { port, host: '127.0.0.1', ca: pem('ca.pem'), ALPNProtocols: ['h2', 'http/1.1'], ...options };
    const socket: TLSSocket = connect(given, () => {
      resolve((socket.getPeerCertificate() as DetailedPeerCertificate).subject.CN as string);
      socket.destroy();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

/** Lets the time pass after which changed files have been seen. */
async function both({ http, grpc }: { http: number; grpc: number }): Promise<string[]> {
  clock.advance(10_000);
  return Promise.all([shownAt(http), shownAt(grpc)]);
}

describe('certificates given as files', () => {
  it('are read again when they change: new connections on both ports get the new ones', async () => {
    const ports = await serve(FILES());
    expect(await both(ports)).toEqual(['first', 'first']);
    put('second');
    expect(await both(ports)).toEqual(['second', 'second']);
  });

  it('stay as they were when what takes their place is broken, incomplete or gone', async () => {
    const ports = await serve(FILES());
    copyFileSync(join(made, 'second.key'), file('server.key'));
    expect(await both(ports)).toEqual(['first', 'first']);
    writeFileSync(file('server.pem'), 'not a certificate');
    expect(await both(ports)).toEqual(['first', 'first']);
    unlinkSync(file('server.pem'));
    expect(await both(ports)).toEqual(['first', 'first']);
    put('second');
    expect(await both(ports)).toEqual(['second', 'second']);
  });

  it('keep asking for the certificates of clients, and the lowest version, after a change', async () => {
    copyFileSync(join(made, 'ca.pem'), file('ca.pem'));
    const tls = { ...FILES(), caFile: file('ca.pem'), requestCert: true, minVersion: 'TLSv1.3' as const };
    const { http, grpc, grpcAddress } = await serve(tls);
    put('second');
    await both({ http, grpc });
    const client = { key: pem('client.key'), cert: pem('client.pem') };
    for (const port of [http, grpc]) {
      expect(await shownAt(port, client)).toBe('second');
      expect(await shownAt(port, { ...client, maxVersion: 'TLSv1.2' })).toMatch(/PROTOCOL_VERSION|ECONNRESET/);
    }
    expect(await predict(http, client)).toBe(200);
    await expect(predict(http, {})).rejects.toThrow();
    const [definition] = await serviceDefinitionsOf(App);
    const asked = (channel: ReturnType<typeof credentials.createSsl>): TestClient =>
      new TestClient(grpcAddress, definition, channel);
    const known = asked(credentials.createSsl(pem('ca.pem'), client.key, client.cert));
    const stranger = asked(credentials.createSsl(pem('ca.pem')));
    expect((await known.predict({ rows: [{ x: 1 }] })).error).toBeUndefined();
    expect((await stranger.predict({ rows: [{ x: 1 }] }, undefined, { deadline: Date.now() + 5000 })).error!.code).toBe(
      14,
    );
    known.close();
    stranger.close();
    expect(subjects).toEqual(['O=Acme, CN=client', 'O=Acme, CN=client']);
  });

  it('are refused before anything is made when they are not there', () => {
    expect(() => checkListenOptions({ tls: { keyFile: '/nowhere/key', certFile: file('server.pem') } })).toThrow(
      /tls.keyFile: ENOENT.*\/nowhere\/key/,
    );
    copyFileSync(join(made, 'second.key'), file('server.key'));
    expect(() => checkListenOptions({ tls: FILES() })).toThrow(/cannot be used/);
  });
});

function predict(port: number, client: object): Promise<number> {
  const headers = { 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const request = https.request(
      { port, host: '127.0.0.1', path: '/who', method: 'POST', agent: false, ca: pem('ca.pem'), headers, ...client },
      (answer) => resolve(answer.resume().statusCode!),
    );
    request.on('error', reject);
    request.end('[{"x":1}]');
  });
}
