import { Column, type Frame, Handler, Schema, Service } from '@witan/core';
import { createTestingApplication } from '@witan/core/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TelemetryModule } from '../module/telemetry.module.js';
import { Collector, collectorTool } from './collector.spec.support.js';
import { OtlpExport } from './otlp-export.js';

@Schema()
class Point {
  @Column('f64') x!: number;
}

@Service('points')
class PointService {
  @Handler({ in: Point, out: Point, batch: true })
  same(points: Frame<Point>): Frame<Point> {
    return points;
  }
}

let collector: Collector | undefined;
const tool = await collectorTool();
const there = 'path' in tool;

describe.runIf(there)("OpenTelemetry's own collector", () => {
  beforeAll(async () => {
    collector = await Collector.start((tool as { path: string }).path);
  });
  afterAll(() => collector?.stop());

  it.each(['http/protobuf', 'grpc'] as const)('understands all three signals over %s', async (protocol) => {
    const serviceName = `shop-${protocol.replace('/', '-')}`;
    const otlp = {
      url: protocol === 'grpc' ? collector!.grpc : collector!.http,
      protocol,
      serviceName,
      compression: 'gzip' as const,
      signals: ['traces', 'metrics', 'logs'] as const,
    };
    const logs = { destination: { file: '/dev/null' } };
    const imports = [TelemetryModule.forRoot({ otlp, logs, traces: { sampling: { ratio: 1 } } })];
    const app = await createTestingApplication({ imports, providers: [PointService] });
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const headers = { traceparent, tracestate: 'vendor=1' };
    await app.inject({ method: 'POST', url: '/points', headers, payload: [{ x: 1 }] });
    await new Promise((resolve) => setImmediate(resolve));
    await app.nest.get(OtlpExport).flush(5000);
    const ours = <T extends { resource?: Record<string, unknown> }>(items: readonly T[]): T[] =>
      items.filter(({ resource }) => resource?.['service.name'] === serviceName);
    await collector!.until(
      ({ traces, metrics, logs: lines }) =>
        ours(traces).length >= 3 && ours(metrics).length > 0 && ours(lines).length > 0,
    );
    const spans = ours(collector!.traces);
    const server = spans.find(({ name }) => name === 'POST /points')!;
    expect(server).toMatchObject({
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      parentSpanId: '00f067aa0ba902b7',
      traceState: 'vendor=1',
      kind: 2,
      attributes: { 'http.request.method': 'POST', 'http.response.status_code': '200', 'witan.rows': '1' },
    });
    const queue = spans.find(({ name }) => name === 'queue')!;
    expect(queue['parentSpanId']).toBe(server['spanId']);
    const batch = spans.find(({ name }) => name.startsWith('batch '))!;
    expect(batch['links'][0]).toMatchObject({ spanId: server['spanId'] });
    const duration = ours(collector!.metrics).find(({ name }) => name === 'http.server.request.duration')!;
    expect(duration).toMatchObject({ unit: 's', histogram: { aggregationTemporality: 2 } });
    expect(duration['histogram'].dataPoints[0]).toMatchObject({ count: '1' });
    expect(ours(collector!.logs)[0]).toMatchObject({ traceId: server['traceId'], severityNumber: 9 });
    expect(app.nest.get(OtlpExport).counts).toMatchObject({ traces: { failed: 0, dropped: 0 }, logs: { failed: 0 } });
    await app.close();
  });
});
