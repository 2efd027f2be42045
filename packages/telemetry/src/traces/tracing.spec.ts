import { SpanStatusCode, trace } from '@opentelemetry/api';
import { type Context, Column, type Frame, Handler, Schema, Service } from '@witan/core';
import { createTestingApplication, type TestingApplication } from '@witan/core/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Received, Receiver } from '../otlp/receiver.spec.support.js';
import { OtlpExport } from '../otlp/otlp-export.js';
import { TelemetryModule } from '../module/telemetry.module.js';
import { traceHeaders } from './trace-headers.js';
import type { TraceOptions } from './trace-options.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

@Schema()
class Point {
  @Column('f64') x!: number;
}

let headersSeen: Record<string, string>[] = [];

@Service('points')
class PointService {
  @Handler({ in: Point, out: Point })
  async same(points: Frame<Point>, context: Context): Promise<Frame<Point>> {
    await Promise.resolve();
    headersSeen.push(traceHeaders(), traceHeaders(context));
    if (context.header('x-own') !== undefined) {
      trace.getTracer('test').startActiveSpan('lookup', (span) => {
        headersSeen.push(traceHeaders());
        span.setAttribute('key', 'value');
        span.end();
      });
    }
    if (points.records()[0]!.x < 0) throw new RangeError('negative');
    return points;
  }
}

@Service('batches')
class BatchService {
  @Handler({ in: Point, out: Point, batch: { maxRows: 8, maxDelayMs: 20 } })
  same(points: Frame<Point>): Frame<Point> {
    return points;
  }
}

let receiver: Receiver;
let app: TestingApplication | undefined;

beforeEach(async () => {
  headersSeen = [];
  receiver = await Receiver.http();
});
afterEach(async () => {
  await app?.close();
  app = undefined;
  receiver.close();
});

async function start(traces: TraceOptions): Promise<TestingApplication> {
  const otlp = { url: receiver.url, signals: ['traces' as const], shutdownTimeoutMs: 500 };
  const imports = [TelemetryModule.forRoot({ traces, otlp })];
  return (app = await createTestingApplication({ imports, providers: [PointService, BatchService] }));
}

async function spans(): Promise<Received[]> {
  // An answer is told of when its last byte is given away.
  await new Promise((resolve) => setImmediate(resolve));
  await app!.nest.get(OtlpExport).flush(2000);
  return receiver.traces;
}

const post = (headers: Record<string, string> = {}, x = 1, url = '/points') =>
  app!.inject({ method: 'POST', url, headers, payload: [{ x }] });

const ALL = { sampling: { ratio: 1 }, context: true };

describe('a server span', () => {
  it('over HTTP has the names of the semantic conventions', async () => {
    await start(ALL);
    await post({ 'x-request-id': 'r-1' });
    const [span] = await spans();
    expect(span).toMatchObject({ name: 'POST /points', kind: 2 });
    expect(span!['attributes']).toMatchObject({
      'http.request.method': 'POST',
      'http.route': '/points',
      'http.response.status_code': 200,
      'witan.service': 'PointService',
      'witan.rows': 1,
      'witan.request.id': 'r-1',
    });
    expect(span!['status']?.code ?? 0).toBe(SpanStatusCode.UNSET);
    expect(span!['end']).toBeGreaterThanOrEqual(span!['start']);
    expect(span!['parentSpanId'] ?? '').toBe('');
  });

  it('over gRPC too', async () => {
    await start(ALL);
    await app!.grpc.predict(PointService, { rows: [{ x: 1 }] });
    const [span] = await spans();
    const attributes = span!['attributes'];
    expect(span!['name']).toMatch(/^points\.v1\.PointService\/Predict$|PointService\/Predict$/);
    expect(attributes).toMatchObject({ 'rpc.system.name': 'grpc', 'rpc.response.status_code': 'OK' });
    expect(attributes['rpc.method']).toBe(span!['name']);
  });

  it('of a failure has its type, code and stack', async () => {
    await start({ sampling: { ratio: 0 }, context: true });
    await post();
    await post({}, -1);
    const all = await spans();
    expect(all).toHaveLength(1);
    expect(all[0]).toMatchObject({
      status: { code: SpanStatusCode.ERROR },
      attributes: { 'error.type': 'CORE_ERR_INTERNAL', 'witan.error.code': 'CORE_ERR_INTERNAL' },
    });
    const [event] = all[0]!['events'];
    expect(event).toMatchObject({ name: 'exception', attributes: { 'exception.message': 'negative' } });
    expect(event.attributes['exception.stacktrace']).toContain('PointService');
  });

  it("of a caller's mistake is no error, and has no stack", async () => {
    await start(ALL);
    await app!.inject({ method: 'POST', url: '/points', payload: [{ x: 'text' }] });
    const [span] = await spans();
    expect(span!['status']?.code ?? 0).toBe(SpanStatusCode.UNSET);
    expect(span!['attributes']['http.response.status_code']).toBe(422);
    expect(span!['attributes']['error.type']).toBeUndefined();
    expect(span!['events'][0].attributes['exception.stacktrace']).toBeUndefined();
  });
});

