export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Where lines go: a stream of the process, or a file that is appended to. */
export type LogDestination = 'stdout' | 'stderr' | { readonly file: string };

/** One JSON line for each request, at most: `info` for what was answered, `warn` for a caller's mistake, `error` for ours. */
export interface LogOptions extends LogOutputOptions {
  /** The share of good requests that is logged, from 0 to 1; what fails is logged always. @default 1 */
  readonly sample?: number;
  /** Bounds the lines of one kind: same service or route, and same error. */
  readonly rateLimit?: LogRateLimit;
  /** Request headers (or gRPC metadata) that are logged, under `headers`; each is cut to 256 characters. @default none */
  readonly headers?: readonly string[];
}

/** How lines are written; also what a {@link JsonLogger} takes. */
export interface LogOutputOptions {
  /** The least level that is written. @default 'info' */
  readonly level?: LogLevel;
  /** @default 'stdout' */
  readonly destination?: LogDestination;
  /** Fields whose values are not written: `principal`, `headers.authorization`, `*.password`. @default none */
  readonly redact?: readonly string[];
  /** Bytes that may wait to be written, where the reader is slow; more lines are dropped and counted. @default 4 MiB */
  readonly maxWaitingBytes?: number;
}

export interface LogRateLimit {
  /** Lines a second of one kind, in the long run. @default 100 */
  readonly perSecond?: number;
  /** Lines of one kind at once. @default 200 */
  readonly burst?: number;
}

export const DEFAULT_MAX_WAITING_BYTES = 4 * 1024 * 1024;
