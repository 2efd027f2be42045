import type { EmfOptions } from '../emf/emf-options.js';
import type { LogOptions } from '../logs/log-options.js';
import type { MetricOptions } from '../metrics/metric-options.js';
import type { OtlpOptions } from '../otlp/otlp-options.js';
import type { PrometheusOptions } from '../prometheus/prometheus-options.js';
import type { SummaryOptions } from '../summary/summary-options.js';
import type { TraceOptions } from '../traces/trace-options.js';

/** What `TelemetryModule.forRoot` takes. Each part is off, and nothing of it is loaded, unless it is asked for. */
export interface TelemetryModuleOptions {
  /** How metrics are aggregated. They are collected as soon as one of {@link prometheus}, {@link otlp} or {@link emf} wants them. */
  readonly metrics?: MetricOptions;
  /** `GET /metrics` for a Prometheus server. */
  readonly prometheus?: boolean | PrometheusOptions;
  /** Metrics, traces and logs to an OpenTelemetry collector. */
  readonly otlp?: OtlpOptions;
  /** Which requests have spans; they go to {@link otlp}. */
  readonly traces?: TraceOptions;
  /** One JSON line for each request, at most. */
  readonly logs?: boolean | LogOptions;
  /** Metrics for AWS CloudWatch, as lines of its embedded metric format. */
  readonly emf?: boolean | EmfOptions;
  /** What the columns of models and services hold, and whether that changes. */
  readonly summary?: boolean | SummaryOptions;
}