describe('W3C trace context', () => {
  const parent = `00-${TRACE}-${SPAN}-01`;

  it('is continued, in and out', async () => {
    await start({ sampling: { ratio: 0 }, context: true });
    await post({ traceparent: parent, tracestate: 'vendor=1', baggage: 'user=7' });
    const [span] = await spans();
    expect(span).toMatchObject({ traceId: TRACE, parentSpanId: SPAN, traceState: 'vendor=1' });
    const traceparent = `00-${TRACE}-${span!['spanId']}-01`;
    expect(headersSeen[0]).toEqual({ traceparent, tracestate: 'vendor=1', baggage: 'user=7' });
    expect(headersSeen[1]).toEqual(headersSeen[0]);
  });

  it('that was not sampled stays so, and is passed on', async () => {
    await start(ALL);
    await post({ traceparent: parent.replace(/1$/, '0') });
    expect(await spans()).toEqual([]);
    expect(headersSeen[0]!['traceparent']).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
  });

  it.each(['00-nonsense', `00-${TRACE}-${SPAN}-01-${'x'.repeat(8000)}`])(
    'that is malformed begins anew: %.60s',
    async (bad) => {
      await start(ALL);
      await post({ traceparent: bad, tracestate: 'vendor=1' });
      const [span] = await spans();
      expect(span!['parentSpanId'] ?? '').toBe('');
      expect(span!['traceId']).not.toBe(TRACE);
      expect(headersSeen[0]!['tracestate']).toBeUndefined();
    },
  );

  it('is there without the asynchronous context too, for those who have the request', async () => {
    await start({ sampling: { ratio: 1 } });
    await post({ traceparent: parent });
    expect(headersSeen[0]).toEqual({});
    expect(headersSeen[1]!['traceparent']).toContain(TRACE);
  });
});

describe("spans of the user's own", () => {
  it('are children of the request, and parents of its calls', async () => {
    await start(ALL);
    await post({ 'x-own': '1' });
    const all = await spans();
    const server = all.find(({ kind }) => kind === 2)!;
    const own = all.find(({ name }) => name === 'lookup')!;
    expect(own).toMatchObject({
      traceId: server['traceId'],
      parentSpanId: server['spanId'],
      attributes: { key: 'value' },
    });
    expect(headersSeen[2]!['traceparent']).toBe(`00-${server['traceId']}-${own['spanId']}-01`);
  });

  it('are kept with a request that is chosen when it is over, and only then', async () => {
    await start({ sampling: { ratio: 0 }, context: true });
    await post({ 'x-own': '1' });
    expect(await spans()).toEqual([]);
    await post({ 'x-own': '1' }, -1);
    expect((await spans()).map(({ name }) => name).sort()).toEqual(['POST /points', 'lookup']);
  });
});

describe('a batch', () => {
  it('is one span with links to its requests, which have their wait and a link to it', async () => {
    await start(ALL);
    await Promise.all([post({}, 1, '/batches'), post({}, 2, '/batches')]);
    const all = await spans();
    const servers = all.filter(({ kind }) => kind === 2);
    const batches = all.filter(({ name }) => name.startsWith('batch '));
    const queues = all.filter(({ name }) => name === 'queue');
    expect(servers).toHaveLength(2);
    expect(queues.map(({ parentSpanId }) => parentSpanId).sort()).toEqual(servers.map(({ spanId }) => spanId).sort());
    const linked = batches.flatMap(({ links }) => links.map((link: Received) => link['spanId']));
    expect(linked.sort()).toEqual(servers.map(({ spanId }) => spanId).sort());
    const targets = new Set(queues.flatMap(({ links }) => links.map((link: Received) => link['spanId'])));
    expect([...targets].sort()).toEqual(batches.map(({ spanId }) => spanId).sort());
    expect(batches[0]!['attributes']['witan.batch.name']).toContain('BatchService');
  });
});

describe('what is refused before any service', () => {
  it('has a span where it failed, by the ratio; health checks have none', async () => {
    await start(ALL);
    await app!.inject({ method: 'GET', url: '/health/live' });
    await app!.inject({ method: 'GET', url: '/nothing/here' });
    const all = await spans();
    expect(all.map(({ attributes }) => attributes['http.response.status_code'])).toEqual([404]);
  });
});
