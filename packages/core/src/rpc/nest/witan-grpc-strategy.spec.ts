import 'reflect-metadata';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CanActivate,
  Controller,
  HttpException,
  Injectable,
  Module,
  UseFilters,
  UseGuards,
  type INestApplicationContext,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { GrpcMethod, GrpcStreamCall, GrpcStreamMethod, RpcException } from '@nestjs/microservices';
import { Client, credentials, loadPackageDefinition, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { map, Observable, of, reduce } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../clock.js';
import { coreError } from '../../errors/core.errors.js';
import { runtime, TestClient } from '../harness.spec.support.js';
import { RpcExceptionFilter } from './rpc-exception.filter.js';
import { createGrpcStrategy, type WitanGrpcStrategy } from './witan-grpc-strategy.js';

const PROTO = `syntax = "proto3"; package hero;
message Hero { int32 id = 1; string name = 2; }
service Heroes {
  rpc FindOne(Hero) returns (Hero);
  rpc FindMany(Hero) returns (stream Hero);
  rpc Sum(stream Hero) returns (Hero);
  rpc Chat(stream Hero) returns (stream Hero);
  rpc Raw(stream Hero) returns (stream Hero);
  rpc Missing(Hero) returns (Hero);
}`;

interface Hero {
  id: number;
  name: string;
}

@Injectable()
class NoStrangers implements CanActivate {
  canActivate(context: { switchToRpc(): { getContext(): Metadata | undefined } }): boolean {
    const metadata = context.switchToRpc().getContext();
    if (metadata instanceof Metadata && metadata.get('x-stranger').length > 0)
      throw new HttpException('no strangers', 403);
    return true;
  }
}

@Controller()
@UseGuards(NoStrangers as never)
@UseFilters(RpcExceptionFilter)
class HeroController {
  @GrpcMethod('Heroes', 'FindOne')
  findOne(hero: Hero, metadata: Metadata, call: { sendMetadata(metadata: Metadata): void }): Hero {
    if (hero.id === 400) throw new HttpException('bad hero', 400);
    if (hero.id === 404) throw new RpcException({ code: status.NOT_FOUND, message: 'no such hero' });
    if (hero.id === 429) throw coreError('CORE_ERR_DEADLINE', 'too slow');
    if (hero.id === 500) throw new Error('secret');
    if (hero.id === 501) throw new RpcException('text only');
    const out = new Metadata();
    out.set('x-tenant', metadata.get('x-tenant')[0] ?? 'none');
    call.sendMetadata(out);
    return { id: hero.id, name: `hero ${hero.id}` };
  }

  @GrpcMethod('Heroes', 'FindMany')
  findMany({ id }: Hero): Observable<Hero> {
    return of(...Array.from({ length: id }, (_, i) => ({ id: i, name: 'x' })));
  }

  @GrpcStreamMethod('Heroes', 'Sum')
  sum(heroes: Observable<Hero>): Observable<Hero> {
    return heroes.pipe(reduce((sum, { id }) => ({ id: sum.id + id, name: 'sum' }), { id: 0, name: '' }));
  }

  @GrpcStreamMethod('Heroes', 'Chat')
  chat(heroes: Observable<Hero>): Observable<Hero> {
    return heroes.pipe(map(({ id, name }) => ({ id: id * 2, name })));
  }

  @GrpcStreamCall('Heroes', 'Raw')
  raw(call: { on(event: string, fn: (hero: Hero) => void): void; write(hero: Hero): void; end(): void }): void {
    call.on('data', (hero) => call.write({ ...hero, name: 'raw' }));
    call.on('end', () => call.end());
  }
}

@Module({ controllers: [HeroController], providers: [NoStrangers] })
class HeroModule {}

type Heroes = Client & Record<string, (...args: unknown[]) => never>;

describe.each(['witan', 'grpc-js'] as const)('WitanGrpcStrategy on %s', (server) => {
  let app: INestApplicationContext;
  let strategy: WitanGrpcStrategy;
  let heroes: Heroes;
  let witan: TestClient;
  const folder = mkdtempSync(join(tmpdir(), 'witan-hero-'));

  beforeAll(async () => {
    const protoPath = join(folder, 'hero.proto');
    writeFileSync(protoPath, PROTO);
    strategy = await createGrpcStrategy({
      runtimes: () => [runtime()],
      options: { host: '127.0.0.1', server },
      clock: systemClock,
      logger: { error: () => undefined },
      controllers: { package: 'hero', protoPath },
    });
    const nest = await NestFactory.create(HeroModule, new FastifyAdapter() as never, { logger: false });
    nest.connectMicroservice({ strategy } as never, { inheritAppConfig: true });
    await nest.init();
    await nest.startAllMicroservices();
    app = nest;
    const { hero } = loadPackageDefinition(loadSync(protoPath)) as unknown as {
      hero: { Heroes: new (...args: unknown[]) => Heroes };
    };
    heroes = new hero.Heroes(strategy.address!.text, credentials.createInsecure());
    witan = new TestClient(strategy.address!.text);
  });

  afterAll(async () => {
    heroes.close();
    witan.close();
    await app.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function findOne(
    id: number,
    metadata = new Metadata(),
    method = 'findOne',
  ): Promise<{ error?: ServiceError; hero?: Hero; metadata: Metadata }> {
    return new Promise((resolve) => {
      let initial = new Metadata();
      const call = heroes[method]!({ id }, metadata, (error: ServiceError | null, hero?: Hero) =>
        resolve({ ...(error ? { error } : { hero: hero! }), metadata: initial }),
      ) as {
        on(event: 'metadata', fn: (seen: Metadata) => void): void;
      };
      call.on('metadata', (seen) => (initial = seen));
    });
  }

  it('serves Witan services and @GrpcMethod controllers on one port', async () => {
    const metadata = new Metadata();
    metadata.set('x-tenant', 'acme');
    const found = await findOne(7, metadata);
    expect(found.hero).toEqual({ id: 7, name: 'hero 7' });
    expect(found.metadata.get('x-tenant')).toEqual(['acme']);
    const rows = [{ sepal_length: 1, petal_length: 2, name: 'a' }];
    expect((await witan.predict({ run: 'r', rows })).answer).toEqual({ rows });
  });

  it('streams from @GrpcMethod, @GrpcStreamMethod and @GrpcStreamCall', async () => {
    const many = heroes.findMany!({ id: 3 }) as AsyncIterable<Hero>;
    const ids: number[] = [];
    for await (const { id } of many) ids.push(id);
    expect(ids).toEqual([0, 1, 2]);
    const sum = await new Promise<Hero>((resolve, reject) => {
      const call = heroes.sum!((error: ServiceError | null, hero: Hero) =>
        error ? reject(error) : resolve(hero),
      ) as unknown as { write(hero: object): void; end(): void };
      for (const id of [1, 2, 3]) call.write({ id });
      call.end();
    });
    expect(sum).toEqual({ id: 6, name: 'sum' });
    for (const [method, expected] of [
      [
        'chat',
        [
          { id: 2, name: 'a' },
          { id: 4, name: 'a' },
        ],
      ],
      [
        'raw',
        [
          { id: 1, name: 'raw' },
          { id: 2, name: 'raw' },
        ],
      ],
    ] as const) {
      const call = heroes[method]!() as unknown as AsyncIterable<Hero> & { write(hero: object): void; end(): void };
      call.write({ id: 1, name: 'a' });
      call.write({ id: 2, name: 'a' });
      call.end();
      const seen: Hero[] = [];
      for await (const hero of call) seen.push(hero);
      expect(seen).toEqual(expected);
    }
  });

  it.each([
    [400, status.INVALID_ARGUMENT, 'bad hero'],
    [404, status.NOT_FOUND, 'no such hero'],
    [429, status.DEADLINE_EXCEEDED, 'too slow'],
    [500, status.INTERNAL, 'internal error: the log has the cause under this request id'],
    [501, status.INTERNAL, 'text only'],
  ])('maps what a controller throws (%s) and never answers UNKNOWN', async (id, code, details) => {
    expect((await findOne(id)).error).toMatchObject({ code, details });
  });

  it('maps what a guard throws', async () => {
    const metadata = new Metadata();
    metadata.set('x-stranger', '1');
    expect((await findOne(1, metadata)).error).toMatchObject({
      code: status.PERMISSION_DENIED,
      details: 'no strangers',
    });
  });

  it('answers a method without a handler with UNIMPLEMENTED', async () => {
    expect((await findOne(1, new Metadata(), 'missing')).error!.code).toBe(status.UNIMPLEMENTED);
  });
});
