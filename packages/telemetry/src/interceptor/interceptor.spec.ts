import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, loadPackageDefinition, Metadata } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { Controller, Get, HttpException, Inject, Injectable, Module, Param, SetMetadata } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { GrpcMethod } from '@nestjs/microservices';
import {
  Column,
  type Frame,
  Handler,
  Schema,
  Service,
  type WitanApplication,
  WitanFactory,
  WitanModule,
} from '@witan/core';
import { defer, delay, of, throwError, type Observable } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Metrics } from '../metrics/metrics.js';
import type { HistogramPoint } from '../metrics/snapshot.js';
import { TelemetryModule } from '../module/telemetry.module.js';
import { OtlpExport } from '../otlp/otlp-export.js';
import { type Received, Receiver } from '../otlp/receiver.spec.support.js';
import { traceHeaders } from '../traces/trace-headers.js';
import { Measure } from './measure.decorator.js';
import { TelemetryInterceptor } from './telemetry.interceptor.js';

const PROTO = `syntax = "proto3"; package hero;
message Hero { int32 id = 1; string name = 2; }
service Heroes { rpc FindOne(Hero) returns (Hero); }`;
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`;

@Injectable()
class Prices {
  @Measure()
  async find(id: string): Promise<number> {
    await Promise.resolve();
    if (id === '0') throw new RangeError('no price');
    return Number(id);
  }

  @Measure({ name: 'prices.stream' })
  stream(fails: boolean): Observable<number> {
    return fails ? throwError(() => new Error('no')) : defer(() => of(1, 2)).pipe(delay(0));
  }

  @Measure()
  @SetMetadata('kept', 'yes')
  plain(this: Prices, value: number): number {
    if (value < 0) throw new RangeError('negative');
    return value * 2;
  }
}

let headersSeen: Record<string, string> = {};

@Controller('cats')
class CatsController {
  constructor(@Inject(Prices) private readonly prices: Prices) {}

  @Get(':id')
  async find(@Param('id') id: string): Promise<object> {
    headersSeen = traceHeaders();
    if (id === 'none') throw new HttpException('no such cat', 404);
    return { price: await this.prices.find(id) };
  }
}

@Controller()
class HeroController {
  @GrpcMethod('Heroes', 'FindOne')
  findOne({ id }: { id: number }): { id: number; name: string } {
    if (id === 0) throw new Error('broken');
    headersSeen = traceHeaders();
    return { id, name: 'x' };
  }
}

@Schema()
class Point {
  @Column('f64') x!: number;
}

@Service('points')
class PointService {
  @Handler({ in: Point, out: Point })
  same(points: Frame<Point>): Frame<Point> {
    return points;
  }
}

let receiver: Receiver;
let folder: string;
let app: WitanApplication;
let urls: { http: string; grpc: string };

beforeEach(async () => {
  receiver = await Receiver.http();
  folder = mkdtempSync(join(tmpdir(), 'witan-interceptor-'));
  const protoPath = join(folder, 'hero.proto');
  writeFileSync(protoPath, PROTO);
  const telemetry = {
    traces: { sampling: { ratio: 1 }, context: true },
    otlp: { url: receiver.url, signals: ['traces' as const], shutdownTimeoutMs: 500 },
  };
  @Module({
    imports: [
      WitanModule.forRoot({ grpc: { controllers: { protoPath, package: 'hero' } } }),
      TelemetryModule.forRoot(telemetry),
    ],
    controllers: [CatsController, HeroController],
    providers: [Prices, PointService, { provide: APP_INTERCEPTOR, useClass: TelemetryInterceptor }],
  })
  class App {}
  app = await WitanFactory.create(App, { logger: false });
  const { http, grpc } = await app.listen({ http: 0, grpc: 0, host: '127.0.0.1', banner: false });
  urls = { http: http!, grpc: grpc! };
});
afterEach(async () => {
  await app.close();
  receiver.close();
  rmSync(folder, { recursive: true });
});

const get = async (path: string): Promise<number> => {
  const answer = await fetch(`${urls.http}${path}`, { headers: { traceparent: PARENT, connection: 'close' } });
  await answer.text();
  return answer.status;
};

async function spans(): Promise<Received[]> {
  await new Promise((resolve) => setImmediate(resolve));
  await app.nest.get(OtlpExport).flush(2000);
  return receiver.traces;
}

function durations(): Record<string, number> {
  const metric = app.nest
    .get(Metrics)
    .collect()
    .metrics.find(({ descriptor }) => descriptor.name === 'witan.method.duration');
  const points = (metric?.points ?? []) as readonly HistogramPoint[];
  return Object.fromEntries(points.map(({ labels, count }) => [`${labels['method']} ${labels['outcome']}`, count]));
}

describe('controllers with the interceptor', () => {
  it('over HTTP have a server span in the trace of their caller, with what they measure', async () => {
    expect(await get('/cats/7')).toBe(200);
    const all = await spans();
    const server = all.find(({ kind }) => kind === 2)!;
    expect(server).toMatchObject({
      name: 'GET /cats/:id',
      traceId: TRACE,
      parentSpanId: '00f067aa0ba902b7',
      attributes: { 'witan.service': 'CatsController.find', 'http.response.status_code': 200 },
    });
    const children = all.filter(({ parentSpanId }) => parentSpanId === server['spanId']).map(({ name }) => name);
    expect(children.sort()).toEqual(['CatsController.find', 'Prices.find']);
    expect(headersSeen['traceparent']).toBe(`00-${TRACE}-${server['spanId']}-01`);
    expect(durations()).toEqual({ 'CatsController.find ok': 1, 'Prices.find ok': 1 });
  });

  it('tell what they failed with', async () => {
    expect(await get('/cats/0')).toBe(500);
    expect(await get('/cats/none')).toBe(404);
    const servers = (await spans()).filter(({ kind }) => kind === 2);
    expect(servers.map(({ status, events }) => [status?.code ?? 0, events[0].attributes['exception.message']])).toEqual(
      [
        [2, 'no price'],
        [0, 'no such cat'],
      ],
    );
    expect(durations()).toMatchObject({ 'CatsController.find error': 2, 'Prices.find error': 1 });
  });

  it('over gRPC have one server span too, failed or not', async () => {
    const definition = loadPackageDefinition(loadSync(join(folder, 'hero.proto'))) as never as {
      hero: { Heroes: new (address: string, channel: unknown) => Client & { FindOne: (...args: unknown[]) => void } };
    };
    const client = new definition.hero.Heroes(urls.grpc, credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set('traceparent', PARENT);
    const call = (id: number) =>
      new Promise<unknown>((resolve) => client.FindOne({ id }, metadata, (error: unknown) => resolve(error)));
    expect(await call(1)).toBeNull();
    expect(await call(0)).toMatchObject({ code: expect.any(Number) });
    client.close();
    const servers = (await spans()).filter(({ kind }) => kind === 2);
    expect(servers.map(({ name, traceId }) => [name, traceId])).toEqual([
      ['hero.Heroes/FindOne', TRACE],
      ['hero.Heroes/FindOne', TRACE],
    ]);
    expect(headersSeen['traceparent']).toContain(TRACE);
    expect(durations()).toEqual({ 'HeroController.findOne ok': 1, 'HeroController.findOne error': 1 });
  });

  it('leave services alone, which have all that by themselves', async () => {
    const headers = { 'content-type': 'application/json', connection: 'close' };
    await (await fetch(`${urls.http}/points`, { method: 'POST', headers, body: '[{"x":1}]' })).text();
    expect((await spans()).map(({ name }) => name)).toEqual(['POST /points']);
    expect(durations()).toEqual({});
  });
});

describe('@Measure', () => {
  it('measures what a method gives, to its end', async () => {
    const prices = app.nest.get(Prices);
    expect(prices.plain(2)).toBe(4);
    expect(() => prices.plain(-1)).toThrow(RangeError);
    const seen: number[] = [];
    await new Promise<void>((resolve) =>
      prices.stream(false).subscribe({ next: (value) => seen.push(value), complete: resolve }),
    );
    await new Promise<void>((resolve) => prices.stream(true).subscribe({ error: () => resolve() }));
    prices.stream(false).subscribe().unsubscribe();
    expect(seen).toEqual([1, 2]);
    expect(durations()).toEqual({
      'Prices.plain ok': 1,
      'Prices.plain error': 1,
      'prices.stream ok': 2,
      'prices.stream error': 1,
    });
  });

  it("keeps the method's name and metadata", () => {
    const { plain } = Prices.prototype;
    expect(plain.name).toBe('plain');
    expect(Reflect.getMetadata('kept', plain)).toBe('yes');
  });
});
