import { channel } from 'node:diagnostics_channel';
import type { ClosedBy } from './batch.js';

/** What `witan.batch` says of each run. */
export interface BatchEvent {
  /** The gate's name: the handler or model. */
  readonly name: string;
  readonly key: string;
  readonly rows: number;
  readonly requests: number;
  readonly closedBy: ClosedBy;
  /** How long the oldest request of the batch waited. */
  readonly waitMs: number;
  readonly runMs: number;
  /** By the fitted line, before the run; 0 while nothing was known. */
  readonly predictedMs: number;
  readonly error: unknown;
}

/** Published after each run, only while somebody subscribes. */
export const batchChannel = channel('witan.batch');
