/** Which requests have spans. They are exported where `otlp` is given; without it only their ids are known. */
export interface TraceOptions {
  readonly sampling?: SamplingOptions;
  /**
   * Makes the request the active context of whatever it runs: spans of your own (`@opentelemetry/api`) become its
   * children and are exported with it, `traceHeaders()` needs no argument, and lines of a {@link JsonLogger} have its
   * ids. Node 20 and 22 then follow every promise of the process, which costs each request some microseconds.
   * @default true where an SDK of OpenTelemetry's, or a JsonLogger, is there before the application; else false
   */
  readonly context?: boolean;
  /**
   * With {@link context}: receives the spans that your own code starts with `@opentelemetry/api`, unless an SDK of yours
   * does already. @default true
   */
  readonly ownSpans?: boolean;
}

/** Whose spans are kept. */
export interface SamplingOptions {
  /** The share of requests that begin a trace here and are kept, from 0 to 1. @default 0.01 */
  readonly ratio?: number;
  /**
   * What else is kept, decided when the request is over: the first rule that fits. They also keep requests whose caller
   * did not sample its trace. @default [{ errors: true }]
   */
  readonly rules?: readonly SamplingRule[];
}

/** Fits a request for which all that is given holds. */
export interface SamplingRule {
  /** Failed by the server's doing: HTTP 5xx; gRPC UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS. */
  readonly errors?: true;
  /** Took at least this long. Milliseconds. */
  readonly slowerThanMs?: number;
  /** The service's class, or a protocol's name (`oip`, `hushar`). */
  readonly service?: string;
  /** Used this model. */
  readonly model?: string;
  /** Of this experiment. */
  readonly experiment?: string;
  /** Answered by this variant. */
  readonly variant?: string;
  /** The share of those that fit which is kept, from 0 to 1. @default 1 */
  readonly ratio?: number;
}

export const DEFAULT_TRACE_RATIO = 0.01;
export const DEFAULT_SAMPLING_RULES: readonly SamplingRule[] = [{ errors: true }];
