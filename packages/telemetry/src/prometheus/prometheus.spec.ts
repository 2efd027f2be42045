import { Column, type Frame, Handler, Schema, Service } from '@witan/core';
import { createTestingApplication, type TestingApplication, type TestingOptions } from '@witan/core/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { Metrics } from '../metrics/metrics.js';
import type { MetricSnapshot } from '../metrics/snapshot.js';
import { TelemetryModule } from '../module/telemetry.module.js';
import type { TelemetryModuleOptions } from '../module/telemetry-options.js';
import { exposition } from './exposition.js';
import { counterName, familyName } from './metric-names.js';
import { parseExposition } from './strict-parser.spec.support.js';

@Schema()
class Point {
  @Column('f64') x!: number;
}

@Service('points/:run')
class PointService {
  @Handler({ in: Point, out: Point, batch: true })
  same(points: Frame<Point>): Frame<Point> {
    return points;
  }
}

let app: TestingApplication | undefined;
afterEach(() => app?.close());

async function serve(prometheus: TelemetryModuleOptions['prometheus'] = true, options: TestingOptions = {}) {
  const imports = [TelemetryModule.forRoot({ prometheus })];
  return (app = await createTestingApplication({ imports, providers: [PointService] }, options));
}

const scrape = (accept?: string, url = '/metrics') =>
  app!.inject({ url, ...(accept !== undefined && { headers: { accept } }) });
const OPEN_METRICS = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5';

