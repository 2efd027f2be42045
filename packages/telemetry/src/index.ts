// For users.
export { TelemetryModule } from './module/telemetry.module.js';
export type { TelemetryModuleOptions } from './module/telemetry-options.js';
export type { MetricOptions } from './metrics/metric-options.js';
export type { PrometheusOptions } from './prometheus/prometheus-options.js';
export type { EmfDimension, EmfOptions } from './emf/emf-options.js';
export { JsonLogger } from './logs/json-logger.js';
export type { LogDestination, LogLevel, LogOptions, LogOutputOptions, LogRateLimit } from './logs/log-options.js';
export type { OtlpOptions, OtlpProtocol, OtlpSignal, QueueLimits } from './otlp/otlp-options.js';
export { traceHeaders } from './traces/trace-headers.js';
export type { TraceHeaders } from './traces/trace-headers.js';
export type { SamplingOptions, SamplingRule, TraceOptions } from './traces/trace-options.js';
export { Measure } from './interceptor/measure.decorator.js';
export type { MeasureDecorator, MeasureOptions } from './interceptor/measure.decorator.js';
export { TelemetryInterceptor } from './interceptor/telemetry.interceptor.js';
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
export { OtlpExport } from './otlp/otlp-export.js';
export type { OtlpCounts } from './otlp/exported-items.js';
export type { ExportCounts } from './otlp/export-queue.js';
export type { MetricExportCounts } from './otlp/metric-export.js';
export { RequestLog } from './logs/request-log.js';
export type { LogCounts } from './logs/request-log.js';
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
