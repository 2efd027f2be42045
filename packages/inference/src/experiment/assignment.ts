import type { ModelUse } from '@witan/core';
import type { ExperimentCaller } from './assign/key-source.js';

/** A request's caller, as an experiment asks it and tells it. A handler's Context fits as it is. */
export interface AssignedCaller extends ExperimentCaller {
  noteModel?(use: ModelUse): void;
  setHeader?(name: string, value: string): void;
}

/** What an experiment has chosen for one request; variants by their places. */
export interface Assignment {
  readonly caller: AssignedCaller;
  /** What the key leads to. */
  readonly assigned: number;
  /** What answers: the control, where the other one cannot. */
  readonly served: number;
  readonly key: string;
  readonly sticky: boolean;
  readonly forced: boolean;
  /** Chosen by chance, so that it may be compared: not forced, and not left to the control by a rule. */
  readonly isRandom: boolean;
  /**
   * What was counted of it so far: a request of many rows runs in several batches, and one whose batch failed for
   * another's sake runs again.
   */
  counted?: 'answered' | 'failed';
  /** Settles once the record of its exposure is safe. */
  kept?: void | Promise<void>;
}
