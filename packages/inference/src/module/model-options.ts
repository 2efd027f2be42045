import type { BatchOptions, Clock } from '@witan/core';
import type { LoadedLimits } from '../repository/loaded-versions.js';
import type { VersionPolicy } from '../repository/model-config.js';
import type { CastRule } from '../model/cast.js';
import type { NullRule } from '../model/input-plan.js';
import type { NanRule } from '../model/output-frame.js';
import type { RunnerDefaults, RunnerOptions } from '../runner/runner-options.js';

/** How a model's gate forms batches; the number of batches in flight follows from its runners. */
export type ModelBatchOptions = Omit<BatchOptions, 'concurrency'>;

/** One model: `ModelModule.forFeature`. */
export interface ModelOptions extends RunnerOptions {
  /** What `@UseModel` and `@InjectModel` ask for. */
  readonly name: string;
  /** The file: absolute, or below the store; `.onnx` may be left out. @default the name */
  readonly path?: string;
  /**
   * Of a single file: what its version is called. Of a folder with versions: which one answers (a version or an alias),
   * whatever is newer. @default '1' for a file; the latest that is ready, or what the model's configuration says
   */
  readonly version?: string;
  /** Which versions of a folder are loaded. @default as the model's configuration says, or the latest one */
  readonly versions?: VersionPolicy;
  /** Loaded when it is first used, not at boot. @default false */
  readonly lazy?: boolean;
  /** Never let go to make room for others. What is not lazy never is. @default false */
  readonly pin?: boolean;
  /** How callers' rows are joined; `false`: every call is a run of its own. @default { maxRows: 64, maxDelayMs: 0, coalesce: 'auto' } */
  readonly batch?: ModelBatchOptions | false;
  /** `'lossy'`: columns may be rounded or wrapped to fit an input (f64 to f32, i64 to i32). @default 'lossless' */
  readonly cast?: CastRule;
  /** What a null cell is: an error, or NaN where column and input are floats. @default 'refuse' */
  readonly nulls?: NullRule;
  /** What a NaN among the answers is. @default 'allow' */
  readonly nan?: NanRule;
}

/** All models: `ModelModule.forRoot`. */
export interface ModelModuleOptions {
  /** How many models may be loaded at once, and how large; the least recently used make room. @default { maxModels: 128 } */
  readonly loaded?: LoadedLimits;
  /** Models that are fetched and loaded at the same time. @default 2 */
  readonly concurrentLoads?: number;
  /** The folder where models lie; a relative one is below the working directory. @default 'models' */
  readonly store?: string | URL;
  /** Defaults for every model's runners, and the workers that small models share. */
  readonly runners?: RunnerDefaults;
  /** Defaults for every model's gate. */
  readonly batch?: ModelBatchOptions;
  /** Time, for tests. @default the application's */
  readonly clock?: Clock;
}
