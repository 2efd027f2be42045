import { coreError } from '../errors/core.errors.js';
import type { BatchItem } from './batch-item.js';
import { batchError } from './batch.errors.js';
import type { GateState } from './gate-state.js';
import { cancelledError, deadlineOf, orderOf } from './waiting.js';

const SWEEP_EVERY_MS = 10;
const UNKNOWN_RETRY_MS = 1000;
const MAX_RETRY_MS = 60_000;

/** Says at once what has no chance: the cancelled, the expired, what passes the queue's bound or its own deadline. */
export class Admission<C> {
  private sweptAt = -Infinity;

  constructor(
    private readonly state: GateState<C>,
    /** Takes out of the queue what nobody waits for. */
    private readonly sweep: (now: number) => void,
  ) {}

  refusal(item: BatchItem<C>, now: number): Error | undefined {
    if (item.signal?.aborted || item.caller?.aborted) {
      this.state.counters.cancelled++;
      return cancelledError();
    }
    return this.refusalWhenFull(item, now) ?? this.refusalWhenLate(item, now);
  }

  private refusalWhenFull(item: BatchItem<C>, now: number): Error | undefined {
    const weight = item.frame.rows || 1;
    if (this.hasRoom(weight)) return undefined;
    if (now - this.sweptAt >= SWEEP_EVERY_MS) {
      this.sweptAt = now;
      this.sweep(now);
      if (this.hasRoom(weight)) return undefined;
    }
    const { name, counters, settings, queues } = this.state;
    counters.refusedFull++;
    return batchError(
      'CORE_ERR_BATCH_QUEUE_FULL',
      `'${name}' has ${queues.total.weight} rows waiting; ${weight} more would pass the limit of ${settings.maxQueueRows}: retry later`,
      { retryAfterMs: this.retryAfterMs(now, weight) },
    );
  }

  private hasRoom(weight: number): boolean {
    const waiting = this.state.queues.total.weight;
    return waiting === 0 || waiting + weight <= this.state.settings.maxQueueRows;
  }

  private refusalWhenLate(item: BatchItem<C>, now: number): Error | undefined {
    const deadline = deadlineOf(item);
    if (deadline === Infinity) return undefined;
    if (deadline <= now) {
      this.state.counters.expired++;
      return coreError('CORE_ERR_DEADLINE', 'the deadline had passed when the rows came to be batched');
    }
    const { rows } = item.frame;
    if (now + this.predictMs(rows, this.state.queues.total.weight, now) <= deadline) return undefined;
    const ahead = this.rowsBefore(orderOf(item, deadline, now));
    const predictedMs = this.predictMs(rows, ahead, now);
    if (now + predictedMs <= deadline) return undefined;
    this.state.counters.refusedLate++;
    return coreError(
      'CORE_ERR_DEADLINE',
      `the predicted wait of ${Math.ceil(predictedMs)} ms behind ${ahead} rows passes the deadline in ${Math.ceil(deadline - now)} ms: allow more time or retry later`,
    );
  }

  /**
   * How long until `rows` that arrive now would be answered, by the fitted line. 0 where a runner is free and nothing
   * is ahead: such rows are always taken, so that a line that is wrong corrects itself.
   */
  private predictMs(rows: number, rowsAhead: number, now: number): number {
    const { cost, flights, settings } = this.state;
    if (!cost.known || (rowsAhead === 0 && !flights.isFull)) return 0;
    const { maxRows, concurrency } = settings;
    const fullBatches = Math.floor(rowsAhead / maxRows);
    const together = (rowsAhead % maxRows) + rows;
    return flights.busyMs(now) + (fullBatches * cost.predict(maxRows)) / concurrency + cost.predict(together);
  }

  private rowsBefore(order: number): number {
    let rows = 0;
    for (const queue of this.state.queues.active) rows += queue.weightBefore(order);
    return rows;
  }

  /** When about as many rows as were refused will have left the queue. */
  private retryAfterMs(now: number, rows: number): number {
    if (!this.state.cost.known) return UNKNOWN_RETRY_MS;
    const waiting = this.state.queues.total.weight;
    return Math.min(MAX_RETRY_MS, Math.max(1, this.predictMs(rows, Math.min(waiting, rows), now)));
  }
}
