import type { Clock } from '../clock.js';

/** What the tasks of one turn may take together before the rest waits for the next. */
const TURN_MS = 1;

/**
 * Spreads work that is long for one event but need not be done at once over several turns of the event loop. Callers
 * that were answered together come back together: decoding the large bodies of 64 of them in one turn would hold every
 * other request for as long as all of them take.
 */
export class TurnBudget {
  private readonly queue: (() => void)[] = [];
  private spentMs = 0;
  private turnAhead = false;

  constructor(private readonly clock: Clock) {}

  /** Runs `task` now while this turn's budget lasts, otherwise in a later turn, in order. It must not throw. */
  run(task: () => void): void {
    if (this.queue.length === 0 && this.spentMs < TURN_MS) this.spend(task);
    else this.queue.push(task);
    this.askForTurn();
  }

  private spend(task: () => void): void {
    const start = this.clock.now();
    task();
    this.spentMs += this.clock.now() - start;
  }

  private askForTurn(): void {
    if (this.turnAhead) return;
    this.turnAhead = true;
    this.clock.nextTurn(() => {
      this.turnAhead = false;
      this.spentMs = 0;
      while (this.queue.length > 0 && this.spentMs < TURN_MS) this.spend(this.queue.shift()!);
      if (this.queue.length > 0) this.askForTurn();
    });
  }
}
