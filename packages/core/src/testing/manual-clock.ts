import type { Clock, TimerHandle } from '../clock.js';

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly fn: () => void;
}

export interface ManualClockOptions {
  /**
   * `'event-loop'`: what is put off to the end of a turn runs by itself, and only time stands still; for tests of whole
   * applications. `'manual'`: it waits for {@link ManualClock.endTurn}.
   * @default 'manual'
   */
  readonly turns?: 'manual' | 'event-loop';
}

/** A clock that stands still until a test turns it. */
export class ManualClock implements Clock {
  private time = 0;
  private order = 0;
  private pending: Pending[] = [];
  private turns: (() => void)[] = [];

  constructor(private readonly options: ManualClockOptions = {}) {}

  now(): number {
    return this.time;
  }

  epochMs(): number {
    return 1_700_000_000_000 + this.time;
  }

  setTimer(fn: () => void, ms: number): TimerHandle {
    const entry = { at: this.time + Math.max(0, ms), order: this.order++, fn };
    this.pending.push(entry);
    return { cancel: () => void (this.pending = this.pending.filter((other) => other !== entry)) };
  }

  nextTurn(fn: () => void): void {
    if (this.options.turns === 'event-loop') setImmediate(fn);
    else this.turns.push(fn);
  }

  /** Runs what was put off to the end of this turn, and what that puts off in its turn. */
  endTurn(): void {
    while (this.turns.length > 0) for (const fn of this.turns.splice(0)) fn();
  }

  /** Moves time by `ms`, firing the timers on the way in order. */
  advance(ms: number): void {
    const end = this.time + ms;
    this.endTurn();
    for (;;) {
      const due = this.pending.filter((entry) => entry.at <= end).sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (!due) break;
      this.pending = this.pending.filter((entry) => entry !== due);
      this.time = Math.max(this.time, due.at);
      due.fn();
      this.endTurn();
    }
    this.time = end;
  }
}
