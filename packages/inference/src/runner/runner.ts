import type { TensorMap } from '../tensor/tensor.js';
import type { ModelSignature } from './signature.js';

/** Where a model's runs happen: the main thread, worker threads, or child processes. */
export type ExecutionMode = 'inline' | 'worker' | 'process';

export type RunnerState = 'ready' | 'failed' | 'closed';

/** What loading and warming up took; milliseconds, without the way to the worker and back. */
export interface LoadReport {
  readonly signature: ModelSignature;
  readonly loadMs: number;
  /** The fastest of a few runs at each row count; empty when the warm-up did not work. */
  readonly warmUp: readonly WarmUpTime[];
  /** The execution provider that took the model, e.g. `cpu`. */
  readonly provider: string;
  /** What the operator should read: a provider that is missing, a warm-up that failed. */
  readonly warnings: readonly string[];
}

export interface WarmUpTime {
  readonly rows: number;
  readonly ms: number;
}

/**
 * Owns the ONNX sessions of one model. A run takes whole tensors and gives whole tensors; batching, mapping and
 * cancelling happen before it, because a run that has begun cannot be stopped.
 */
export interface Runner {
  readonly mode: ExecutionMode;
  readonly signature: ModelSignature;
  readonly report: LoadReport;
  /** How many runs may be under way at once with gain. */
  readonly concurrency: number;
  /** Whether {@link run} gives a value: the run is over when the call returns, and the feeds' buffers are free again. */
  readonly synchronous: boolean;
  readonly state: RunnerState;
  /** Why the state is `failed`. */
  readonly failure: Error | undefined;
  /**
   * Runs the model. Gives a value, not a promise, when the run happened on this thread.
   * `outputs`: which to compute; all when absent.
   * @throws {INF_ERR_RUN} onnxruntime failed on these tensors; nothing else is affected.
   * @throws {INF_ERR_RUNNER_EXIT} the worker or process ended during this run.
   * @throws {INF_ERR_RUN_TIMEOUT} the run passed its limit.
   * @throws {INF_ERR_MODEL_FAILED | INF_ERR_CIRCUIT_OPEN | INF_ERR_MODEL_CLOSED} not run at all.
   */
  run(feeds: TensorMap, outputs?: readonly string[]): TensorMap | Promise<TensorMap>;
  /** Waits up to `drainMs` for the runs under way, then lets go. Never ends a thread inside a native call. */
  close(drainMs: number): Promise<void>;
}
