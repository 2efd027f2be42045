import type { Frame } from '../frame/frame.js';
import type { Context } from '../handler/context.js';
import type { RequestPhases } from '../handler/request-phases.js';

/** Who waits for the answer. A handler's Context fits as it is. Looked at when a batch is formed, so it needs no listeners. */
export interface BatchCaller {
  readonly aborted: boolean;
  /** {@link Clock.now} milliseconds. */
  readonly deadline: number | undefined;
  readonly priority: number;
  /** Only read when the batch's own signal is asked for. */
  readonly signal?: AbortSignal;
  /** Where the request's time went, if somebody wants to know: the gate adds how long it waited. */
  readonly phases?: RequestPhases | undefined;
  /** The request's Context, where the caller is not that itself. */
  readonly context?: Context | undefined;
}

/** One request's rows on their way into a batch. */
export interface BatchItem<C = unknown> {
  readonly frame: Frame;
  /** Items of different keys never share a batch (parameters, requested outputs). @default '' */
  readonly key?: string;
  readonly caller?: BatchCaller;
  /** For callers without a Context: the promise is rejected at once when it fires, wherever the rows are. */
  readonly signal?: AbortSignal;
  /** {@link Clock.now} milliseconds; the earlier one counts if the caller has a deadline too. */
  readonly deadline?: number;
  /** -10 to 10, higher goes first; goes before the caller's. @default 0 */
  readonly priority?: number;
  /** The caller's own; found again on {@link Batch.items}. */
  readonly context?: C;
  /** Rows that come from another gate: they are dispatched without delay, coalescing or waiting for the turn's end. */
  readonly immediate?: boolean;
}
