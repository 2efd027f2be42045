import { channel } from 'node:diagnostics_channel';

/** What `witan.exposure` says of each request that an experiment has answered. */
export interface ExposureEvent {
  readonly experiment: string;
  /** What answered. */
  readonly variant: string;
  /** What the key leads to: another one than {@link variant} where the control stood in for it. */
  readonly assigned: string;
  readonly model: string;
  readonly version: string;
  readonly requestId: string;
  /** A hash of the key, or the key itself where the experiment says so. */
  readonly key: string;
  /** The request had a key; otherwise {@link key} is of its request id. */
  readonly sticky: boolean;
  /** The header `x-witan-variant` has chosen it. */
  readonly forced: boolean;
  /** Milliseconds since the epoch. */
  readonly epochMs: number;
}

/** Published once a request, and only while somebody subscribes. */
export const exposureChannel = channel('witan.exposure');
