import type { BaseCall } from '../call/base-call.js';
import type { Clock } from './clock.js';

/** How late a deadline may be noticed. Milliseconds. */
const TICK_MS = 8;

/**
 * The calls that have a deadline. One timer for all: a timer each would cost more than the rest of a call. Nothing is
 * taken out when a call ends, but at the next tick.
 */
export class Deadlines {
  private calls: BaseCall[] = [];
  private ticking = false;

  constructor(private readonly clock: Clock) {}

  add(call: BaseCall): void {
    this.calls.push(call);
    if (!this.ticking) this.arm();
  }

  private arm(): void {
    this.ticking = true;
    this.clock.setTimer(this.tick, TICK_MS);
  }

  private readonly tick = (): void => {
    this.ticking = false;
    const now = this.clock.now();
    const open = this.calls.filter((call) => !call.closed);
    this.calls = open.filter((call) => call.deadline > now);
    if (this.calls.length > 0) this.arm();
    if (this.calls.length === open.length) return;
    for (const call of open) if (call.deadline <= now) call.expire();
  };
}
