/**
 * Which model answers: `iris@3` a version or an alias, `iris` and `iris@latest` the version that answers requests that
 * name none.
 */
export type ModelReference = string;

/** One of the models that an experiment compares. */
export interface VariantOptions {
  readonly model: ModelReference;
  /** Its share of the keys, from 0 to 1. @default what the others leave, shared evenly by those that say nothing */
  readonly weight?: number;
}

/** A model that is given copies of the requests; nobody sees its answers. */
export interface ShadowOptions {
  readonly model: ModelReference;
  /** Share of the requests that it is given, from 0 to 1. @default 1 */
  readonly sample?: number;
}

/** When two numbers count as equal: `|a - b| <= absolute + relative * |b|`, `b` what the caller was given. */
export interface Tolerance {
  /** @default 1e-6 */
  readonly absolute?: number;
  /** @default 1e-5 */
  readonly relative?: number;
}

/** How shadows are held back; all shadows of an experiment share it. */
export interface ShadowLimits extends Tolerance {
  /** Requests that may wait; beyond it the oldest is dropped and counted. @default 256 */
  readonly maxQueue?: number;
  /** Bytes of what waits: the requests' rows, and their answers to compare with. @default 67_108_864 (64 MiB) */
  readonly maxQueueBytes?: number;
  /** Rows that are given to a shadow at once. @default 64 */
  readonly maxRows?: number;
  /** What waited longer is dropped and counted. @default 5_000 */
  readonly maxAgeMs?: number;
}

/** A weight that changes by itself. What it gives or takes is the control's. */
export interface RampOptions {
  readonly variant: string;
  /** @default the variant's weight */
  readonly from?: number;
  readonly to: number;
  /** When it begins: a date with time zone (`2026-03-01T08:00:00Z`), or milliseconds since the epoch. */
  readonly start: string | number;
  readonly durationMs: number;
  /** In so many equal steps, the first at the start; left out: in a straight line. */
  readonly steps?: number;
}

/** What is kept to join outcomes with the requests that they belong to. */
export interface OutcomeOptions {
  /** Keys (or requests, where there is no key) that are remembered; the oldest goes first. @default 50_000 */
  readonly maxUnits?: number;
  /** How long after the first request an outcome still counts. @default 86_400_000 (a day) */
  readonly windowMs?: number;
  /** The metrics that are taken. @default the first 32 names that are reported */
  readonly metrics?: readonly string[];
}

/** An experiment: `@Experiment`, `ExperimentModule.forRoot`, or `experiments` in the file of `witan serve --config`. */
export interface ExperimentOptions {
  /** By name. The key of a request always leads to the same one, while the weights stay. */
  readonly variants: Readonly<Record<string, ModelReference | VariantOptions>>;
  /** The variant that stands in for others, and that the others are compared with. @default `control`, or the first one */
  readonly control?: string;
  /**
   * What the same variant is kept for: `header:x-user`, `param:user`, `column:user_id` (of the first row), `principal`
   * (the name of the API key, or what a guard has set), or `request`: nothing is kept. @default 'request'
   */
  readonly key?: string;
  /** What a request without key gets: a variant by its request id, or the control. @default 'request' */
  readonly missingKey?: 'request' | 'control';
  /** Makes other choices than another experiment with the same keys. @default the experiment's name */
  readonly salt?: string;
  /** Models that are given copies of the requests. */
  readonly shadow?: readonly (ModelReference | ShadowOptions)[];
  readonly shadowLimits?: ShadowLimits;
  readonly ramp?: RampOptions;
  /** Whether the header `x-witan-variant` chooses the variant, for tests. @default false */
  readonly allowForced?: boolean;
  /** Whether services tell callers their variant in the header `x-witan-variant`. @default false */
  readonly reveal?: boolean;
  /**
   * What keeps a record of every exposure: the name of a sink of `SinksModule.forRoot`, or what `logTo` of @witan/sinks
   * gives. An answer waits for the record where the sink is lossless.
   */
  readonly exposures?: string | object;
  /** What exposures say of the key: a hash of it, or the key itself. @default 'hash' */
  readonly exposedKey?: 'hash' | 'plain';
  readonly outcomes?: OutcomeOptions;
}

/** Options of `ExperimentModule.forRoot`. */
export interface ExperimentModuleOptions {
  /** By name, which is also the name of a model for protocols and typed services. */
  readonly experiments?: Readonly<Record<string, ExperimentOptions>>;
}
