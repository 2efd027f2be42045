import { channel } from 'node:diagnostics_channel';
import type { ExecutionMode } from '../runner/runner.js';

/** What `witan.model.load` says once a model is ready or was refused. */
export interface ModelLoadEvent {
  readonly name: string;
  readonly version: string;
  readonly ok: boolean;
  /** From the file to the warm model, with the trial. Milliseconds. */
  readonly durationMs: number;
  readonly mode?: ExecutionMode;
  /** The load alone. Milliseconds. */
  readonly loadMs?: number;
  readonly provider?: string;
  readonly error?: unknown;
}

/** `node:diagnostics_channel` of that name; costs nothing while nobody listens. */
export const modelLoadChannel = channel('witan.model.load');
