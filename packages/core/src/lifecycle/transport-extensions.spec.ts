import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { Controller, Injectable, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GrpcMethod } from '@nestjs/microservices';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { status } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.js';
import { HttpCaller } from '../http/http-caller.js';
import { deferred, RawClient } from '../http/harness.spec.support.js';
import { httpFailure } from '../http/failure.js';
import { Handler } from '../handler/handler.decorator.js';
import { RpcCaller } from '../rpc/call/rpc-caller.js';
import { rpcFailure } from '../rpc/call/rpc-status.js';
import { TestClient } from '../rpc/harness.spec.support.js';
import { WitanGrpcStrategy } from '../rpc/nest/witan-grpc-strategy.js';
import { reflectedRoot, reflectedServices } from '../rpc/reflection/client.spec.support.js';
import { schemaError } from '../schema/schema.errors.js';
import { Service } from '../service/service.decorator.js';
import { OpenApi } from './open-api.js';
import {
  HTTP_ROUTES,
  type HttpExtension,
  type HttpExtensionSurroundings,
  OPEN_API_PATHS,
  type OpenApiContributor,
  type OpenApiPart,
  type OpenApiSurroundings,
  RPC_SERVICES,
  type RpcExtension,
  type RpcServiceExtension,
} from './transport-extensions.js';
import type { WitanApplication } from './witan-application.js';
import { WitanFactory } from './witan-factory.js';
import { WitanModule } from './witan.module.js';

const PROTO = `syntax = "proto3";
package parrot.v1;
service Parrot { rpc Say(Words) returns (Words); rpc Repeat(stream Words) returns (stream Words); }
message Words { bytes text = 1; }`;

const waiting = { entered: deferred(), gone: deferred() };
let callers: { aborted: boolean; reason: unknown }[] = [];

@Injectable()
class Parrot implements HttpExtension, RpcExtension, OpenApiContributor {
  [HTTP_ROUTES](scope: FastifyInstance, { prefix, ...limits }: HttpExtensionSurroundings): void {
    scope.post(`${prefix}/parrot`, (request, reply) => {
      const body = request.body as Buffer | undefined;
      void reply
        .type('text/plain')
        .send(body === undefined ? 'nothing' : `${Buffer.isBuffer(body)} ${body.toString()}`);
    });
    scope.get(`${prefix}/parrot/limits`, () => limits);
    scope.route({
      method: ['GET', 'POST'],
      url: `${prefix}/parrot/angry`,
      handler: () => Promise.reject(schemaError('CORE_ERR_ROWS_LIMIT', 'too many rows')),
    });
    scope.post(`${prefix}/parrot/slow`, (request) => this.wait(request));
    scope.post(`${prefix}/taken`, () => 'extension');
    scope.post(`${prefix}/echo`, () => 'extension');
    scope.get(`${prefix}/after`, () => 'still there');
    scope.register((own, _, done) => {
      own.setErrorHandler(
        (thrown, _request, reply) => void reply.code(httpFailure(thrown).status).send({ mine: true }),
      );
      own.post(`${prefix}/parrot/own-errors`, () =>
        Promise.reject(schemaError('CORE_ERR_ROWS_LIMIT', 'too many rows')),
      );
      own.route({
        method: 'PUT',
        url: `${prefix}/parrot/load`,
        config: { access: 'control' },
        handler: () => 'loaded',
      });
      done();
    });
  }

  [OPEN_API_PATHS]({ prefix, withKey }: OpenApiSurroundings): OpenApiPart {
    const responses = { '200': { description: 'What was heard' } };
    return {
      paths: { [`${prefix}/parrot`]: { post: withKey({ summary: this.summary, responses }) } },
      schemas: { Heard: { type: 'string' } },
    };
  }

  summary = 'Says it again';

  [RPC_SERVICES](): RpcServiceExtension[] {
    return [
      {
        service: 'parrot.v1.Parrot',
        proto: PROTO,
        methods: {
          Say: {
            kind: 'unary',
            handle: (call, message) => {
              if (message.length === 0) call.fail(rpcFailure(schemaError('CORE_ERR_ROWS_LIMIT', 'too many rows')));
              else if (message.toString() === 'wait') this.waitRpc(new RpcCaller(call, systemClock));
              else {
                call.setHeader('x-heard', call.header('x-said') ?? '');
                call.answer(message);
              }
            },
          },
          Repeat: {
            kind: 'stream',
            handle: (call) => {
              void (async () => {
                for await (const message of call.messages) await call.write(message);
                call.end();
              })();
            },
          },
        },
      },
    ];
  }

