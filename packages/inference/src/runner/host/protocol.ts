import type { TensorMap } from '../../tensor/tensor.js';
import type { LoadReport } from '../runner.js';
import type { NativeSessionOptions } from '../session-options.js';

/** What a host (a worker or a child process) must know to load a model. */
export interface LoadRequest {
  readonly op: 'load';
  /** The model's key in this host. */
  readonly model: string;
  readonly path: string;
  readonly options: NativeSessionOptions;
  /** The largest row count of the warm-up; 0: no warm-up. */
  readonly warmUpRows: number;
  /** Load it twice if need be, to know what a load costs in a process that has loaded others. */
  readonly timed: boolean;
}

export interface RunRequest {
  readonly op: 'run';
  readonly model: string;
  readonly feeds: TensorMap;
  readonly outputs: readonly string[];
}

export interface UnloadRequest {
  readonly op: 'unload';
  readonly model: string;
}

/** One at a time: the next request is sent when the last one was answered. */
export type HostRequest = LoadRequest | RunRequest | UnloadRequest | { readonly op: 'end' };

export type HostReply =
  | { readonly ok: true; readonly value: LoadReport | TensorMap | undefined }
  | { readonly ok: false; readonly code: 'INF_ERR_MODEL_LOAD' | 'INF_ERR_RUN'; readonly message: string };

/** What a worker thread is started with. */
export interface WorkerData {
  /** See `RunnerDefaults.niceness`. */
  readonly niceness: number;
}
