import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CanActivate, type ExecutionContext, Injectable, Module, UseGuards } from '@nestjs/common';
import { Metadata, status } from '@grpc/grpc-js';
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import type { Frame } from '../frame/frame.js';
import { Context } from '../handler/context.js';
import { Handler } from '../handler/handler.decorator.js';
import { HTTP_ROUTES, type HttpExtension, RPC_SERVICES, type RpcExtension } from '../lifecycle/transport-extensions.js';
import type { WitanApplication } from '../lifecycle/witan-application.js';
import { WitanFactory } from '../lifecycle/witan-factory.js';
import { RawClient } from '../http/harness.spec.support.js';
import { TestClient } from '../rpc/harness.spec.support.js';
import { Column } from '../schema/column.decorator.js';
import { Schema } from '../schema/schema.decorator.js';
import { requestChannel, type RequestEvent } from '../service/request-channel.js';
import { serviceDefinitionsOf } from '../service/module-walk.js';
import { Service } from '../service/service.decorator.js';
import { createTestingApplication } from '../testing/index.js';
import type { AccessOptions } from './access-options.js';
import { principalOf } from './principals.js';

@Schema()
class Point {
  @Column('f64') x!: number;
}

let seen: (string | undefined)[] = [];

@Service('who')
class WhoService {
  @Handler({ in: Point, out: Point })
  who(points: Frame<Point>, context: Context): Frame<Point> {
    seen.push(context.principal);
    if (points.records()[0]!.x < 0) throw new RangeError('negative');
    return points;
  }
}

@Injectable()
class Zoo implements HttpExtension, RpcExtension {
  [HTTP_ROUTES](scope: FastifyInstance): void {
    scope.post('/zoo/predict', (request) => ({ by: principalOf(request) ?? null }));
    scope.get('/zoo/health', { config: { access: 'open' } }, () => 'fine');
    scope.post('/zoo/load', { config: { access: 'control' } }, (request) => ({ by: principalOf(request) ?? null }));
  }

  [RPC_SERVICES]() {
    const answers = {
      kind: 'unary' as const,
      handle: (call: never, message: Buffer) => (call as { answer(b: Buffer): void }).answer(message),
    };
    return [
      {
        service: 'zoo.Zoo',
        methods: { Predict: answers, Health: answers, Load: answers },
        access: { Health: 'open', Load: 'control' } as const,
      },
    ];
  }
}

@Module({ providers: [WhoService, Zoo] })
class AppModule {}

const ALICE = { name: 'alice', key: 'alice-key-0123456789' };
const BOB = { name: 'bob', key: 'bob-key-0123456789-longer' };
const ROOT = { name: 'root', key: 'root-key-0123456789' };
const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });

