import { channel } from 'node:diagnostics_channel';
import type { ExecutionMode } from '../runner/runner.js';

/**
 * What happened to a version of a model. `load`: it is ready, or was refused (`ok: false`, with `error`). `swap`: from
 * now on it answers requests that name no version. `unload`: it is used no more. `evict`: the same, to make room.
 */
export type ModelLoadKind = 'load' | 'swap' | 'unload' | 'evict';

/** What `witan.model.load` says whenever a model's version comes, takes over, goes or is refused. */
export interface ModelLoadEvent {
  readonly kind: ModelLoadKind;
  readonly name: string;
  readonly version: string;
  readonly ok: boolean;
  /** Of a load: from the file to the warm model, with fetching and the trial. Milliseconds. */
  readonly durationMs: number;
  readonly mode?: ExecutionMode;
  /** The load alone. Milliseconds. */
  readonly loadMs?: number;
  readonly provider?: string;
  /** Of a swap: the version that answered before. */
  readonly previousVersion?: string;
  /** Of an unload: why. */
  readonly reason?: string;
  readonly error?: unknown;
}

/** `node:diagnostics_channel` of that name; costs nothing while nobody listens. */
export const modelLoadChannel = channel('witan.model.load');

export function publishModelEvent(event: ModelLoadEvent): void {
  if (modelLoadChannel.hasSubscribers) modelLoadChannel.publish(event);
}
