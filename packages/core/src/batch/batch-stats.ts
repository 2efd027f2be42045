import type { ClosedBy } from './batch.js';
import type { Cost } from './cost-line.js';

/** Counters since the gate was made, and what it holds now. */
export interface BatchStats {
  readonly batches: number;
  readonly rows: number;
  /** Requests that were part of a batch; one that was split counts once a part. */
  readonly requests: number;
  readonly closedBy: Readonly<Record<ClosedBy, number>>;
  /** Runs that failed, bisected ones included. */
  readonly failures: number;
  /** Refused because the queue was full. */
  readonly refusedFull: number;
  /** Refused because the predicted answer would have come after the deadline. */
  readonly refusedLate: number;
  /** Requests whose caller left before the answer. */
  readonly cancelled: number;
  /** Requests whose deadline passed in the gate. */
  readonly expired: number;
  /** Milliseconds that the oldest request of each batch waited, added up. */
  readonly waitMs: number;
  /** Milliseconds of all runs added up. */
  readonly runMs: number;
  /** Pauses for returning callers, and milliseconds of them added up. */
  readonly pauses: number;
  readonly pausedMs: number;
  readonly queuedRows: number;
  readonly queuedRequests: number;
  /** Batches that run now. */
  readonly inFlight: number;
  readonly inFlightRows: number;
  readonly cost: Cost & { readonly fitted: boolean };
}

/** The counters of {@link BatchStats} while they count. */
export class BatchCounters {
  batches = 0;
  rows = 0;
  requests = 0;
  failures = 0;
  refusedFull = 0;
  refusedLate = 0;
  cancelled = 0;
  expired = 0;
  waitMs = 0;
  runMs = 0;
  pauses = 0;
  pausedMs = 0;
  readonly closedBy: Record<ClosedBy, number> = {
    full: 0,
    idle: 0,
    shape: 0,
    delay: 0,
    shared: 0,
    coalesce: 0,
    deadline: 0,
    immediate: 0,
    drain: 0,
    bisect: 0,
  };
}
