import type { Clock, TimerHandle } from '../clock.js';

/** Timers are no finer than this: shorter waits look at the clock once a turn. */
const TIMER_GRAIN_MS = 1;
/** After so many turns in which the clock stood still it is no use looking at it. */
const MAX_STILL_TURNS = 3;

/** Has a turn come at a time: by a timer, or turn by turn where a timer would be too coarse. */
export class Wake {
  private timer: TimerHandle | undefined;
  private timerAt = Infinity;
  private lookedAt = -Infinity;
  private stillTurns = 0;

  constructor(
    private readonly clock: Clock,
    private readonly nextTurn: () => void,
  ) {}

  at(time: number, now: number): void {
    this.stillTurns = now === this.lookedAt ? this.stillTurns + 1 : 0;
    this.lookedAt = now;
    if (time - now < TIMER_GRAIN_MS && this.stillTurns < MAX_STILL_TURNS) return this.nextTurn();
    if (this.timerAt <= time) return;
    this.cancel();
    this.timerAt = time;
    this.timer = this.clock.setTimer(() => {
      this.timer = undefined;
      this.timerAt = Infinity;
      this.nextTurn();
    }, time - now);
  }

  cancel(): void {
    this.timer?.cancel();
    this.timer = undefined;
    this.timerAt = Infinity;
  }
}
