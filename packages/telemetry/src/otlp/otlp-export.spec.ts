import { Column, type Frame, Handler, Schema, Service } from '@witan/core';
import { createTestingApplication, type TestingApplication } from '@witan/core/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { Watch } from '../events/watch.js';
import { Metrics } from '../metrics/metrics.js';
import { TelemetryModule } from '../module/telemetry.module.js';
import { OtlpExport } from './otlp-export.js';
import type { OtlpOptions } from './otlp-options.js';
import { type Behaviour, Receiver } from './receiver.spec.support.js';

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

let receiver: Receiver | undefined;
let app: TestingApplication | undefined;

afterEach(async () => {
  await app?.close();
  receiver?.close();
  app = receiver = undefined;
});

async function start(otlp: Partial<OtlpOptions>, logs = false): Promise<OtlpExport> {
  const options = {
    traces: { sampling: { ratio: 1 } },
    otlp: { url: receiver!.url, shutdownTimeoutMs: 200, ...otlp },
    ...(logs && { logs: { destination: { file: '/dev/null' }, redact: ['requestId'] } }),
  };
  app = await createTestingApplication({ imports: [TelemetryModule.forRoot(options)], providers: [PointService] });
  return app.nest.get(OtlpExport);
}

/** A request, and the turn after it: an answer is told of when its last byte is given away. */
async function post() {
  const answer = await app!.inject({ method: 'POST', url: '/points', payload: [{ x: 1 }] });
  await new Promise((resolve) => setImmediate(resolve));
  return answer;
}

describe.each(['http/protobuf', 'grpc'] as const)('a collector over %s', (protocol) => {
  it('gets metrics, traces and logs of one resource', async () => {
    receiver = await (protocol === 'grpc' ? Receiver.grpc() : Receiver.http());
    const signals = ['metrics', 'traces', 'logs'] as const;
    const headers = { 'x-tenant': 'acme' };
    const resource = { 'deployment.environment.name': 'test' };
    const otlp = await start({ protocol, signals, headers, resource, serviceName: 'shop', compression: 'gzip' }, true);
    await post();
    await otlp.flush(3000);
    expect(receiver.traces.map(({ name }) => name)).toEqual(['POST /points']);
    expect(receiver.logs).toHaveLength(1);
    expect(receiver.logs[0]!['attributes']['witan.requestId']).toBe('[Redacted]');
    expect(receiver.logs[0]).toMatchObject({ traceId: receiver.traces[0]!['traceId'], severityText: 'info' });
    const duration = receiver.metrics.find(({ name }) => name === 'http.server.request.duration');
    expect(duration).toMatchObject({ unit: 's', histogram: { temporality: 2 } });
    expect(duration!['histogram'].points[0]).toMatchObject({ count: 1 });
    for (const seen of receiver.resources)
      expect(seen).toMatchObject({ 'service.name': 'shop', 'deployment.environment.name': 'test' });
    for (const seen of receiver.headers) expect(seen).toMatchObject({ 'x-tenant': 'acme' });
    expect(otlp.counts).toMatchObject({ traces: { sent: 1 }, logs: { sent: 1 }, metrics: { failed: 0 } });
  });
});

describe('a collector that is no good', () => {
  const small = { queue: { maxItems: 10, maxBatch: 5, delayMs: 1000 }, timeoutMs: 300, signals: ['traces' as const] };

  it.each<[Behaviour, number]>([
    ['refuse', 0],
    ['drop', 0],
    ['hang', 0],
    ['garbage', 8],
  ])('(%s) does not disturb requests; what is lost is counted', async (behaviour, sent) => {
    receiver = await Receiver.http();
    receiver.behaviour = behaviour;
    const otlp = await start(small);
    for (let i = 0; i < 8; i++) expect((await post()).statusCode).toBe(200);
    await otlp.flush(5000);
    const { traces } = otlp.counts;
    expect(traces!.sent).toBe(sent);
    expect(traces!.sent + traces!.failed + traces!.dropped).toBe(8);
    expect(app!.nest.get(Watch).errors.get('otlp') ?? 0).toBe(sent > 0 ? 0 : traces!.failed / 4);
  });

  it('fills a bounded queue and no more', async () => {
    receiver = await Receiver.http();
    receiver.behaviour = 'hang';
    const otlp = await start({ ...small, timeoutMs: 60_000 });
    for (let i = 0; i < 40; i++) await post();
    expect(otlp.counts.traces).toEqual({ sent: 0, dropped: 25, failed: 0 });
    const { metrics } = app!.nest.get(Metrics).collect();
    const exported = metrics.find(({ descriptor }) => descriptor.name === 'witan.telemetry.exported')!;
    const dropped = { signal: 'traces', outcome: 'dropped' };
    expect(exported.points).toContainEqual(expect.objectContaining({ labels: dropped, value: 25 }));
  });

  it('does not hold up the end of the application', async () => {
    receiver = await Receiver.http();
    receiver.behaviour = 'hang';
    const otlp = await start({ ...small, timeoutMs: 60_000 });
    await post();
    await app!.close();
    app = undefined;
    expect(otlp.counts.traces).toEqual({ sent: 0, dropped: 0, failed: 0 });
    expect(receiver.requests).toBe(1);
  });

  it('that is not there at all is counted too', async () => {
    receiver = await Receiver.grpc();
    receiver.close();
    const otlp = await start({ ...small, protocol: 'grpc' });
    await post();
    await otlp.flush(3000);
    expect(otlp.counts.traces).toEqual({ sent: 0, dropped: 0, failed: 1 });
  });
});

describe('the end of the application', () => {
  it('sends what was not sent yet', async () => {
    receiver = await Receiver.http();
    await start({ shutdownTimeoutMs: 2000 });
    await post();
    await app!.close();
    app = undefined;
    expect(receiver.traces).toHaveLength(1);
    expect(receiver.metrics.length).toBeGreaterThan(0);
  });
});

describe('options that cannot be', () => {
  it('end the boot', async () => {
    receiver = await Receiver.http();
    await expect(start({ url: 'nonsense' })).rejects.toMatchObject({ code: 'TEL_ERR_OTLP_OPTION' });
    await expect(start({ queue: { maxItems: 0 } })).rejects.toMatchObject({ code: 'TEL_ERR_OTLP_OPTION' });
  });
});