describe('GET /metrics', () => {
  it('is Prometheus’ text, and OpenMetrics for who asks for it', async () => {
    await serve();
    await app!.inject({ method: 'POST', url: '/points/a', payload: [{ x: 1 }, { x: 2 }] });
    await app!.inject({ method: 'POST', url: '/points/b', payload: [{ x: 1 }] });
    const text = await scrape();
    expect(text.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    const families = parseExposition(text.body, 'text');
    const rows = families.get('witan_request_rows')!.samples;
    expect(rows.find(({ name }) => name.endsWith('_sum'))).toMatchObject({
      value: 3,
      labels: { service: 'PointService' },
    });
    const http = families.get('http_server_request_duration_seconds')!.samples;
    expect(http.find(({ name }) => name.endsWith('_count'))).toMatchObject({
      value: 2,
      labels: { http_request_method: 'POST', http_route: '/points/:run', http_response_status_code: '200' },
    });
    expect(families.get('witan_batch_busy_time_seconds_total')!.type).toBe('counter');
    expect(families.get('nodejs_eventloop_utilization_ratio')!.samples[0]!.value).toBeGreaterThanOrEqual(0);
    const open = await scrape(OPEN_METRICS);
    expect(open.headers['content-type']).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    const opened = parseExposition(open.body, 'openmetrics');
    expect(opened.get('witan_batch_busy_time_seconds')!.samples[0]!.name).toBe('witan_batch_busy_time_seconds_total');
  });

  it('counts its own scrapes as any other route', async () => {
    await serve();
    await scrape();
    const http = parseExposition((await scrape()).body, 'text').get('http_server_request_duration_seconds')!;
    const own = http.samples.find(({ name, labels }) => name.endsWith('_count') && labels['http_route'] === '/metrics');
    expect(own!.value).toBe(1);
  });

  it('has exemplars in OpenMetrics, unless they are not wanted', async () => {
    await serve();
    app!.nest.get(Metrics).traceOf = () => ({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
    });
    await app!.inject({ method: 'POST', url: '/points/a', payload: [{ x: 1 }] });
    const family = parseExposition((await scrape(OPEN_METRICS)).body, 'openmetrics').get(
      'witan_request_duration_seconds',
    )!;
    const [sample] = family.samples.filter(({ exemplar }) => exemplar);
    expect(sample!.exemplar!.labels['trace_id']).toBe('0af7651916cd43dd8448eb211c80319c');
    expect(sample!.exemplar!.value).toBeLessThanOrEqual(Number(sample!.labels['le']));
    expect((await scrape()).body).not.toContain('trace_id');
    await app!.close();
    await serve({ exemplars: false });
    app!.nest.get(Metrics).traceOf = () => ({ traceId: 'a', spanId: 'b' });
    await app!.inject({ method: 'POST', url: '/points/a', payload: [{ x: 1 }] });
    expect((await scrape(OPEN_METRICS)).body).not.toContain('trace_id');
  });

  it('asks for no key of those that predict, unless told to', async () => {
    const witan = { access: { apiKeys: { keys: [{ name: 'ann', key: 'k'.repeat(32) }] } } };
    await serve(true, { witan });
    expect((await app!.inject({ method: 'POST', url: '/points/a', payload: [] })).statusCode).toBe(401);
    expect((await scrape()).statusCode).toBe(200);
    await app!.close();
    await serve({ access: 'predict', path: 'internal/metrics' }, { witan });
    expect((await scrape(undefined, '/internal/metrics')).statusCode).toBe(401);
    const authorization = `Bearer ${'k'.repeat(32)}`;
    expect((await app!.inject({ url: '/internal/metrics', headers: { authorization } })).statusCode).toBe(200);
    expect((await scrape()).statusCode).toBe(404);
  });

  it('is not there, and nothing listens, unless it is asked for', async () => {
    await serve(false);
    expect((await scrape()).statusCode).toBe(404);
  });
});

describe('the text', () => {
  it('holds whatever a label or a value may be', () => {
    const label = 'a"b\\c\nd\u{1f600}\ud800';
    const point = (value: number, text: string) => ({ labels: { 'my.label': text }, startEpochMs: 0, value });
    const points = [point(Infinity, 'up'), point(-Infinity, 'down'), point(NaN, 'none'), point(1e21, label)];
    const descriptor = {
      name: '9 strange-näme',
      kind: 'gauge',
      unit: 'By',
      description: 'Two\nlines \\ "quoted"',
    } as const;
    const snapshot: MetricSnapshot = { epochMs: 0, temporality: 'cumulative', metrics: [{ descriptor, points }] };
    for (const form of ['text', 'openmetrics'] as const) {
      const family = parseExposition(exposition(snapshot, { form, exemplars: true }), form).get(
        '_9_strange_n_me_bytes',
      )!;
      expect(family.samples.map(({ value }) => value)).toEqual([Infinity, -Infinity, NaN, 1e21]);
      expect(family.samples[3]!.labels).toEqual({ my_label: label.toWellFormed() });
    }
  });

  it('puts families of one name together, and leaves out a second kind', () => {
    const gauge = (name: string, kind: 'gauge' | 'counter', source: string) => ({
      descriptor: { name, kind, unit: '1', description: 'Test' },
      points: [{ labels: { source }, startEpochMs: 0, value: 1 }],
    });
    const metrics = [
      gauge('a', 'gauge', 'x'),
      gauge('b', 'gauge', 'x'),
      gauge('a', 'gauge', 'y'),
      gauge('a.ratio', 'counter', 'z'),
    ];
    const text = exposition({ epochMs: 0, temporality: 'cumulative', metrics }, { form: 'text', exemplars: true });
    const families = parseExposition(text, 'text');
    expect(families.get('a_ratio')!.samples.map(({ labels }) => labels['source'])).toEqual(['x', 'y']);
  });

  it('names metrics by OpenTelemetry’s rules', () => {
    const name = (text: string, kind: 'gauge' | 'counter' | 'histogram', unit: string) => {
      const family = familyName({ name: text, kind, unit, description: '' });
      return kind === 'counter' ? counterName(family) : family;
    };
    expect(name('http.server.request.duration', 'histogram', 's')).toBe('http_server_request_duration_seconds');
    expect(name('process.cpu.time', 'counter', 's')).toBe('process_cpu_time_seconds_total');
    expect(name('nodejs.eventloop.utilization', 'gauge', '1')).toBe('nodejs_eventloop_utilization_ratio');
    expect(name('witan.batch.dropped', 'counter', '{request}')).toBe('witan_batch_dropped_total');
    expect(name('process.memory.usage', 'gauge', 'By')).toBe('process_memory_usage_bytes');
    expect(name('my.latency.seconds', 'histogram', 's')).toBe('my_latency_seconds');
  });
});
