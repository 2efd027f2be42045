import type { ServedModel } from '../model/served-model.js';
import type { ModelConfig } from './model-config.js';

/** Where a version is in its life; Triton's words. */
export type VersionState = 'UNAVAILABLE' | 'LOADING' | 'READY' | 'UNLOADING';

/** One version of a model, as protocols, health and tools see it. */
export interface VersionDescription {
  readonly version: string;
  readonly state: VersionState;
  /** Why it is not ready: `unloaded`, or the text of the error. */
  readonly reason: string;
  /** The error's code, where it failed. */
  readonly code?: string;
  /** Loaded when it is first asked for. */
  readonly lazy: boolean;
  /** Size of its files in bytes. */
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly loadedAt?: number;
}

/** One model with all versions that the store has or had. */
export interface ModelDescription {
  readonly name: string;
  readonly versions: readonly VersionDescription[];
  /** What answers a request that names no version; absent while nothing can. */
  readonly defaultVersion?: string;
  /** Set when the default version was chosen by `rollback` or `pin` and does not follow the store. */
  readonly pinned: boolean;
  readonly aliases: Readonly<Record<string, string>>;
  readonly config: ModelConfig;
  /** Why a newer version in the store is not served, or the store could not be asked. */
  readonly warning?: string;
}

/** Options of {@link ModelDirectory.load}, as the Open Inference Protocol's load call gives them. */
export interface LoadModelOptions {
  /** Only this version. @default as the model's version policy says */
  readonly version?: string;
  /** In place of the configuration in the store: the text of a Triton ModelConfig as JSON. */
  readonly config?: string;
  /** Files in place of those in the store: `1/model.onnx` and its bytes. Needs `config`. */
  readonly files?: ReadonlyMap<string, Uint8Array>;
}

/**
 * Every model of an application, declared in code or found in a store: what protocols, `witan serve` and tools work on.
 * Injected by the class {@link ModelRegistry}, which implements it.
 */
export interface ModelDirectory {
  /** All known models, by name. */
  describeAll(): readonly ModelDescription[];
  describe(name: string): ModelDescription | undefined;
  /**
   * A version that is ready, loaded first if need be: by number, name or alias; without, the default one. A value, not
   * a promise, when it is loaded. Run it in the turn in which you got it: it may be replaced after.
   * @throws {INF_ERR_MODEL_NOT_FOUND | INF_ERR_VERSION_NOT_FOUND}
   * @throws {INF_ERR_MODEL_UNAVAILABLE} known, but it cannot be served now; the text says why
   */
  use(name: string, version?: string): ServedModel | Promise<ServedModel>;
  /** Loads a model, or reads it anew: the new version takes over when it is warm. @throws as {@link use} */
  load(name: string, options?: LoadModelOptions): Promise<void>;
  /** Lets a model go; what is under way is answered. @throws {INF_ERR_MODEL_NOT_FOUND} */
  unload(name: string, version?: string): Promise<void>;
  /** Names a version; `undefined` takes the name away. @throws {INF_ERR_MODEL_NOT_FOUND | INF_ERR_VERSION_NOT_FOUND | INF_ERR_ALIAS} */
  setAlias(name: string, alias: string, version: string | undefined): Promise<void>;
  /**
   * Back to the version that served before, which then stays until {@link unpin} (or a load) lets it go; gives that version.
   * @throws {INF_ERR_MODEL_NOT_FOUND | INF_ERR_ROLLBACK} when there is none before
   */
  rollback(name: string): Promise<string>;
  /** The default version follows the store again. */
  unpin(name: string): Promise<void>;
  /** Asks the store now. Resolves when every change that was found has taken effect or failed. */
  refresh(): Promise<void>;
  /** Calls `listener` with the model's name after anything about it changed; gives back how to stop. */
  onChange(listener: (name: string) => void): () => void;
}
