import { Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { decodeArrowStream } from '../frame/arrow/read-stream.js';
import { Frame } from '../frame/frame.js';
import type { Context } from '../handler/context.js';
import { Handler } from '../handler/handler.decorator.js';
import { deferred } from '../http/harness.spec.support.js';
import type { WitanApplication } from '../lifecycle/witan-application.js';
import { WitanFactory } from '../lifecycle/witan-factory.js';
import type { WitanOptions } from '../lifecycle/witan-options.js';
import { definition, column, schema, TestClient } from '../rpc/harness.spec.support.js';
import { reflectedRoot, reflectedServices } from '../rpc/reflection/client.spec.support.js';
import { Column } from '../schema/column.decorator.js';
import { Schema } from '../schema/schema.decorator.js';
import { createTestingApplication } from '../testing/index.js';
import { DynamicServices } from './dynamic-services.js';
import { requestChannel, type RequestEvent } from './request-channel.js';
import { runtimeOf } from './runtime-of.js';
import type { ServiceDefinition, ServiceRuntime } from './runtime.js';
import { Service } from './service.decorator.js';

const POINT = schema('Point', [column('x', 'f64')]);
const SUM = schema('Sum', [column('sum', 'f64')]);

type Run = (frame: Frame, context: Context) => Frame | Promise<Frame>;
const plus =
  (by: number): Run =>
  (frame) =>
    Frame.fromRecords(frame.records().map((row) => ({ sum: (row as { x: number }).x + by })));

function service(path: string, run: Run = plus(1), more: Partial<ServiceDefinition> = {}): ServiceRuntime {
  const name = `${path[0]!.toUpperCase()}${path.slice(1).replace(/\W/g, '_')}`;
  return runtimeOf(
    definition({
      name,
      path,
      params: [],
      input: POINT,
      output: SUM,
      protoPackage: `models.${name.toLowerCase()}`,
      protoService: name,
      ...more,
    }),
    run,
  );
}

@Schema()
class Static {
  @Column('f64') x!: number;
}

@Service('static', { package: 'models.iris', grpcName: 'Fixed' })
class StaticService {
  @Handler({ in: Static, out: Static })
  same(points: Frame<Static>): Frame<Static> {
    return points;
  }
}

@Injectable()
class Repository implements OnModuleInit {
  constructor(readonly services: DynamicServices) {}

  onModuleInit(): void {
    this.services.enable();
    this.services.set(service('iris'));
  }
}
Reflect.defineMetadata('design:paramtypes', [DynamicServices], Repository);

@Module({ providers: [Repository, StaticService] })
class AppModule {}

let app: WitanApplication | undefined;
const clients: TestClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await app?.close();
  app = undefined;
});

interface Served {
  readonly http: string;
  readonly grpc: string;
  readonly services: DynamicServices;
}

async function serve(witan: WitanOptions = {}): Promise<Served> {
  app = await WitanFactory.create(AppModule, { abortOnError: false, logger: false, witan });
  const quiet = { host: '127.0.0.1', banner: false, shutdown: { signals: false } } as const;
  const { http, grpc } = await app.listen({ http: 0, grpc: 0, ...quiet });
  return { http: http!, grpc: grpc!, services: app.nest.get(DynamicServices) };
}

function client(grpc: string, runtime: ServiceRuntime): TestClient {
  const made = new TestClient(grpc, runtime.definition);
  clients.push(made);
  return made;
}

async function post(url: string, body = '[{"x":1}]', headers = {}): Promise<[number, unknown]> {
  const answer = await fetch(url, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });
  return [answer.status, await answer.json()];
}

const SUMMED = (sum: number): [number, unknown] => [200, { id: expect.any(String) as string, records: [{ sum }] }];

