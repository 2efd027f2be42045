import { Batch, type ClosedBy, Share } from './batch.js';
import type { CostLine } from './cost-line.js';
import type { KeyQueue } from './key-queue.js';
import type { Waiting } from './waiting.js';

export interface Formation<C> {
  readonly now: number;
  readonly maxRows: number;
  /** Rows from which on the rest is left to the other runners that are free; at most `maxRows`. */
  readonly fairRows: number;
  readonly cost: CostLine;
  /** Settles a request whose caller is gone; it has left the queue already. */
  readonly drop: (waiting: Waiting<C>, now: number) => void;
}

/**
 * Takes the next batch out of a queue: requests in their order, as many as fit, without those that nobody waits for.
 * Gives `undefined` when nobody waits for any of them. `reason` is why the queue was let go, unless it was too full or
 * a deadline would have been missed.
 */
export function formBatch<C>(queue: KeyQueue<C>, reason: ClosedBy, formation: Formation<C>): Batch<C> | undefined {
  const { now, cost } = formation;
  const maxRows = queue.rowless ? Infinity : formation.maxRows;
  const shares: Share<C>[] = [];
  let rows = 0;
  let meetBy = Infinity;
  let closedBy = reason;
  for (let next = queue.first; next; next = queue.first) {
    if (next.isGone(now)) {
      formation.drop(queue.shift(), now);
      continue;
    }
    const take = Math.min(next.left, maxRows - rows);
    if (take <= 0 || (take < next.left && next.weight <= maxRows)) {
      closedBy = 'full';
      break;
    }
    if (rows > 0 && rows + take > formation.fairRows && !queue.rowless) {
      closedBy = rows + take > maxRows ? 'full' : 'shared';
      break;
    }
    const end = cost.known ? now + cost.predict(rows + take) : now;
    if (rows > 0 && end > meetBy) {
      closedBy = 'deadline';
      break;
    }
    if (next.deadline < meetBy && end <= next.deadline) meetBy = next.deadline;
    shares.push(takeShare(queue, next, rows, take, now));
    rows += take;
  }
  if (shares.length === 0) return undefined;
  if (rows >= maxRows) closedBy = 'full';
  return new Batch(shares, queue.rowless ? 0 : rows, closedBy, queue, now, cost.known ? cost.predict(rows) : 0);
}

function takeShare<C>(queue: KeyQueue<C>, waiting: Waiting<C>, start: number, take: number, now: number): Share<C> {
  queue.shift();
  const from = waiting.taken;
  waiting.taken += take;
  if (waiting.left > 0) {
    waiting.yieldTo(now);
    queue.insert(waiting);
  }
  return queue.rowless ? new Share(waiting, 0, 0, 0) : new Share(waiting, from, start, start + take);
}
