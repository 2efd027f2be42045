import { channel } from 'node:diagnostics_channel';
import type { Frame } from '@witan/core';
import { type CollectEvent, Column, Handler, RequestTrace, requestChannel, Schema, Service } from '@witan/core';
import { createTestingApplication, ManualClock, type TestingApplication } from '@witan/core/testing';
import { afterEach, describe, expect, it } from 'vitest';
import type { InferEvent } from '../events/infer-event.js';
import { Watch } from '../events/watch.js';
import { TelemetryModule } from '../module/telemetry.module.js';
import type { TelemetryModuleOptions } from '../module/telemetry-options.js';
import { CATALOGUE } from './catalogue.js';
import { Metrics } from './metrics.js';
import { type HistogramPoint, isHistogram, type Labels, type MetricSnapshot, type NumberPoint } from './snapshot.js';

@Schema()
class Point {
  @Column('f64') x!: number;
}

const clock = new ManualClock({ turns: 'event-loop' });
let stepMs = 0;

@Service('points')
class PointService {
  @Handler({ in: Point, out: Point, batch: true })
  same(points: Frame<Point>): Frame<Point> {
    clock.advance(stepMs);
    return points;
  }
}

@Service('picky')
class PickyService {
  @Handler({ in: Point, out: Point })
  positive(points: Frame<Point>): Frame<Point> {
    if (points.records()[0]!.x < 0) throw new RangeError('negative');
    return points;
  }
}

let app: TestingApplication;
afterEach(() => app.close());

async function serve(options: TelemetryModuleOptions = { prometheus: true }): Promise<Metrics> {
  app = await createTestingApplication(
    { imports: [TelemetryModule.forRoot(options)], providers: [PointService, PickyService] },
    { clock },
  );
  return app.nest.get(Metrics);
}

const post = (url: string, payload: object[]) => app.inject({ method: 'POST', url, payload });

function histogram(snapshot: MetricSnapshot, name: string, labels: Labels = {}): HistogramPoint | undefined {
  return find(snapshot, name, labels) as HistogramPoint | undefined;
}

function value(snapshot: MetricSnapshot, name: string, labels: Labels = {}): number | undefined {
  return (find(snapshot, name, labels) as NumberPoint | undefined)?.value;
}

function find(snapshot: MetricSnapshot, name: string, labels: Labels): HistogramPoint | NumberPoint | undefined {
  const metric = snapshot.metrics.find(({ descriptor }) => descriptor.name === name);
  const fits = (point: { labels: Labels }) => Object.entries(labels).every(([key, text]) => point.labels[key] === text);
  return metric?.points.find(fits);
}

