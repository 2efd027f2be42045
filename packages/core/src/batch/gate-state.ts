import type { Clock } from '../clock.js';
import type { ResolvedBatchOptions } from './batch-options.js';
import type { BatchCounters } from './batch-stats.js';
import type { CostLine } from './cost-line.js';
import type { Flights } from './flights.js';
import type { KeyQueues } from './key-queues.js';

/** What the parts of one gate share. */
export interface GateState<C> {
  readonly name: string;
  readonly clock: Clock;
  readonly cost: CostLine;
  readonly counters: BatchCounters;
  readonly queues: KeyQueues<C>;
  flights: Flights<C>;
  /** Replaced as a whole when the gate is configured. */
  settings: ResolvedBatchOptions;
}
