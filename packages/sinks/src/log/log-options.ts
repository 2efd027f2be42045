/** What becomes of a column that must not be seen: it is left out, replaced by a keyed hash, or by `***`. */
export type Redaction = 'drop' | 'hash' | 'mask';

/** What is kept of the calls of one place. `C`: the names of its columns, for the compiler. */
export interface LogOptions<C extends string = string> {
  /** The columns that came in: all, none, or those. @default true */
  readonly input?: boolean | readonly C[];
  /** The columns that went out: all, none, or those. @default true */
  readonly output?: boolean | readonly C[];
  /** Of both directions, only these. @default all */
  readonly columns?: readonly C[];
  /**
   * Which share of requests, from 0 to 1. Chosen by a hash of the request id, so that all records of a request, also
   * those of other places and processes, agree. @default 1
   */
  readonly sample?: number;
  /** By column, in both directions. `hash` needs `hashKey` of the module. */
  readonly redact?: Readonly<Partial<Record<C, Redaction>>>;
  /** Also the bytes of the request. Cannot be had together with `redact`. @default false */
  readonly raw?: boolean;
  /** Also where the time went. Measuring it costs about 1 us a request. @default false */
  readonly phases?: boolean;
}

const LOG_REQUEST = Symbol.for('witan.sinks.logRequest');

/** What `@Log` and `logTo` leave for the sinks to find. */
export interface LogRequest {
  readonly [LOG_REQUEST]: true;
  readonly sink: string;
  readonly options: LogOptions;
}

/**
 * What `@Log` says, for models: `ModelModule.forFeature({ name: 'iris', log: logTo('audit', { sample: 0.1 }) })`. Whatever
 * runs the model is kept: services, the Open Inference Protocol, Hushar.
 */
export function logTo<C extends string = string>(sink: string, options: LogOptions<C> = {}): LogRequest {
  return { [LOG_REQUEST]: true, sink, options: options as LogOptions };
}

export function isLogRequest(value: unknown): value is LogRequest {
  return typeof value === 'object' && value !== null && LOG_REQUEST in value;
}