  private async wait(request: FastifyRequest): Promise<string> {
    const caller = new HttpCaller(request, systemClock);
    const { signal } = caller;
    waiting.entered.resolve();
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    callers.push({ aborted: caller.aborted, reason: signal.reason });
    caller.release();
    waiting.gone.resolve();
    throw signal.reason;
  }

  private waitRpc(caller: RpcCaller): void {
    caller.signal.addEventListener('abort', () => {
      callers.push({ aborted: caller.aborted, reason: caller.signal.reason });
      waiting.gone.resolve();
    });
    waiting.entered.resolve();
  }
}

@Service('echo')
class EchoService {
  @Handler({})
  echo(): object[] {
    return [{ who: 'service' }];
  }
}

@Controller()
class Taken {
  @Post('taken')
  taken(): string {
    return 'controller';
  }

  @GrpcMethod('Greeter', 'Greet')
  greet({ name }: { name: string }): object {
    return { text: `hello ${name}` };
  }
}

@Module({ providers: [Parrot, EchoService], controllers: [Taken] })
class AppModule {}

let app: WitanApplication | undefined;
let nest: NestFastifyApplication | undefined;
let client: TestClient | undefined;
afterEach(async () => {
  client?.close();
  await app?.close();
  await nest?.close();
  app = nest = client = undefined;
  callers = [];
  Object.assign(waiting, { entered: deferred(), gone: deferred() });
});

const quiet = { host: '127.0.0.1', banner: false, shutdown: { signals: false } } as const;

async function serve(witan = {}): Promise<{ http: string; grpc: TestClient }> {
  app = await WitanFactory.create(AppModule, { abortOnError: false, logger: false, witan });
  const { http, grpc } = await app.listen({ ...quiet, http: 0, grpc: 0 });
  return { http: http!, grpc: (client = new TestClient(grpc!)) };
}

async function post(url: string, body?: string | Buffer, headers: Record<string, string> = {}): Promise<string> {
  const answer = await fetch(url, { method: 'POST', headers, ...(body !== undefined && { body: body as never }) });
  return `${answer.status} ${await answer.text()}`;
}