describe('services that come and go, over HTTP', () => {
  it('appear, are replaced and disappear while the application runs', async () => {
    const { http, services } = await serve();
    expect(await post(`${http}/predictions/iris`)).toEqual(SUMMED(2));
    expect(await post(`${http}/predictions/wine`)).toMatchObject([404, { error: { code: 'CORE_ERR_HTTP_NOT_FOUND' } }]);
    services.set(service('wine', plus(10)));
    services.set(service('deep/er', plus(20)));
    expect(await post(`${http}/predictions/wine`)).toEqual(SUMMED(11));
    expect(await post(`${http}/predictions/deep/er`)).toEqual(SUMMED(21));
    services.set(service('wine', plus(100)));
    expect(await post(`${http}/predictions/wine`)).toEqual(SUMMED(101));
    services.delete('wine');
    services.delete('wine');
    expect((await post(`${http}/predictions/wine`))[0]).toBe(404);
    expect(await post(`${http}/predictions/iris`)).toEqual(SUMMED(2));
  });

  it('behave as all services do', async () => {
    const { http, services } = await serve();
    const url = `${http}/predictions/iris`;
    expect(await post(url, '{"columns":{"x":[1,2]}}')).toMatchObject([200, { columns: { sum: [2, 3] } }]);
    expect(await post(url, '[{"y":1}]')).toMatchObject([422, { error: { code: 'CORE_ERR_VALIDATION' } }]);
    expect(await post(url, 'nope')).toMatchObject([400, { error: { requestId: expect.any(String) as string } }]);
    const arrow = await fetch(url, {
      method: 'POST',
      body: '[{"x":1}]',
      headers: { 'content-type': 'application/json', accept: 'application/vnd.apache.arrow.stream' },
    });
    expect(decodeArrowStream(Buffer.from(await arrow.arrayBuffer())).records()).toEqual([{ sum: 2 }]);
    const lines = await fetch(url, {
      method: 'POST',
      body: '[{"x":1},{"x":2}]',
      headers: { 'content-type': 'application/json', accept: 'application/x-ndjson' },
    });
    expect(await lines.text()).toBe('{"sum":2}\n{"sum":3}\n');
    const options = await fetch(url, { method: 'OPTIONS' });
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'POST, OPTIONS']);
    const get = await fetch(url);
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
    for (const method of ['GET', 'OPTIONS', 'DELETE'])
      expect((await fetch(`${url}/none`, { method })).status).toBe(404);
    services.set(service('wrong', () => Frame.fromRecords([{ other: 1, another: 2 }])));
    expect(await post(`${http}/predictions/wrong`)).toMatchObject([500, { error: { code: 'CORE_ERR_OUTPUT_SCHEMA' } }]);
  });

  it('end requests that have begun on the service that they began on', async () => {
    const { http, services } = await serve();
    const [entered, finish] = [deferred(), deferred()];
    const slow: Run = async (frame, context) => {
      entered.resolve();
      await finish.promise;
      return plus(1)(frame, context);
    };
    services.set(service('iris', slow));
    const begun = post(`${http}/predictions/iris`);
    await entered.promise;
    services.set(service('iris', plus(1000)));
    expect(await post(`${http}/predictions/iris`)).toEqual(SUMMED(1001));
    services.delete('iris');
    finish.resolve();
    expect(await begun).toEqual(SUMMED(2));
  });

  it('take query parameters, and stand under the path and the prefix that are set', async () => {
    const { http, services } = await serve({ http: { dynamic: '/models/' } });
    const scaled: Run = (frame, { params, service: path }) =>
      plus(path === 'models/scaled' ? Number(params['by'] ?? 0) : NaN)(frame, undefined as never);
    services.set(service('scaled', scaled, { params: [{ name: 'by', in: 'query', required: false }] }));
    expect(await post(`${http}/models/scaled?by=5`)).toEqual(SUMMED(6));
    expect((await post(`${http}/predictions/scaled`))[0]).toBe(404);
    await app!.close();
    const testing = await createTestingApplication(AppModule, { configure: (nest) => nest.setGlobalPrefix('api') });
    app = testing;
    const request = { method: 'POST', payload: '[{"x":1}]', headers: { 'content-type': 'application/json' } } as const;
    expect((await testing.inject({ ...request, url: '/api/predictions/iris' })).json()).toMatchObject({
      records: [{ sum: 2 }],
    });
    expect((await testing.inject({ ...request, url: '/predictions/iris' })).statusCode).toBe(404);
  });

  it('need a key where services do', async () => {
    const key = { name: 'alice', key: 'alice-key-0123456789' };
    const { http, grpc } = await serve({ access: { apiKeys: { keys: [key] } } });
    expect((await post(`${http}/predictions/iris`))[0]).toBe(401);
    // Nor may one without a key find out what there is.
    expect((await post(`${http}/predictions/none`))[0]).toBe(401);
    expect((await post(`${http}/predictions/iris`, undefined, { 'x-api-key': key.key }))[0]).toBe(200);
    const { error } = await client(grpc, service('iris')).predict({ rows: [{ x: 1 }] });
    expect(error!.code).toBe(status.UNAUTHENTICATED);
  });

  it('are seen on the channel as other services are', async () => {
    const { http } = await serve();
    const seen: string[] = [];
    const subscriber = ({ service: name }: RequestEvent): number => seen.push(name);
    requestChannel.start.subscribe(subscriber as never);
    await post(`${http}/predictions/iris`);
    requestChannel.start.unsubscribe(subscriber as never);
    expect(seen).toEqual(['Iris']);
  });

  it('have no path where nobody wants them', async () => {
    const testing = await createTestingApplication({ providers: [StaticService] });
    app = testing;
    testing.nest.get(DynamicServices).set(service('iris'));
    expect((await testing.inject({ method: 'POST', url: '/predictions/iris', payload: '[]' })).statusCode).toBe(404);
    expect((await testing.inject({ method: 'GET', url: '/predictions/iris' })).statusCode).toBe(404);
  });
});