let app: WitanApplication | undefined;
const clients: TestClient[] = [];
const folders: string[] = [];
const logs: string[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await app?.close();
  app = undefined;
  seen = [];
  logs.length = 0;
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const logger = Object.fromEntries(
  ['log', 'error', 'warn', 'debug', 'verbose', 'fatal'].map((level) => [
    level,
    (...parts: unknown[]) => void logs.push(`${level} ${parts.join(' ')}`),
  ]),
) as never;

interface Served {
  readonly http: string;
  readonly grpc: TestClient;
}

async function serve(access?: AccessOptions, where: { http?: string; grpc?: string } = {}): Promise<Served> {
  app = await WitanFactory.create(AppModule, { abortOnError: false, logger, witan: { access } });
  const quiet = { host: '127.0.0.1', banner: false, shutdown: { signals: false } } as const;
  const { http, grpc } = await app.listen({ http: 0, grpc: 0, ...where, ...quiet });
  const [definition] = await serviceDefinitionsOf(AppModule);
  const client = new TestClient(grpc!, definition);
  clients.push(client);
  return { http: http!, grpc: client };
}

function post(url: string, headers: Record<string, string> = {}, body = '[{"x":1}]'): Promise<Response> {
  return fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
}

async function codeOf(answer: Response | LightMyRequestResponse): Promise<string> {
  const body = (await answer.json()) as { error?: { code: string } };
  return `${'status' in answer ? answer.status : answer.statusCode} ${body.error?.code ?? ''}`;
}

function metadata(headers: Record<string, string>): Metadata {
  const entries = new Metadata();
  for (const [name, value] of Object.entries(headers)) entries.set(name, value);
  return entries;
}

/** What a gRPC method without messages answers: `0`, or the status and its text. */
async function call({ grpc }: Served, method: string, headers: Record<string, string> = {}): Promise<string> {
  const { error } = await grpc.unary(`/zoo.Zoo/${method}`, Buffer.from('x'), metadata(headers));
  return error ? `${error.code} ${error.details}` : '0';
}

describe('without access options', () => {
  it('anyone may predict, and nobody may change the server', async () => {
    const served = await serve();
    const { http, grpc } = served;
    expect((await post(`${http}/who`)).status).toBe(200);
    expect((await grpc.predict({ rows: [{ x: 1 }] })).error).toBeUndefined();
    expect(await (await post(`${http}/zoo/predict`)).json()).toEqual({ by: null });
    expect(await codeOf(await post(`${http}/zoo/load`))).toBe('403 CORE_ERR_ACCESS_CONTROL');
    expect(await codeOf(await post(`${http}/zoo/load`, bearer(ALICE.key)))).toBe('403 CORE_ERR_ACCESS_CONTROL');
    expect(await call(served, 'Load')).toMatch(/^7 .*switched off/);
    expect(await call(served, 'Predict')).toBe('0');
    expect(seen).toEqual([undefined, undefined]);
  });
});

describe('keys for predictions', () => {
  const access = { apiKeys: { keys: [ALICE, BOB] } };

  it('are asked for on both protocols, in either header', async () => {
    const served = await serve(access);
    const { http, grpc } = served;
    for (const headers of [bearer(ALICE.key), { authorization: `bearer  ${BOB.key}` }, { 'x-api-key': ALICE.key }]) {
      expect((await post(`${http}/who`, headers)).status).toBe(200);
      expect((await grpc.predict({ rows: [{ x: 1 }] }, metadata(headers))).error).toBeUndefined();
    }
    // A proxy's own credentials beside the key.
    expect((await post(`${http}/who`, { authorization: 'Basic abc', 'x-api-key': BOB.key })).status).toBe(200);
    expect((await post(`${http}/who`, { ...bearer('someone-elses-token'), 'x-api-key': BOB.key })).status).toBe(200);
    expect(seen).toEqual(['alice', 'alice', 'bob', 'bob', 'alice', 'alice', 'bob', 'bob']);
  });

  it('are refused when missing, wrong, cut short or too long, with 401 and UNAUTHENTICATED', async () => {
    const served = await serve(access);
    const { http, grpc } = served;
    const wrong = [
      {},
      bearer('x'.repeat(20)),
      bearer(ALICE.key.slice(0, -1)),
      bearer(`${ALICE.key}x`),
      { authorization: ALICE.key },
      { authorization: `Bearer ${ALICE.key} ${BOB.key}` },
      { authorization: 'Bearer' },
      { 'x-api-key': `${ALICE.key}, ${BOB.key}` },
      { 'x-api-key': 'alice' },
    ];
    for (const headers of wrong as Record<string, string>[]) {
      const answer = await post(`${http}/who`, headers);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      expect(await codeOf(answer)).toBe('401 CORE_ERR_ACCESS_KEY');
      expect((await grpc.predict({ rows: [{ x: 1 }] }, metadata(headers))).error!.code).toBe(status.UNAUTHENTICATED);
    }
    expect(seen).toEqual([]);
  });

  it('are asked for before a body is read or decoded', async () => {
    const { http, grpc } = await serve(access);
    const raw = new RawClient(Number(new URL(http).port));
    raw.socket.write(`POST /who HTTP/1.1\r\nhost: x\r\ncontent-length: 10000000\r\n\r\n`);
    expect(await raw.until((text) => text.includes('CORE_ERR_ACCESS_KEY'))).toMatch(/^HTTP\/1.1 401 /);
    raw.socket.destroy();
    expect(await codeOf(await post(`${http}/who`, {}, 'not json'))).toBe('401 CORE_ERR_ACCESS_KEY');
    const { error } = await grpc.predict(Buffer.from([255, 255, 255]));
    expect(error!.code).toBe(status.UNAUTHENTICATED);
  });

  it('are asked for by streams and by other protocols, as these say', async () => {
    const served = await serve(access);
    const { http, grpc } = served;
    expect(await codeOf(await post(`${http}/zoo/predict`))).toBe('401 CORE_ERR_ACCESS_KEY');
    expect(await (await post(`${http}/zoo/predict`, bearer(BOB.key))).json()).toEqual({ by: 'bob' });
    expect((await fetch(`${http}/zoo/health`)).status).toBe(200);
    expect(await call(served, 'Predict')).toMatch(/^16 predictions need a key/);
    expect(await call(served, 'Predict', bearer(BOB.key))).toBe('0');
    expect(await call(served, 'Health')).toBe('0');
    const stream = grpc.stream();
    const code = await new Promise((resolve) => {
      stream.on('error', () => undefined);
      stream.on('status', (end) => resolve(end.code));
      stream.end();
    });
    expect(code).toBe(status.UNAUTHENTICATED);
  });

  it('are not asked for by health, documentation, reflection and preflights', async () => {
    const { http, grpc } = await serve(access);
    for (const path of ['/health/live', '/health/ready', '/openapi.json', '/proto', '/docs/start.js'])
      expect((await fetch(`${http}${path}`)).status).toBe(200);
    expect((await fetch(`${http}/who`, { method: 'OPTIONS' })).status).toBe(204);
    expect((await grpc.unary('/grpc.health.v1.Health/Check', Buffer.alloc(0))).bytes).toEqual(Buffer.from([8, 1]));
  });

  it('are told by name, and only by name, in logs, on the channel and in the description of the API', async () => {
    const { http, grpc } = await serve(access);
    const events: (string | undefined)[] = [];
    const subscriber = ({ context }: RequestEvent): number => events.push(context.principal);
    requestChannel.start.subscribe(subscriber as never);
    try {
      await post(`${http}/who`, bearer(ALICE.key), '[{"x":-1}]');
      await grpc.predict({ rows: [{ x: -1 }] }, metadata({ 'x-api-key': BOB.key }));
    } finally {
      requestChannel.start.unsubscribe(subscriber as never);
    }
    expect(events).toEqual(['alice', 'bob']);
    expect(logs.filter((line) => line.includes('WhoService')).map((line) => /by (\w+)/.exec(line)?.[1])).toEqual([
      'alice',
      'bob',
    ]);
    const wrong = 'wrong-key-0123456789';
    const refused = await (await post(`${http}/who`, bearer(wrong))).text();
    const document = await (await fetch(`${http}/openapi.json`)).text();
    expect(JSON.parse(document)).toMatchObject({
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' }, apiKey: { name: 'x-api-key' } } },
      paths: { '/who': { post: { security: [{ bearer: [] }, { apiKey: [] }], responses: { 401: {} } } } },
    });
    for (const text of [refused, document, logs.join('\n')])
      for (const { key } of [ALICE, BOB, { key: wrong }]) expect(text).not.toContain(key);
  });

  it('leave no trace in the description of an API that needs none', async () => {
    const { http } = await serve();
    expect(await (await fetch(`${http}/openapi.json`)).text()).not.toContain('security');
  });

  it('hold for tests of an application too', async () => {
    const testing = await createTestingApplication(AppModule, { witan: { access } });
    app = testing;
    expect((await testing.grpc.predict(WhoService, { rows: [{ x: 1 }] })).code).toBe(status.UNAUTHENTICATED);
    const given = { metadata: { 'x-api-key': ALICE.key } };
    expect((await testing.grpc.predict(WhoService, { rows: [{ x: 1 }] }, given)).code).toBe(status.OK);
    expect((await testing.inject({ method: 'POST', url: '/who', payload: '[{"x":1}]' })).statusCode).toBe(401);
  });
});

describe('a guard of one’s own', () => {
  @Injectable()
  class CertificateGuard implements CanActivate {
    canActivate(host: ExecutionContext): boolean {
      const context = host.getArgs().find((arg: unknown) => arg instanceof Context) as Context;
      context.principal = context.header('x-user');
      return context.principal !== undefined;
    }
  }

  @Service('guarded')
  @UseGuards(CertificateGuard)
  class GuardedService {
    @Handler({ in: Point, out: Point })
    who(points: Frame<Point>, context: Context): Frame<Point> {
      seen.push(context.principal);
      return points;
    }
  }

  it('may say who calls, on both protocols', async () => {
    const testing = await createTestingApplication({ providers: [GuardedService] });
    app = testing;
    const headers = { 'content-type': 'application/json', 'x-user': 'carol' };
    const request = { method: 'POST', url: '/guarded', payload: '[{"x":1}]' } as const;
    expect((await testing.inject({ ...request, headers })).statusCode).toBe(200);
    expect((await testing.inject(request)).statusCode).toBe(403);
    await testing.grpc.predict(GuardedService, { rows: [{ x: 1 }] }, { metadata: { 'x-user': 'dave' } });
    expect(seen).toEqual(['carol', 'dave']);
  });
});

describe('calls that change the server', () => {
  it('are taken from this machine when they are switched on', async () => {
    const served = await serve({ modelControl: true });
    expect((await post(`${served.http}/zoo/load`)).status).toBe(200);
    expect(await call(served, 'Load')).toBe('0');
  });

  it('are refused when a proxy stands between, on both protocols', async () => {
    const served = await serve({ modelControl: true });
    for (const header of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via', 'x-forwarded-proto']) {
      const answer = await post(`${served.http}/zoo/load`, { [header]: '127.0.0.1' });
      expect(await codeOf(answer)).toBe('403 CORE_ERR_ACCESS_CONTROL');
      expect(await call(served, 'Load', { [header]: '127.0.0.1' })).toMatch(/^7 .*through a proxy/);
    }
  });

  it('are refused to other machines', async () => {
    await serve({ modelControl: true });
    const load = (remoteAddress: string): Promise<LightMyRequestResponse> =>
      app!.inject({ method: 'POST', url: '/zoo/load', remoteAddress, payload: '' });
    for (const address of ['10.0.0.7', '::ffff:10.0.0.7', 'fe80::1', '128.0.0.1', '1.127.0.0.1'])
      expect(await codeOf(await load(address))).toBe('403 CORE_ERR_ACCESS_CONTROL');
    for (const address of ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1'])
      expect((await load(address)).statusCode).toBe(200);
  });

  it('are refused to pages in a browser, other than the server’s own', async () => {
    const { http } = await serve({ modelControl: true });
    const { host, port } = new URL(http);
    const load = async (headers: Record<string, string>): Promise<string> => {
      const raw = new RawClient(Number(port));
      raw.post('/zoo/load', '', headers);
      const text = await raw.until((all) => all.includes('\r\n\r\n'));
      raw.socket.destroy();
      return text.slice(9, 12);
    };
    expect(await load({ host, origin: 'http://evil.example' })).toBe('403');
    expect(await load({ host, origin: 'null' })).toBe('403');
    expect(await load({ host, 'sec-fetch-site': 'cross-site' })).toBe('403');
    // A name of the page's own that was made to lead here.
    expect(await load({ host: `evil.example:${port}`, origin: `http://evil.example:${port}` })).toBe('403');
    expect(await load({ host, origin: `http://${host}` })).toBe('200');
    expect(
      await load({ host: `localhost:${port}`, origin: `http://localhost:${port}`, 'sec-fetch-site': 'same-origin' }),
    ).toBe('200');
  });

  it('count as local over a unix socket', async () => {
    const folder = newFolder();
    const served = await serve(
      { modelControl: true },
      { http: join(folder, 'http.sock'), grpc: join(folder, 'grpc.sock') },
    );
    expect(await call(served, 'Load')).toBe('0');
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(join(folder, 'http.sock'));
      socket.once('data', (text) => {
        socket.destroy();
        resolve(text.toString());
      });
      socket.write('POST /zoo/load HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n');
    });
    expect(answer).toMatch(/^HTTP\/1.1 200 /);
  });

  it('need an admin key wherever they come from, where there are admin keys', async () => {
    const served = await serve({ modelControl: true, apiKeys: { keys: [ALICE] }, adminKeys: { keys: [ROOT] } });
    const { http } = served;
    expect(await codeOf(await post(`${http}/zoo/load`))).toBe('401 CORE_ERR_ACCESS_KEY');
    expect(await codeOf(await post(`${http}/zoo/load`, bearer(ALICE.key)))).toBe('403 CORE_ERR_ACCESS_CONTROL');
    expect(await (await post(`${http}/zoo/load`, bearer(ROOT.key))).json()).toEqual({ by: 'root' });
    expect((await post(`${http}/zoo/load`, { ...bearer(ROOT.key), 'x-forwarded-for': '10.0.0.1' })).status).toBe(200);
    expect(await call(served, 'Load')).toMatch(/^16 /);
    expect(await call(served, 'Load', bearer(ALICE.key))).toMatch(/^7 /);
    expect(await call(served, 'Load', bearer(ROOT.key))).toBe('0');
    // Who may change models may use them.
    expect((await post(`${http}/who`, bearer(ROOT.key))).status).toBe(200);
  });
});

