import type { BatchOptions, Class, Clock } from '@witan/core';
import type { LoadedLimits } from '../repository/loaded-versions.js';
import type { VersionPolicy } from '../repository/model-config.js';
import type { RefreshOptions } from '../repository/refresher.js';
import type { StoreCacheOptions } from '../store/cache/cached-tree.js';
import type { StoreOptions } from '../store/store-options.js';
import type { Store } from '../store/store.js';
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
  /**
   * The file, or the folder with its versions: absolute (of this machine), or below the store; `.onnx` may be left out.
   * With parameters (`iris/:run/:model`) each request chooses the model by its own parameters, and it is loaded when it
   * is first wanted. @default the name
   */
  readonly path?: string;
  /** Of a path with parameters: the class, with class-validator's decorators, that they have to fit. */
  readonly spec?: Class;
  /** Of a path with parameters: those that are loaded at boot. A failure is a warning. */
  readonly prefetch?: readonly Readonly<Record<string, string>>[];
  /** `false`: it stays as it was loaded, until the API says otherwise. @default true */
  readonly refresh?: boolean;
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
  /**
   * A vectorization: the path of a JSON file of this machine, or what one holds. Frames of its features become the
   * model's one input; others are taken as they are. @default the file that the model's configuration names
   */
  readonly vectorize?: string | object;
  /** What a NaN among the answers is. @default 'allow' */
  readonly nan?: NanRule;
  /**
   * What is to be kept of its runs, whoever asks for them (services, OIP, Hushar): what `logTo` of @witan/sinks gives, or
   * a list of it. @default as `ModelModule.forRoot` says
   */
  readonly log?: unknown;
}

/** All models: `ModelModule.forRoot`. */
export interface ModelModuleOptions {
  /** How many models may be loaded at once, and how large; the least recently used make room. @default { maxModels: 128 } */
  readonly loaded?: LoadedLimits;
  /** Models that are fetched and loaded at the same time. @default 2 */
  readonly concurrentLoads?: number;
  /**
   * Where models lie: a folder (a relative one is below the working directory), `http(s)://…`, `s3://bucket/prefix`, or a
   * Store. @default 'models'
   */
  readonly store?: string | URL | Store;
  /** Keys, time limits and retries of the store. */
  readonly storeOptions?: StoreOptions;
  /** Where files of a store that is not on this machine are kept, and how much of them. */
  readonly cache?: StoreCacheOptions;
  /** Copies the files of a local folder into the cache too, so that overwriting one changes nothing that is served. @default false */
  readonly copyLocal?: boolean;
  /**
   * `'all'`: every model of the store is served, beside those that the code declares; one that cannot be loaded touches
   * no other. @default 'declared'
   */
  readonly serve?: 'declared' | 'all';
  /** Of models that are served because they are in the store: loaded at boot, as many as may be, or when first used. @default 'eager' */
  readonly loading?: 'eager' | 'lazy';
  /** Of those: loaded at boot although loading is lazy. */
  readonly prefetch?: readonly string[];
  /** Of those: never let go to make room for others. */
  readonly pin?: readonly string[];
  /** When the store is asked again. @default only when the API says so */
  readonly refresh?: RefreshOptions;
  /** The file that keeps aliases and rollbacks over a restart; its folder is made. @default they end with the process */
  readonly stateFile?: string;
  /** Defaults for every model's runners, and the workers that small models share. */
  readonly runners?: RunnerDefaults;
  /** Defaults for every model's gate. */
  readonly batch?: ModelBatchOptions;
  /** What is to be kept of the runs of models that do not say it themselves. @default nothing */
  readonly log?: unknown;
  /** Time, for tests. @default the application's */
  readonly clock?: Clock;
}
