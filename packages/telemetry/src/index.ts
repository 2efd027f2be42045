// For users.
export { TelemetryModule } from './module/telemetry.module.js';
export type { TelemetryModuleOptions } from './module/telemetry-options.js';
export type { MetricOptions } from './metrics/metric-options.js';
export type { PrometheusOptions } from './prometheus/prometheus-options.js';
export type { EmfOptions } from './emf/emf-options.js';
export type { LogOptions } from './logs/log-options.js';
export type { OtlpOptions } from './otlp/otlp-options.js';
export type { TraceOptions } from './traces/trace-options.js';
export type { BaselineOptions, SummaryOptions } from './summary/summary-options.js';
export { Summaries } from './summary/summaries.js';
export type { CategoryReport, ColumnReport, NumberReport, SummaryReport } from './summary/summary-report.js';
export { mergeSummaries } from './summary/summary-state.js';
export type { SideState, SummaryState } from './summary/summary-state.js';
export { driftChannel } from './summary/drift/drift-channel.js';
export type { DriftEvent } from './summary/drift/drift-channel.js';
export type { DriftOptions, DriftThresholds } from './summary/drift/drift-options.js';
export type { ColumnDrift } from './summary/drift/compare-columns.js';
export type { WindowName } from './summary/column/column-watch.js';

// For sibling packages (@internal).
export { Metrics } from './metrics/metrics.js';
export type { MetricSource, TraceOf } from './metrics/metrics.js';
export type { DeltaReader } from './metrics/delta-reader.js';
export type {
  Exemplar,
  HistogramMetric,
  HistogramPoint,
  Labels,
  Metric,
  MetricDescriptor,
  MetricKind,
  MetricSnapshot,
  NumberMetric,
  NumberPoint,
} from './metrics/snapshot.js';
