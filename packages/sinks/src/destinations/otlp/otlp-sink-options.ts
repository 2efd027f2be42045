import type { Clock } from '@witan/core';

/** Options of `OtlpSink`. */
export interface OtlpSinkOptions {
  /**
   * A collector's address; `/v1/logs` is added to one without a path.
   * @default OTEL_EXPORTER_OTLP_LOGS_ENDPOINT, OTEL_EXPORTER_OTLP_ENDPOINT, or `http://127.0.0.1:4318`
   */
  readonly url?: string;
  /** Sent with every request, `authorization` for example. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Of the resource. @default `{ 'service.name': 'witan' }`, or OTEL_SERVICE_NAME */
  readonly resource?: Readonly<Record<string, string>>;
  /** @default true */
  readonly gzip?: boolean;
  /** How long an answer may take. @default 10_000 */
  readonly timeoutMs?: number;
  /** Time, for tests. @default the system's */
  readonly clock?: Clock;
}