describe('services that come and go, over gRPC', () => {
  it('appear, are replaced and disappear while the application runs', async () => {
    const { grpc, services } = await serve();
    const wine = client(grpc, service('wine'));
    const sum = async (): Promise<unknown> => {
      const { error, answer } = await wine.predict({ rows: [{ x: 1 }] });
      return error ? error.code : (answer!['rows'] as unknown[])[0];
    };
    expect(await sum()).toBe(status.UNIMPLEMENTED);
    services.set(service('wine', plus(10)));
    expect(await sum()).toEqual({ sum: 11 });
    services.set(service('wine', plus(20)));
    expect(await sum()).toEqual({ sum: 21 });
    services.delete('wine');
    expect(await sum()).toBe(status.UNIMPLEMENTED);
  });

  it('end streams that are open when they go, once what was sent is answered', async () => {
    const { grpc, services } = await serve();
    const wine = service('wine', plus(10));
    services.set(wine);
    const target = client(grpc, wine);
    const stream = target.stream();
    const seen: unknown[] = [];
    const over = new Promise<{ code: number; details: string }>((resolve) => {
      stream.on('error', () => undefined);
      stream.on('status', resolve);
    });
    const first = new Promise<void>((resolve) =>
      stream.on('data', (bytes: Buffer) => {
        seen.push(target.decode(bytes)['rows']);
        resolve();
      }),
    );
    stream.write(target.encode({ rows: [{ x: 1 }] }));
    await first;
    // Replaced: the stream goes on.
    services.set(service('wine', plus(20)));
    const second = new Promise<void>((resolve) => stream.once('data', () => resolve()));
    stream.write(target.encode({ rows: [{ x: 2 }] }));
    await second;
    expect(seen).toEqual([[{ sum: 11 }], [{ sum: 12 }]]);
    services.delete('wine');
    services.set(wine);
    const fresh = target.stream();
    const freshOver = new Promise<{ code: number; details: string }>((resolve) => {
      fresh.on('error', () => undefined);
      fresh.on('status', resolve);
    });
    const answered = new Promise<void>((resolve) => fresh.once('data', () => resolve()));
    fresh.write(target.encode({ rows: [{ x: 3 }] }));
    await answered;
    services.delete('wine');
    expect(await freshOver).toMatchObject({
      code: status.UNAVAILABLE,
      details: expect.stringContaining('taken away') as string,
    });
    stream.end();
    expect(await over).toMatchObject({ code: status.OK });
  });

  it('are known to health checks and their watchers', async () => {
    const { grpc, services } = await serve();
    const asked = Buffer.concat([Buffer.from([10, 16]), Buffer.from('models.wine.Wine')]);
    const target = client(grpc, service('wine'));
    const same = (bytes: Buffer): Buffer => bytes;
    const watch = target.client.makeServerStreamRequest('/grpc.health.v1.Health/Watch', same, same, asked);
    watch.on('error', () => undefined);
    const seen: number[] = [];
    const next = (): Promise<void> =>
      new Promise((resolve) =>
        watch.once('data', (bytes: Buffer) => {
          seen.push(bytes[1]!);
          resolve();
        }),
      );
    await next();
    const known = next();
    services.set(service('wine'));
    await known;
    expect((await target.unary('/grpc.health.v1.Health/Check', asked)).bytes).toEqual(Buffer.from([8, 1]));
    const gone = next();
    services.delete('wine');
    await gone;
    expect(seen).toEqual([3, 1, 3]);
    watch.cancel();
  });

  it('are shown by reflection as they are at the moment', async () => {
    const { grpc, services } = await serve();
    const target = client(grpc, service('iris'));
    expect(await reflectedServices(target)).toEqual(expect.arrayContaining(['models.iris.Iris', 'models.iris.Fixed']));
    services.set(service('wine'));
    expect(await reflectedServices(target)).toContain('models.wine.Wine');
    const root = await reflectedRoot(target, 'models.wine.Wine');
    expect(Object.keys(root.lookupType('models.wine.WineInputRow').fields)).toEqual(['x']);
    services.set(service('wine', plus(1), { input: schema('Other', [column('z', 'i32')]) }));
    const now = await reflectedRoot(target, 'models.wine.Wine');
    expect(Object.keys(now.lookupType('models.wine.WineInputRow').fields)).toEqual(['z']);
    services.delete('wine');
    expect(await reflectedServices(target)).not.toContain('models.wine.Wine');
    await expect(reflectedRoot(target, 'models.wine.Wine')).rejects.toThrow();
  });

  it('can be called in tests of an application', async () => {
    const testing = await createTestingApplication(AppModule);
    app = testing;
    expect((await testing.grpc.predict('models.iris.Iris', { rows: [{ x: 1 }] })).response).toEqual({
      rows: [{ sum: 2 }],
    });
  });
});