describe('a protocol beside Witan’s own over HTTP', () => {
  it('gets bodies as bytes whatever their type, with none, and decompressed', async () => {
    const { http } = await serve();
    const url = `${http}/parrot`;
    const bytes = Buffer.from('{"a":1}');
    expect(await post(url)).toBe('200 nothing');
    expect(await post(url, bytes)).toBe('200 true {"a":1}');
    for (const type of ['application/json', 'text/plain', 'application/octet-stream', 'image/png'])
      expect(await post(url, bytes, { 'content-type': type })).toBe('200 true {"a":1}');
    for (const [encoding, packed] of [
      ['gzip', gzipSync(bytes)],
      ['deflate', deflateSync(bytes)],
      ['br', brotliCompressSync(bytes)],
    ] as const)
      expect(await post(url, packed, { 'content-encoding': encoding })).toBe('200 true {"a":1}');
  });

  it('is told the limits, and bodies beyond them are refused before it sees them', async () => {
    const { http } = await serve({ http: { bodyLimitBytes: 1000, maxRows: 7 } });
    expect(await (await fetch(`${http}/parrot/limits`)).json()).toMatchObject({ bodyLimitBytes: 1000, maxRows: 7 });
    expect(await post(`${http}/parrot`, Buffer.alloc(1001))).toContain(
      '413 {"error":{"code":"CORE_ERR_HTTP_BODY_TOO_LARGE"',
    );
    const bomb = gzipSync(Buffer.alloc(500_000));
    expect(bomb.length).toBeLessThan(1000);
    expect(await post(`${http}/parrot`, bomb, { 'content-encoding': 'gzip' })).toContain('413 ');
  });

  it('answers what it throws in the form of all errors', async () => {
    const { http } = await serve();
    const answer = await fetch(`${http}/parrot/angry`);
    expect([answer.status, await answer.json()]).toMatchObject([413, { error: { code: 'CORE_ERR_ROWS_LIMIT' } }]);
    expect(await post(`${http}/parrot/angry`)).toContain('CORE_ERR_ROWS_LIMIT');
  });

  it('may have scopes of its own, with its own errors, held to the same access', async () => {
    const { http } = await serve();
    expect(await post(`${http}/parrot/own-errors`)).toBe('413 {"mine":true}');
    const refused = await fetch(`${http}/parrot/load`, { method: 'PUT' });
    expect([refused.status, await refused.json()]).toEqual([403, { mine: true }]);
    await app!.close();
    const open = await serve({ access: { modelControl: true } });
    expect((await fetch(`${open.http}/parrot/load`, { method: 'PUT' })).status).toBe(200);
  });

  it('is described beside the services, as it is at the moment', async () => {
    const { http } = await serve({ access: { apiKeys: { keys: [{ name: 'a', key: 'sixteen-characters' }] } } });
    const document = async (): Promise<object> => (await fetch(`${http}/openapi.json`)).json() as Promise<object>;
    expect(await document()).toMatchObject({
      paths: {
        '/echo': { post: {} },
        '/parrot': { post: { summary: 'Says it again', security: [{ bearer: [] }, { apiKey: [] }] } },
      },
      components: { schemas: { Heard: { type: 'string' }, WitanError: {} } },
    });
    app!.nest.get(Parrot).summary = 'Says it twice';
    app!.nest.get(OpenApi).changed();
    expect(await document()).toMatchObject({ paths: { '/parrot': { post: { summary: 'Says it twice' } } } });
  });

  it('gives way to the routes of the application and of its services', async () => {
    const { http } = await serve();
    expect(await post(`${http}/taken`)).toBe('201 controller');
    expect(await post(`${http}/echo`, '[{"x":1}]', { 'content-type': 'application/json' })).toContain('"service"');
    expect(await (await fetch(`${http}/after`)).text()).toBe('still there');
  });

  it('is under the global prefix, where its `exclude` does not say otherwise, and behind hooks', async () => {
    @Module({ imports: [WitanModule.forRoot()], providers: [Parrot] })
    class Existing {}
    nest = await NestFactory.create<NestFastifyApplication>(Existing, new FastifyAdapter(), { logger: false });
    nest.setGlobalPrefix('api', { exclude: ['parrot/angry'] });
    nest
      .getHttpAdapter()
      .getInstance()
      .addHook('onRequest', async (_request, reply) => void reply.header('x-hook', 'yes'));
    await nest.init();
    const answer = await nest.inject({ method: 'POST', url: '/api/parrot', payload: 'hi' });
    expect([answer.body, answer.headers['x-hook']]).toEqual(['true hi', 'yes']);
    expect((await nest.inject({ method: 'POST', url: '/parrot' })).statusCode).toBe(404);
    expect((await nest.inject({ url: '/parrot/angry' })).statusCode).toBe(413);
    expect((await nest.inject({ url: '/api/parrot/angry' })).statusCode).toBe(404);
  });

  it('notices a caller that leaves, and one whose time is up', async () => {
    const { http } = await serve();
    const raw = new RawClient(Number(new URL(http).port));
    raw.post('/parrot/slow', 'x');
    await waiting.entered.promise;
    raw.socket.destroy();
    await waiting.gone.promise;
    expect(callers).toMatchObject([{ aborted: true, reason: { code: 'CORE_ERR_CANCELLED' } }]);
    expect(await post(`${http}/parrot/slow`, 'x', { 'x-request-timeout-ms': '1' })).toContain('504 ');
    expect(callers[1]).toMatchObject({ aborted: true, reason: { code: 'CORE_ERR_DEADLINE' } });
    expect(await post(`${http}/parrot/slow`, 'x', { 'x-request-timeout-ms': 'soon' })).toContain(
      'CORE_ERR_HTTP_HEADER',
    );
  });

  it('may answer errors in its own form, with the same statuses', () => {
    expect(httpFailure(schemaError('CORE_ERR_ROWS_LIMIT', 'too many rows'))).toEqual({
      status: 413,
      code: 'CORE_ERR_ROWS_LIMIT',
      message: 'too many rows',
    });
    expect(httpFailure(new Error('secret'))).toMatchObject({ status: 500, code: 'CORE_ERR_INTERNAL' });
    expect(httpFailure(new Error('secret')).message).not.toContain('secret');
  });
});

