import type { Access } from '@witan/core';
import type { Frame } from '@witan/core/frame';
import { type DriftOptions, resolveDrift, type ResolvedDriftOptions } from './drift/drift-options.js';

/** What models are given and what they answer, summarised; see docs/guide/summaries.md. */
export interface SummaryOptions {
  /** How long a window is. @default 300_000 */
  readonly windowMs?: number;
  /**
   * Values that are looked at in a second, all models together: beyond that, rows are sampled. A value costs less than
   * 0.1 us, so that 100_000 are at most 1 % of a core. @default 100_000
   */
  readonly valuesPerSecond?: number;
  /** Relative error of quantiles. @default 0.01 */
  readonly accuracy?: number;
  /** Texts with counts for each text column; up to twice as many are held. @default 50 */
  readonly topValues?: number;
  /** Vectors of up to so many elements are summarised element by element, as `name[0]`, `name[1]`, …; wider ones, and lists, as one. @default 16 */
  readonly elementsUpTo?: number;
  /** Model versions that are kept; beyond that, the one that was idle longest goes. @default 64 */
  readonly maxVersions?: number;
  /** Columns of one version, inputs and outputs together; more are not summarised. @default 256 */
  readonly maxVersionColumns?: number;
  /** Columns of all versions together, some 45 kB each: where a new version might not find room, the one that was idle longest goes. @default 2048 */
  readonly maxColumns?: number;
  /** Columns, by name, of which nothing is kept. @default [] */
  readonly exclude?: readonly string[];
  /** Number columns, by name, whose values are counted one by one, as texts are: class labels and codes. @default [] */
  readonly categories?: readonly string[];
  /** `false`: models are not compared with their baselines. @default {} */
  readonly drift?: DriftOptions | false;
  readonly baselines?: BaselineOptions;
  /** Who may read summaries: they show frequent texts of the inputs. Recording a baseline needs `control`. @default 'predict' */
  readonly access?: Access;
}

export interface BaselineOptions {
  /**
   * A folder with one file a model: `MODEL.json` (a recorded baseline, or training rows as records or columns) or
   * `MODEL.arrow` (training rows as an Arrow IPC stream). Recorded baselines are written here. @default none: they are forgotten at the end
   */
  readonly folder?: string;
  /** Training rows by model: columns by the names of the model's inputs and outputs. @default {} */
  readonly frames?: Readonly<Record<string, Frame>>;
}

export interface ResolvedSummaryOptions extends Required<
  Omit<SummaryOptions, 'drift' | 'baselines' | 'exclude' | 'categories'>
> {
  readonly exclude: ReadonlySet<string>;
  readonly categories: ReadonlySet<string>;
  readonly drift: ResolvedDriftOptions | undefined;
  readonly baselines: BaselineOptions;
}

const DEFAULTS = {
  windowMs: 300_000,
  valuesPerSecond: 100_000,
  accuracy: 0.01,
  topValues: 50,
  elementsUpTo: 16,
  maxVersions: 64,
  maxVersionColumns: 256,
  maxColumns: 2048,
  access: 'predict',
} as const satisfies SummaryOptions;

const AT_LEAST_ONE = [
  'windowMs',
  'valuesPerSecond',
  'topValues',
  'maxVersions',
  'maxVersionColumns',
  'maxColumns',
] as const;

/** @throws {RangeError} for a number that means nothing */
export function resolveSummary(options: SummaryOptions = {}): ResolvedSummaryOptions {
  const { drift = {}, baselines = {}, exclude = [], categories = [], ...given } = options;
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const resolved = { ...DEFAULTS, ...set };
  for (const name of AT_LEAST_ONE) {
    if (!(resolved[name] >= 1)) throw new RangeError(`summary.${name} is ${resolved[name]}: it must be at least 1`);
  }
  const { accuracy } = resolved;
  if (!(accuracy >= 0.001 && accuracy <= 0.2))
    throw new RangeError(`summary.accuracy is ${accuracy}: it must be 0.001 to 0.2`);
  return {
    ...resolved,
    exclude: new Set(exclude),
    categories: new Set(categories),
    drift: drift === false ? undefined : resolveDrift(drift),
    baselines,
  };
}
