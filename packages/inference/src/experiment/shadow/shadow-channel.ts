import { channel } from 'node:diagnostics_channel';

/** What `witan.shadow` says of each request that a shadow was given, or was to be given. */
export interface ShadowEvent {
  readonly experiment: string;
  /** The shadow as the experiment names it: `iris@5`. */
  readonly shadow: string;
  /** The variant whose answer the caller was given. */
  readonly variant: string;
  readonly requestId: string;
  /** `compared`; `failed`: its run; `unavailable`: it is not loaded; `dropped`: too many waited, or it waited too long. */
  readonly outcome: 'compared' | 'failed' | 'unavailable' | 'dropped';
  readonly rows: number;
  /** Rows that are equal, within the tolerance. */
  readonly matched: number;
  readonly maxDifference: number;
  /** Of the shadow's run, with its wait for the model. */
  readonly durationMs: number;
  readonly error?: unknown;
}

/** Published only while somebody subscribes. */
export const shadowChannel = channel('witan.shadow');