describe('what is told of services that come and go', () => {
  it('/openapi.json and /proto say what there is at the moment', async () => {
    const { http, services } = await serve();
    const paths = async (): Promise<string[]> =>
      Object.keys(((await (await fetch(`${http}/openapi.json`)).json()) as { paths: object }).paths).sort();
    const proto = async (): Promise<string> => (await fetch(`${http}/proto`)).text();
    expect(await paths()).toEqual(['/predictions/iris', '/static']);
    expect(await proto()).not.toContain('service Wine');
    services.set(service('wine'));
    expect(await paths()).toEqual(['/predictions/iris', '/predictions/wine', '/static']);
    expect(await proto()).toMatch(/POST \/predictions\/wine over HTTP[^]*service Wine/);
    services.delete('wine');
    expect(await paths()).toEqual(['/predictions/iris', '/static']);
    expect(await proto()).not.toContain('service Wine');
  });

  it('two schemas of one name are told apart', async () => {
    const { http, services } = await serve();
    services.set(service('other', plus(1), { input: schema('Point', [column('y', 'i32')]) }));
    const text = await (await fetch(`${http}/openapi.json`)).text();
    const { paths, components } = JSON.parse(text) as {
      paths: Record<string, object>;
      components: { schemas: object };
    };
    expect(Object.keys(components.schemas)).toEqual(expect.arrayContaining(['Point', 'Point_2']));
    expect(JSON.stringify(paths['/predictions/other'])).toContain('#/components/schemas/Point_2');
    expect(JSON.stringify(paths['/predictions/iris'])).not.toContain('Point_2');
  });
});

describe('a service that cannot be', () => {
  it.each<[string, Partial<ServiceDefinition>]>([
    ['without a path', { path: '/' }],
    ['with a parameter in its path', { path: 'a/:b' }],
    ['with a wildcard in its path', { path: 'a/*' }],
    ['with the gRPC name of another', { protoPackage: 'models.iris', protoService: 'Iris' }],
    ['with the gRPC name of a service of the application', { protoPackage: 'models.iris', protoService: 'Fixed' }],
    ['with messages of another', { protoPackage: 'models.iris', protoService: 'FixedService' }],
  ])('is refused, and changes nothing: %s', async (_what, more) => {
    const testing = await createTestingApplication(AppModule);
    app = testing;
    const services = testing.nest.get(DynamicServices);
    expect(() => services.set(service('new', plus(1), more))).toThrow(
      expect.objectContaining({ code: 'CORE_ERR_SERVICE_PATH' }) as Error,
    );
    expect(services.paths()).toEqual(['iris']);
    services.set(service('iris', plus(7)));
    expect((await testing.grpc.predict('models.iris.Iris', { rows: [{ x: 1 }] })).response).toEqual({
      rows: [{ sum: 8 }],
    });
  });

  it('is refused when it has no .proto', async () => {
    const testing = await createTestingApplication(AppModule);
    app = testing;
    const broken = service('new', plus(1), { input: schema('Twins', [column('aB', 'f32'), column('a_b', 'f32')]) });
    expect(() => testing.nest.get(DynamicServices).set(broken)).toThrow(
      expect.objectContaining({ code: 'CORE_ERR_PROTO_SCHEMA' }) as Error,
    );
  });
});
