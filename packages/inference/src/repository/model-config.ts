import type { ModelBatchOptions } from '../module/model-options.js';
import type { RunnerOptions } from '../runner/runner-options.js';

/** Which versions of a model are loaded. */
export type VersionPolicy =
  | { readonly kind: 'latest'; readonly count: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'specific'; readonly versions: readonly string[] };

/** An input or output as a configuration declares it; checked against the file's own signature at load. */
export interface TensorConfig {
  readonly name: string;
  /** Open Inference Protocol's name: `FP32`, `INT64`, `BYTES`, … */
  readonly datatype: string;
  /** Without the batch dimension where `maxBatchSize > 0`, as Triton has it; -1: any size. */
  readonly dims: readonly number[];
  /** The names of an output's classes, for classification: a file below the model's folder. */
  readonly labelFile?: string;
}

/** What a model's `config.pbtxt`, `witan.yaml` or `MLmodel` says, in one form. */
export interface ModelConfig {
  /** What it was read from; absent where the model has no configuration. */
  readonly source?: 'config.pbtxt' | 'witan.yaml' | 'MLmodel' | 'override';
  /** Rows a batch may have; 0: the model takes no batches. @default what the file's signature allows */
  readonly maxBatchSize?: number;
  readonly inputs?: readonly TensorConfig[];
  readonly outputs?: readonly TensorConfig[];
  /** From `dynamic_batching`; absent: Witan's defaults. */
  readonly batch?: ModelBatchOptions;
  /** @default { kind: 'latest', count: 1 } */
  readonly versionPolicy?: VersionPolicy;
  /** Execution mode, threads (Triton's instance count), session options, timeouts. */
  readonly runner?: RunnerOptions;
  /** Row counts to warm up with, beside those that every load measures. */
  readonly warmUpRows?: readonly number[];
  /** Names for versions: `{ champion: '3' }`. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** The version (or alias) that answers when a request names none. @default the latest that is ready */
  readonly defaultVersion?: string;
  /** A vectorization file, below the model's folder. */
  readonly vectorize?: string;
  /** The names of an output's classes, by output: from the label files, or written in `witan.yaml`. */
  readonly labels?: Readonly<Record<string, readonly string[]>>;
  /** Triton's free `parameters`. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** SHA-256 of files, by path below the model's folder. */
  readonly sha256?: Readonly<Record<string, string>>;
  /** What was read and does not apply here, one text each: `optimization.cuda: there is no GPU`. */
  readonly ignored: readonly string[];
}
