import type { AddressInfo, Server } from 'node:net';
import {
  Controller,
  Get,
  Injectable,
  Module,
  type CanActivate,
  type ExecutionContext,
  ValidationPipe,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AbstractHttpAdapter } from '@nestjs/core';
import { ClientProxyFactory, GrpcMethod, MessagePattern, Transport } from '@nestjs/microservices';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import * as grpc from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { Min } from 'class-validator';
import { lastValueFrom } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import type { Frame } from '../frame/frame.js';
import { Handler } from '../handler/handler.decorator.js';
import { protoDescriptorOf } from '../rpc/proto/proto-descriptor.js';
import { WitanGrpcStrategy } from '../rpc/nest/witan-grpc-strategy.js';
import { Column } from '../schema/column.decorator.js';
import { Schema } from '../schema/schema.decorator.js';
import { Service } from '../service/service.decorator.js';
import { serviceDefinitionsOf } from '../service/module-walk.js';
import { WitanFactory } from './witan-factory.js';
import { WitanModule } from './witan.module.js';

@Schema()
class Point {
  @Column('f64') @Min(0) x!: number;
}

@Service('double')
class DoubleService {
  @Handler({ in: Point, out: Point })
  double(points: Frame<Point>): Point[] {
    return points.records().map(({ x }) => ({ x: x * 2 }));
  }
}

@Controller()
class HelloController {
  @Get('hello')
  hello(): object {
    return { hello: 'world' };
  }

  @GrpcMethod('Greeter', 'Greet')
  greet({ name }: { name: string }): object {
    return { text: `hello ${name}` };
  }
}

const GREETER = fromJSON(
  {
    nested: {
      hello: {
        nested: {
          Greeter: { methods: { Greet: { requestType: 'Name', responseType: 'Text' } } },
          Name: { fields: { name: { type: 'string', id: 1 } } },
          Text: { fields: { text: { type: 'string', id: 1 } } },
        },
      },
    },
  } as never,
  { keepCase: true },
);
const controllers = { package: 'hello', packageDefinition: GREETER };

let app: { close(): Promise<unknown> } | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

const json = { 'content-type': 'application/json' };

/** A unary call by full method name, with a client made from a package definition. */
function call(address: string, definition: object, service: string, method: string, request: object): Promise<object> {
  const root = grpc.loadPackageDefinition(definition as never);
  const Client = service.split('.').reduce((at, name) => (at as Record<string, unknown>)[name], root as unknown);
  const client = new (Client as grpc.ServiceClientConstructor)(address, grpc.credentials.createInsecure());
  return new Promise<object>((resolve, reject) => {
    const unary = client[method] as (request: object, done: grpc.requestCallback<object>) => void;
    unary.call(client, request, (error, answer) => (error ? reject(error) : resolve(answer!)));
  }).finally(() => client.close());
}

