import type { ClosedBy } from './batch.js';
import type { GateState } from './gate-state.js';
import type { KeyQueue } from './key-queue.js';

/** Which queue goes next, why, or when to look again. */
export class Readiness<C> {
  /** Why the queue that {@link next} gave may go. */
  reason: ClosedBy = 'idle';
  /** When {@link next} gave none: the time at which one may go; Infinity when that is the end of the turn. */
  lookAgainAt = Infinity;

  constructor(private readonly state: GateState<C>) {}

  /** Of the queues that may go, the one whose first request goes before the others'. */
  next(now: number, turnEnded: boolean, draining: boolean): KeyQueue<C> | undefined {
    const { active } = this.state.queues;
    let best: KeyQueue<C> | undefined;
    let oldest = Infinity;
    this.lookAgainAt = Infinity;
    for (let i = active.length - 1; i >= 0; i--) {
      const queue = active[i]!;
      if (queue.length === 0) {
        this.state.queues.deactivate(i);
        continue;
      }
      oldest = Math.min(oldest, queue.first!.order);
      const reason = draining ? 'drain' : this.reasonToGo(queue, now, turnEnded);
      if (reason === undefined || (best && best.first!.order <= queue.first!.order)) continue;
      best = queue;
      this.reason = reason;
    }
    // Before the turn has ended a full queue must not jump another that could go by then: it would starve it.
    if (!turnEnded && best && oldest < best.first!.order) return undefined;
    if (best && this.reason === 'idle' && active.length > 1) this.reason = 'shape';
    return best;
  }

  private reasonToGo(queue: KeyQueue<C>, now: number, turnEnded: boolean): ClosedBy | undefined {
    const { settings } = this.state;
    if (queue.urgent > 0) return 'immediate';
    if (queue.weight >= settings.maxRows && !queue.rowless) return 'full';
    if (!turnEnded) return undefined;
    if (queue.rowless) return 'idle';
    if (settings.maxDelayMs > 0) return this.after(queue.oldestArrival() + settings.maxDelayMs, 'delay', queue, now);
    return settings.coalesce === 'auto' ? this.afterPause(queue, now) : 'idle';
  }

  private afterPause(queue: KeyQueue<C>, now: number): ClosedBy | undefined {
    const { coalescer, weight, flying } = queue;
    const until = coalescer.pauseUntil(now, weight, flying, this.state.settings.maxRows, this.state.cost);
    return this.after(until, coalescer.isPausing ? 'coalesce' : 'idle', queue, now);
  }

  /** Holds a queue back until a time, but not so long that its earliest deadline would be missed for it. */
  private after(time: number, reason: ClosedBy, queue: KeyQueue<C>, now: number): ClosedBy | undefined {
    if (time <= now) return reason;
    const latestStart = queue.earliestDeadline() - this.state.cost.predict(queue.weight);
    if (latestStart <= now) return 'deadline';
    this.lookAgainAt = Math.min(this.lookAgainAt, time, latestStart);
    return undefined;
  }
}
