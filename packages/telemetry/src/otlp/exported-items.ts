import type { NumberMetric } from '../metrics/snapshot.js';
import type { ExportCounts } from './export-queue.js';
import type { MetricExportCounts } from './metric-export.js';

/** What became of spans, log lines and exports of metrics; `undefined`: nobody asked for them. */
export interface OtlpCounts {
  readonly traces: ExportCounts | undefined;
  readonly logs: ExportCounts | undefined;
  readonly metrics: MetricExportCounts | undefined;
}

/** The counts as a metric, for the exporters that work. */
export function exportedItems(counts: OtlpCounts, startEpochMs: number): NumberMetric {
  const points = Object.entries(counts).flatMap(([signal, outcomes]: [string, object | undefined]) =>
    Object.entries(outcomes ?? {}).map(([outcome, value]) => ({
      labels: { signal, outcome },
      startEpochMs,
      value: value as number,
    })),
  );
  return {
    descriptor: {
      name: 'witan.telemetry.exported',
      kind: 'counter',
      unit: '{item}',
      description:
        'Spans, log lines and exports of metrics that were sent by OTLP, dropped for want of room, or failed',
    },
    points,
  };
}