describe('a protocol beside Witan’s own over gRPC', () => {
  it('answers calls and streams, with metadata and statuses with details', async () => {
    const { grpc } = await serve();
    const said = await grpc.unary('/parrot.v1.Parrot/Say', Buffer.from('hello'));
    expect(said.bytes!.toString()).toBe('hello');
    const { error } = await grpc.unary('/parrot.v1.Parrot/Say', Buffer.alloc(0));
    expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details: 'too many rows' });
    expect(error!.metadata.get('grpc-status-details-bin')[0]!.toString()).toContain('CORE_ERR_ROWS_LIMIT');
    const stream = grpc.stream(undefined, '/parrot.v1.Parrot/Repeat');
    stream.write(Buffer.from('one'));
    stream.write(Buffer.from('two'));
    stream.end();
    const heard: string[] = [];
    for await (const message of stream) heard.push((message as Buffer).toString());
    expect(heard).toEqual(['one', 'two']);
  });

  it('notices a caller that cancels, and one whose time is up', async () => {
    const { grpc } = await serve();
    const same = (bytes: Buffer): Buffer => bytes;
    const call = grpc.client.makeUnaryRequest(
      '/parrot.v1.Parrot/Say',
      same,
      same,
      Buffer.from('wait'),
      () => undefined,
    );
    await waiting.entered.promise;
    call.cancel();
    await waiting.gone.promise;
    expect(callers).toMatchObject([{ aborted: true, reason: { code: 'CORE_ERR_CANCELLED' } }]);
    Object.assign(waiting, { entered: deferred(), gone: deferred() });
    const late = await grpc.unary('/parrot.v1.Parrot/Say', Buffer.from('wait'), undefined, {
      deadline: Date.now() + 50,
    });
    expect(late.error!.code).toBe(status.DEADLINE_EXCEEDED);
    await waiting.gone.promise;
    expect(callers[1]).toMatchObject({ aborted: true, reason: { code: 'CORE_ERR_DEADLINE' } });
  });

  it('is known to health checks, and shown by reflection', async () => {
    const { grpc } = await serve();
    const asked = Buffer.concat([Buffer.from([10, 16]), Buffer.from('parrot.v1.Parrot')]);
    expect((await grpc.unary('/grpc.health.v1.Health/Check', asked)).bytes).toEqual(Buffer.from([8, 1]));
    expect(await reflectedServices(grpc)).toEqual(expect.arrayContaining(['parrot.v1.Parrot', 'echo.v1.EchoService']));
    const root = await reflectedRoot(grpc, 'parrot.v1.Parrot');
    expect(Object.keys(root.lookupService('parrot.v1.Parrot').methods)).toEqual(['Say', 'Repeat']);
    expect(root.lookupType('parrot.v1.Words').fieldsArray.map(({ name, type }) => [name, type])).toEqual([
      ['text', 'bytes'],
    ]);
  });

  it('shares the port with @GrpcMethod controllers, and with a mounted strategy', async () => {
    const hello = {
      hello: {
        nested: {
          Greeter: { methods: { Greet: { requestType: 'Name', responseType: 'Text' } } },
          Name: { fields: { name: { type: 'string', id: 1 } } },
          Text: { fields: { text: { type: 'string', id: 1 } } },
        },
      },
    };
    const packageDefinition = fromJSON({ nested: hello } as never, { keepCase: true });
    const controllers = { package: 'hello', packageDefinition };
    const { grpc } = await serve({ grpc: { controllers } });
    expect((await grpc.unary('/parrot.v1.Parrot/Say', Buffer.from('hello'))).bytes!.toString()).toBe('hello');
    expect((await grpc.unary('/hello.Greeter/Greet', Buffer.from([10, 1, 97]))).bytes!.toString()).toContain('hello a');
    await app!.close();

    @Module({
      imports: [WitanModule.forRoot({ grpc: { host: '127.0.0.1', port: 0, controllers } })],
      providers: [Parrot],
      controllers: [Taken],
    })
    class Existing {}
    nest = await NestFactory.create<NestFastifyApplication>(Existing, new FastifyAdapter(), { logger: false });
    const strategy = nest.get(WitanGrpcStrategy);
    nest.connectMicroservice({ strategy: strategy as never });
    await nest.startAllMicroservices();
    const mounted = new TestClient(strategy.address!.text);
    const answer = await mounted.unary('/parrot.v1.Parrot/Say', Buffer.from('mounted'));
    mounted.close();
    expect(answer.bytes!.toString()).toBe('mounted');
  });
});