describe('mounted into an existing Nest application', () => {
  it('serves beside its controllers, under its global prefix, behind its global guards and pipes', async () => {
    @Injectable()
    class HeaderGuard implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        return context.switchToHttp().getRequest<{ headers: Record<string, string> }>().headers['x-key'] === 'k';
      }
    }
    @Module({ imports: [WitanModule.forRoot()], providers: [DoubleService], controllers: [HelloController] })
    class AppModule {}
    const nest = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), { logger: false });
    app = nest;
    nest.setGlobalPrefix('api');
    nest.useGlobalGuards(new HeaderGuard());
    // Would reject or mangle a Frame if it were run over one.
    nest.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }));
    await nest.init();
    const request = {
      method: 'POST' as const,
      url: '/api/double',
      headers: { ...json, 'x-key': 'k' },
      payload: '[{"x":2}]',
    };
    expect((await nest.inject(request)).json()).toMatchObject({ records: [{ x: 4 }] });
    expect((await nest.inject({ ...request, headers: json })).statusCode).toBe(403);
    expect((await nest.inject({ url: '/api/hello', headers: { 'x-key': 'k' } })).json()).toEqual({ hello: 'world' });
  });

  it('leaves the global prefix away from the services that its `exclude` names', async () => {
    @Service('versions/:version')
    class VersionService {
      @Handler({ in: Point, out: Point })
      same(points: Frame<Point>): Frame<Point> {
        return points;
      }
    }
    @Module({ imports: [WitanModule.forRoot()], providers: [DoubleService, VersionService] })
    class AppModule {}
    const nest = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), { logger: false });
    app = nest;
    nest.setGlobalPrefix('/api/', { exclude: ['versions/:version'] });
    await nest.init();
    const status = async (url: string): Promise<number> =>
      (await nest.inject({ method: 'POST', url, headers: json, payload: '[{"x":1}]' })).statusCode;
    expect(await Promise.all(['/api/double', '/versions/1'].map(status))).toEqual([200, 200]);
    expect(await Promise.all(['/double', '/api/versions/1'].map(status))).toEqual([404, 404]);
    const { paths } = (await nest.inject('/openapi.json')).json() as { paths: object };
    expect(Object.keys(paths)).toEqual(['/api/double', '/versions/{version}']);
  });

  it('takes its options asynchronously', async () => {
    @Module({
      imports: [WitanModule.forRootAsync({ useFactory: () => Promise.resolve({ http: { bodyLimitBytes: 20 } }) })],
      providers: [DoubleService],
    })
    class AppModule {}
    const nest = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), { logger: false });
    app = nest;
    await nest.init();
    const payload = JSON.stringify([{ x: 1 }, { x: 2 }, { x: 3 }]);
    const answer = await nest.inject({ method: 'POST', url: '/double', headers: json, payload });
    expect([answer.statusCode, answer.json().error.message]).toEqual([413, expect.stringContaining('20 bytes')]);
  });

  it('connects gRPC as a microservice, with the @GrpcMethod controllers on the same port', async () => {
    @Module({
      imports: [WitanModule.forRoot({ grpc: { host: '127.0.0.1', port: 0, controllers } })],
      providers: [DoubleService],
      controllers: [HelloController],
    })
    class AppModule {}
    const nest = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), { logger: false });
    app = nest;
    await nest.init();
    const strategy = nest.get(WitanGrpcStrategy);
    nest.connectMicroservice({ strategy: strategy as never }, { inheritAppConfig: true });
    await nest.startAllMicroservices();
    const address = strategy.address!.text;
    expect(await call(address, GREETER, 'hello.Greeter', 'Greet', { name: 'you' })).toEqual({ text: 'hello you' });
    const own = fromJSON(protoDescriptorOf(await serviceDefinitionsOf(AppModule)) as never, { keepCase: true });
    expect(await call(address, own, 'double.v1.DoubleService', 'Predict', { rows: [{ x: 3 }] })).toMatchObject({
      rows: [{ x: 6 }],
    });
  });

  it('is refused on anything but Fastify', async () => {
    class OtherAdapter extends FastifyAdapter {
      override getType(): string {
        return 'express';
      }
    }
    @Module({ imports: [WitanModule.forRoot()], providers: [DoubleService] })
    class AppModule {}
    const nest = await NestFactory.create(AppModule, new OtherAdapter() as AbstractHttpAdapter, { logger: false });
    await expect(nest.init()).rejects.toThrow(/runs on express; Witan's services need Fastify/);
  });
});