describe('metrics', () => {
  it('count requests of both protocols, with their phases and batches', async () => {
    const metrics = await serve();
    stepMs = 40;
    await post('/points', [{ x: 1 }, { x: 2 }, { x: 3 }]);
    stepMs = 0;
    await app.grpc.predict(PointService, { rows: [{ x: 1 }] });
    const seen = metrics.collect();
    const http = histogram(seen, 'witan.request.duration', { service: 'PointService', transport: 'http' })!;
    expect(http).toMatchObject({ count: 1, labels: { service: 'PointService', transport: 'http', outcome: 'ok' } });
    expect(http.sum).toBeCloseTo(0.04, 9);
    expect(histogram(seen, 'witan.request.duration', { transport: 'grpc' })).toMatchObject({ count: 1 });
    expect(histogram(seen, 'witan.request.rows', { transport: 'http' })).toMatchObject({ count: 1, sum: 3 });
    for (const phase of ['decode', 'queue', 'encode'])
      expect(histogram(seen, `witan.request.${phase}.duration`, { transport: 'http' }), phase).toMatchObject({
        count: 1,
      });
    const route = { 'http.request.method': 'POST', 'http.route': '/points', 'http.response.status_code': '200' };
    expect(histogram(seen, 'http.server.request.duration', route)).toMatchObject({ count: 1, labels: route });
    expect(histogram(seen, 'rpc.server.call.duration')!.labels).toEqual({
      'rpc.system.name': 'grpc',
      'rpc.method': 'point.v1.PointService/Predict',
      'rpc.response.status_code': 'OK',
    });
    const gate = { gate: 'PointService.same' };
    expect(histogram(seen, 'witan.batch.rows', gate)).toMatchObject({ count: 2, sum: 4 });
    expect(histogram(seen, 'witan.batch.run.duration', gate)!.sum).toBeCloseTo(0.04, 9);
    expect(value(seen, 'witan.batch.busy.time', gate)).toBeCloseTo(0.04, 9);
    expect(value(seen, 'witan.batch.queue.rows', gate)).toBe(0);
    expect(value(seen, 'process.memory.usage')).toBeGreaterThan(1e6);
  });

  it('tell what failed, and by what', async () => {
    const metrics = await serve();
    await post('/picky', [{ x: -1 }]);
    await post('/picky', [{ y: 1 }]);
    await app.grpc.predict(PickyService, { rows: [{ x: -1 }] });
    await app.inject('/nowhere');
    const seen = metrics.collect();
    const failed = (outcome: string, transport: string) =>
      histogram(seen, 'witan.request.duration', { service: 'PickyService', outcome, transport })?.count;
    expect([failed('internal', 'http'), failed('invalid_argument', 'http'), failed('internal', 'grpc')]).toEqual([
      1, 1, 1,
    ]);
    const http = (status: string) =>
      histogram(seen, 'http.server.request.duration', { 'http.response.status_code': status });
    expect(http('500')!.labels['error.type']).toBe('CORE_ERR_INTERNAL');
    expect(http('422')!.labels['error.type']).toBe('CORE_ERR_VALIDATION');
    expect(http('404')!.labels).toEqual({
      'http.request.method': 'GET',
      'http.response.status_code': '404',
      'error.type': 'CORE_ERR_HTTP_NOT_FOUND',
    });
  });

  it('know models, versions, aliases and variants, and runs and changes of models', async () => {
    const metrics = await serve();
    const context = { models: [{ model: 'iris', version: '3', alias: 'champion', experiment: 'e', variant: 'b' }] };
    const trace = new RequestTrace('Iris', { transport: 'http', wantPhases: () => ({}), ...context } as never, clock);
    trace.start(() => undefined);
    trace.over();
    const run: Partial<InferEvent> = {
      model: 'iris',
      version: '3',
      packMs: 1,
      unpackMs: 2,
      inferMs: 4,
      error: undefined,
    };
    channel('witan.infer').publish(run);
    channel('witan.model.load').publish({ kind: 'load', name: 'iris', version: '3', ok: true, durationMs: 1500 });
    channel('witan.model.load').publish({ kind: 'evict', name: 'iris', version: '2', ok: true, durationMs: 0 });
    const seen = metrics.collect();
    expect(histogram(seen, 'witan.request.duration', { service: 'Iris' })!.labels).toEqual({
      service: 'Iris',
      model: 'iris',
      version: '3',
      alias: 'champion',
      experiment: 'e',
      variant: 'b',
      transport: 'http',
      outcome: 'ok',
    });
    expect(histogram(seen, 'witan.model.tensor.duration')!.sum).toBeCloseTo(0.003, 9);
    expect(histogram(seen, 'witan.model.infer.duration')!.sum).toBeCloseTo(0.004, 9);
    expect(histogram(seen, 'witan.model.load.duration')!.sum).toBe(1.5);
    expect(value(seen, 'witan.model.events', { event: 'evict', version: '2' })).toBe(1);
  });

  it('take what others have counted, and only what is described', async () => {
    const metrics = await serve({ prometheus: true, metrics: { maxSeries: 2 } });
    const subscriber = (event: unknown): void => {
      const { report } = event as { report(name: string, value: number, labels: Labels): void };
      const on = report.bind(event);
      for (const feature of ['a', 'b', 'c', 'd'])
        on('witan.vectorize.defaults', 2, { model: 'm', version: '1', feature });
      on('witan.vectorize.defaults', 3, { model: 'm', version: '1', feature: 'a' });
      on('witan.of.my.own', 1, {});
      on('witan.model.rows', NaN, { model: 'm', version: '1' });
    };
    channel('witan.collect').subscribe(subscriber);
    const seen = metrics.collect();
    channel('witan.collect').unsubscribe(subscriber);
    expect(value(seen, 'witan.vectorize.defaults', { feature: 'a' })).toBe(5);
    expect(value(seen, 'witan.vectorize.defaults', { feature: 'c' })).toBeUndefined();
    expect(value(seen, 'witan.telemetry.overflows', { instrument: 'witan.vectorize.defaults' })).toBe(2);
    expect(seen.metrics.some(({ descriptor }) => descriptor.name === 'witan.of.my.own')).toBe(false);
    expect(find(seen, 'witan.model.rows', {})).toBeUndefined();
  });

  it('never lose what a version counted that is gone, however many of them there were', async () => {
    const metrics = await serve({ prometheus: true, metrics: { maxSeries: 50 } });
    let live = 7;
    const figures = { report: (on: CollectEvent) => on.report('witan.batch.failures', live, { gate: "model 'iris'" }) };
    const subscriber = (event: unknown): void => figures.report(event as CollectEvent);
    channel('witan.collect').subscribe(subscriber);
    const failures = () => value(metrics.collect(), 'witan.batch.failures', { gate: "model 'iris'" });
    expect(failures()).toBe(7);
    const deltas = metrics.deltaReader();
    deltas.collect();
    for (let swap = 0; swap < 3; swap++) {
      channel('witan.collect.last').publish(figures);
      live = 1;
    }
    expect(failures()).toBe(10);
    expect(value(deltas.collect(), 'witan.batch.failures', { gate: "model 'iris'" })).toBe(3);
    channel('witan.collect').unsubscribe(subscriber);
    for (let version = 0; version < 5_000; version++) {
      const labels = { model: 'm', version: String(version) };
      const report = (on: CollectEvent) => {
        on.report('witan.model.rows', 1, labels);
        on.report('witan.model.loaded', 1, labels);
        on.report('witan.runner.busy.time', 1, labels);
      };
      channel('witan.collect.last').publish({ report });
    }
    const seen = metrics.collect();
    const rows = seen.metrics.find(({ descriptor }) => descriptor.name === 'witan.model.rows');
    expect(rows!.points).toHaveLength(50);
    expect(find(seen, 'witan.model.loaded', {})).toBeUndefined();
    expect(find(seen, 'witan.runner.utilization', {})).toBeUndefined();
  });

  it('of a clock that was turned back record nothing, and count that', async () => {
    const metrics = await serve();
    const context = { models: [], transport: 'http', wantPhases: () => ({}) };
    const back = { startedAt: 5, durationMs: -20, service: 'Back', context };
    requestChannel.asyncEnd.publish(back as never);
    const seen = metrics.collect();
    expect(histogram(seen, 'witan.request.duration', { service: 'Back' })).toMatchObject({ count: 0, sum: 0 });
    expect(value(seen, 'witan.telemetry.invalid', { instrument: 'witan.request.duration' })).toBe(1);
  });

  it('read as deltas give what came since the last look, each reader for itself', async () => {
    const metrics = await serve();
    const one = metrics.deltaReader();
    const other = metrics.deltaReader();
    const count = (seen: MetricSnapshot) =>
      histogram(seen, 'witan.request.duration', { service: 'PointService' })?.count;
    await post('/points', [{ x: 1 }]);
    expect(count(one.collect())).toBe(1);
    await post('/points', [{ x: 1 }]);
    await post('/points', [{ x: 1 }]);
    const second = one.collect();
    expect([count(second), second.temporality]).toEqual([2, 'delta']);
    expect(count(one.collect())).toBe(0);
    expect(count(other.collect())).toBe(3);
    expect(value(second, 'witan.batch.queue.rows', { gate: 'PointService.same' })).toBe(0);
  });

  it('keep an exemplar of requests whose traces are kept', async () => {
    const metrics = await serve();
    metrics.traceOf = () => ({ traceId: 'abc', spanId: 'def' });
    await post('/points', [{ x: 1 }]);
    for (const name of ['witan.request.duration', 'http.server.request.duration']) {
      const kept = histogram(metrics.collect(), name)!.exemplars!.filter((each) => each !== undefined);
      expect(kept, name).toMatchObject([{ traceId: 'abc', spanId: 'def' }]);
    }
  });

  it('of other features are added, and one that fails is counted', async () => {
    const metrics = await serve();
    const descriptor = { name: 'my.gauge', kind: 'gauge', unit: '1', description: 'Mine' } as const;
    const stop = metrics.addSource(() => [{ descriptor, points: [{ labels: {}, startEpochMs: 0, value: 7 }] }]);
    metrics.addSource(() => {
      throw new Error('broken');
    });
    const seen = metrics.collect();
    expect(value(seen, 'my.gauge')).toBe(7);
    expect(value(metrics.collect(), 'witan.telemetry.errors', { feature: 'metrics' })).toBeGreaterThan(0);
    stop();
    expect(value(metrics.collect(), 'my.gauge')).toBeUndefined();
  });

  it('have only names, units and labels that the catalogue describes', async () => {
    const metrics = await serve();
    await post('/points', [{ x: 1 }]);
    for (const metric of metrics.collect().metrics) {
      const known = CATALOGUE.find(({ name }) => name === metric.descriptor.name)!;
      expect(known, metric.descriptor.name).toBeDefined();
      expect(known.kind === 'histogram').toBe(isHistogram(metric));
      for (const { labels } of metric.points) expect(known.labels).toEqual(expect.arrayContaining(Object.keys(labels)));
    }
  });
});

describe('a subscriber of telemetry', () => {
  it('that throws reaches no request, and is counted', async () => {
    const metrics = await serve();
    const watch = app.nest.get(Watch);
    for (const name of [requestChannel.start.name, requestChannel.asyncEnd.name, 'witan.answer', 'witan.batch'])
      watch.on(name as string, 'broken', () => {
        throw new Error('a bug');
      });
    expect((await post('/points', [{ x: 1 }])).statusCode).toBe(200);
    expect((await app.grpc.predict(PointService, { rows: [{ x: 1 }] })).code).toBe(0);
    expect(value(metrics.collect(), 'witan.telemetry.errors', { feature: 'broken' })).toBe(8);
  });

  it('ends with the application', async () => {
    const metrics = await serve();
    await app.close();
    expect(requestChannel.hasSubscribers).toBe(false);
    await serve({});
    await post('/points', [{ x: 1 }]);
    expect(requestChannel.hasSubscribers).toBe(false);
    expect(histogram(metrics.collect(), 'witan.request.duration')).toBeUndefined();
  });
});
