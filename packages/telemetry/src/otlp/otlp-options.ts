export type OtlpProtocol = 'http/protobuf' | 'grpc';
export type OtlpSignal = 'metrics' | 'traces' | 'logs';

/**
 * Metrics, traces and logs to an OpenTelemetry collector. What is not given here is taken from OpenTelemetry's
 * environment variables: `OTEL_EXPORTER_OTLP_*`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`,
 * `OTEL_METRIC_EXPORT_INTERVAL`, `OTEL_SDK_DISABLED`, and `OTEL_{TRACES,METRICS,LOGS}_EXPORTER=none`.
 */
export interface OtlpOptions {
  /** The collector, without `/v1/traces` and the like. @default 'http://localhost:4318', of gRPC 'http://localhost:4317' */
  readonly url?: string;
  /** @default 'http/protobuf' */
  readonly protocol?: OtlpProtocol;
  /** Sent with every export: an API key, a tenant. */
  readonly headers?: Readonly<Record<string, string>>;
  /** @default 'none' */
  readonly compression?: 'gzip' | 'none';
  /** @default metrics; and traces where `traces` are asked for. Logs only where they are named here */
  readonly signals?: readonly OtlpSignal[];
  /** `service.name` of the resource. @default `OTEL_SERVICE_NAME`, or 'witan' */
  readonly serviceName?: string;
  /** Further attributes of the resource: `deployment.environment.name`. */
  readonly resource?: Readonly<Record<string, string>>;
  /** How often metrics are sent. Milliseconds. @default 60_000 */
  readonly metricIntervalMs?: number;
  /** Whether sums count from the process's start or from the last export. @default 'cumulative' */
  readonly temporality?: 'cumulative' | 'delta';
  /** How long one export may take, retries included. Milliseconds. @default 10_000 */
  readonly timeoutMs?: number;
  /** How long the application's end waits for what is not sent yet. Milliseconds. @default 5000 */
  readonly shutdownTimeoutMs?: number;
  /** Bounds of the queues of spans and of log lines, each. */
  readonly queue?: QueueLimits;
}

/** What waits to be sent. */
export interface QueueLimits {
  /** Items that wait; more are dropped and counted. @default 2048 */
  readonly maxItems?: number;
  /** Items of one export: making its bytes takes about 10 us for each of them. @default 256 */
  readonly maxBatch?: number;
  /** How long items wait for others. Milliseconds. @default 1000 */
  readonly delayMs?: number;
}

export const DEFAULT_SHUTDOWN_TIMEOUT_MS = 5000;
export const DEFAULT_EXPORT_TIMEOUT_MS = 10_000;
