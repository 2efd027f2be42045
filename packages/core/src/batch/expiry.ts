import type { Clock, TimerHandle } from '../clock.js';

/** One timer for the earliest of all deadlines, not one per request. */
export class Expiry {
  private timer: TimerHandle | undefined;
  private firesAt = Infinity;

  constructor(
    private readonly clock: Clock,
    /** Settles what has expired; gives the earliest deadline that is left. */
    private readonly sweep: (now: number) => number,
  ) {}

  watch(deadline: number, now: number): void {
    if (deadline >= this.firesAt) return;
    this.timer?.cancel();
    this.firesAt = deadline;
    this.timer = this.clock.setTimer(this.fire, Math.min(deadline - now, MAX_TIMER_MS));
  }

  private readonly fire = (): void => {
    this.firesAt = Infinity;
    this.timer = undefined;
    const now = this.clock.now();
    const next = this.sweep(now);
    if (next < Infinity) this.watch(Math.max(next, now), now);
  };
}

const MAX_TIMER_MS = 2 ** 31 - 1;
