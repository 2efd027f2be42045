import type { PushMetricExporter, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { InstrumentationScope } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import type { MetricSnapshot } from '../metrics/snapshot.js';
import { metricData } from './metric-data.js';

export interface MetricExportParts {
  readonly exporter: PushMetricExporter;
  readonly resource: Resource;
  readonly scope: InstrumentationScope;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  collect(): MetricSnapshot;
  report(error: unknown): void;
}

/** Exports of metrics that came through, and that did not. */
export interface MetricExportCounts {
  readonly sent: number;
  readonly failed: number;
}

/** Sends all metrics at intervals: those that Witan has added up, and those of meters of the user's own. */
export interface MetricExport {
  readonly counts: MetricExportCounts;
  /** Sends what is there now. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Starts to send. OpenTelemetry's SDK is loaded here; Witan's own numbers do not pass through its instruments. */
export async function startMetricExport(parts: MetricExportParts): Promise<MetricExport> {
  const { MeterProvider, PeriodicExportingMetricReader } = await import('@opentelemetry/sdk-metrics');
  const { metrics: api } = await import('@opentelemetry/api');
  const { resource, scope, intervalMs, timeoutMs } = parts;
  const counted = new CountedExporter(parts.exporter, parts.report);
  const collect = async (): Promise<{ resourceMetrics: ResourceMetrics; errors: unknown[] }> => ({
    resourceMetrics: { resource, scopeMetrics: [{ scope, metrics: metricData(parts.collect()) }] },
    errors: [],
  });
  const reader = new PeriodicExportingMetricReader({
    exporter: counted,
    exportIntervalMillis: intervalMs,
    exportTimeoutMillis: Math.min(timeoutMs, intervalMs),
    metricProducers: [{ collect }],
  });
  const provider = new MeterProvider({ resource, readers: [reader] });
  const ours = api.setGlobalMeterProvider(provider);
  return {
    get counts() {
      return counted.counts;
    },
    flush: () => provider.forceFlush(),
    async close() {
      if (ours) api.disable();
      await provider.shutdown();
    },
  };
}

/** Counts what comes through. */
class CountedExporter implements PushMetricExporter {
  private sent = 0;
  private failed = 0;

  constructor(
    private readonly exporter: PushMetricExporter,
    private readonly report: (error: unknown) => void,
  ) {}

  get counts(): MetricExportCounts {
    const { sent, failed } = this;
    return { sent, failed };
  }

  export(metrics: ResourceMetrics, done: Parameters<PushMetricExporter['export']>[1]): void {
    this.exporter.export(metrics, (result) => {
      if (result.code === 0) this.sent++;
      else {
        this.failed++;
        this.report(result.error ?? new Error('refused'));
      }
      done(result);
    });
  }

  selectAggregationTemporality: PushMetricExporter['selectAggregationTemporality'] = (kind) =>
    this.exporter.selectAggregationTemporality!(kind);

  forceFlush(): Promise<void> {
    return this.exporter.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.exporter.shutdown();
  }
}
