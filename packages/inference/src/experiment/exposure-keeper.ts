import type { AssignedCaller } from './assignment.js';
import type { ExposureEvent } from './exposure-channel.js';

/** Keeps a record of each exposure. */
export interface ExposureKeeper {
  /** Gives a promise where the answer has to wait until the record is safe. */
  keep(event: ExposureEvent, caller: AssignedCaller): void | Promise<void>;
}