describe('options that make no sense', () => {
  it.each<[string, object]>([
    ['a key that is too short', { apiKeys: { keys: [{ name: 'a', key: 'short' }] } }],
    ['a name twice', { apiKeys: { keys: [ALICE, { ...BOB, name: 'alice' }] } }],
    ['a key twice', { apiKeys: { keys: [ALICE, { ...ALICE, name: 'alice2' }] } }],
    ['a name that no log should hold', { apiKeys: { keys: [{ ...ALICE, name: 'a\nb' }] } }],
    ['a key that no header can carry', { apiKeys: { keys: [{ name: 'a', key: 'ä'.repeat(20) }] } }],
    ['no keys', { apiKeys: { keys: [] } }],
    ['neither keys nor a file', { apiKeys: {} }],
    ['something else', { apiKeys: { keys: [{ name: 'a' }] } }],
    ['admin keys for nothing', { adminKeys: { keys: [ROOT] } }],
    ['a text for a switch', { modelControl: 'no' }],
  ])('end the boot: %s', async (_what, access) => {
    const booting = WitanFactory.create(AppModule, { abortOnError: false, logger, witan: { access: access as never } });
    const error = await Promise.resolve(booting).catch((thrown: unknown) => thrown as Error & { code: string });
    expect(error).toMatchObject({ code: 'CORE_ERR_ACCESS_OPTION' });
    for (const { key } of [ALICE, BOB, ROOT]) expect((error as Error).message).not.toContain(key);
  });

  it('end the boot: a key file that is empty, broken or not there', async () => {
    const folder = newFolder();
    const path = join(folder, 'keys');
    for (const text of [
      undefined,
      '',
      '# nothing\n\n',
      'alice',
      'alice:short',
      `alice:${ALICE.key}\nalice:${BOB.key}`,
    ]) {
      if (text !== undefined) writeFileSync(path, text);
      const access = { apiKeys: { file: path } };
      const booting = WitanFactory.create(AppModule, { abortOnError: false, logger, witan: { access } });
      const error = await Promise.resolve(booting).catch((thrown: unknown) => thrown as Error);
      expect(error).toMatchObject({ code: 'CORE_ERR_ACCESS_KEY_FILE' });
      for (const { key } of [ALICE, BOB]) expect((error as Error).message).not.toContain(key);
    }
  });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'witan-access-'));
  folders.push(folder);
  return folder;
}