describe('WitanFactory', () => {
  it('serves controllers of both kinds beside services, on the two ports', async () => {
    @Module({ providers: [DoubleService], controllers: [HelloController] })
    class AppModule {}
    const witan = { grpc: { controllers } };
    const application = await WitanFactory.create(AppModule, { witan, logger: false, abortOnError: false });
    app = application;
    const { http, grpc: grpcAddress } = await application.listen({
      http: 0,
      grpc: 0,
      host: '127.0.0.1',
      banner: false,
      shutdown: { signals: false },
    });
    expect(await (await fetch(`${http}/hello`)).json()).toEqual({ hello: 'world' });
    const answer = await fetch(`${http}/double`, { method: 'POST', headers: json, body: '[{"x":1}]' });
    expect(await answer.json()).toMatchObject({ records: [{ x: 2 }] });
    expect(await call(grpcAddress!, GREETER, 'hello.Greeter', 'Greet', { name: 'you' })).toEqual({ text: 'hello you' });
    const openApi = (await (await fetch(`${http}/openapi.json`)).json()) as { paths: Record<string, object> };
    expect(Object.keys(openApi.paths).sort()).toEqual(['/double', '/hello']);
    const missing = await fetch(`${http}/nothing`);
    expect([missing.status, await missing.json()]).toMatchObject([404, { error: { code: 'CORE_ERR_HTTP_NOT_FOUND' } }]);
  });

  it("serves beside Nest's microservices on their own transports", async () => {
    @Controller()
    class SumController {
      @MessagePattern('sum')
      sum(numbers: number[]): number {
        return numbers.reduce((sum, number) => sum + number, 0);
      }
    }
    @Module({ providers: [DoubleService], controllers: [SumController, HelloController] })
    class AppModule {}
    const witan = { grpc: { controllers } };
    const application = await WitanFactory.create(AppModule, { witan, logger: false, abortOnError: false });
    app = application;
    const tcp = application.nest.connectMicroservice({
      transport: Transport.TCP,
      options: { host: '127.0.0.1', port: 0 },
    });
    const addresses = await application.listen({
      http: 0,
      grpc: 0,
      host: '127.0.0.1',
      banner: false,
      shutdown: { signals: false },
    });
    const { port } = tcp.unwrap<Server>().address() as AddressInfo;
    const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
    expect(await lastValueFrom(client.send('sum', [1, 2, 3]))).toBe(6);
    client.close();
    const answer = await fetch(`${addresses.http}/double`, { method: 'POST', headers: json, body: '[{"x":1}]' });
    expect(await answer.json()).toMatchObject({ records: [{ x: 2 }] });
    const greeting = await call(addresses.grpc!, GREETER, 'hello.Greeter', 'Greet', { name: 'you' });
    expect(greeting).toEqual({ text: 'hello you' });
  });

  it("makes its HTTP server with the bounds that the module's own forRoot has", async () => {
    @Service('versions/:version')
    class VersionService {
      @Handler({ in: Point, out: Point })
      same(points: Frame<Point>): Frame<Point> {
        return points;
      }
    }
    @Module({ imports: [WitanModule.forRoot({ http: { maxParamLength: 3 } })], providers: [VersionService] })
    class AppModule {}
    const application = await WitanFactory.create(AppModule, { logger: false, abortOnError: false });
    app = application;
    const status = async (url: string): Promise<number> =>
      (await application.inject({ method: 'POST', url, headers: json, payload: '[{"x":1}]' })).statusCode;
    expect([await status('/versions/123'), await status('/versions/1234')]).toEqual([200, 414]);
  });

  it('is a promise of the application, with CORS and hooks at hand', async () => {
    @Module({ providers: [DoubleService] })
    class AppModule {}
    const application = await WitanFactory.create(AppModule, { logger: false, abortOnError: false });
    app = application;
    application.nest.enableCors({ origin: 'https://example.com' });
    application.fastify.addHook('onRequest', async (_request, reply) => void reply.header('x-hook', 'ran'));
    const headers = { ...json, origin: 'https://example.com' };
    const answer = await application.inject({ method: 'POST', url: '/double', headers, payload: '[{"x":1}]' });
    expect(answer.headers).toMatchObject({ 'x-hook': 'ran', 'access-control-allow-origin': 'https://example.com' });
  });
});
