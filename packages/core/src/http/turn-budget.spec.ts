import { ManualClock } from '@witan-libs/testing';
import { describe, expect, it } from 'vitest';
import { TurnBudget } from './turn-budget.js';

/** A clock on which every task takes 0.4 ms. */
class BusyClock extends ManualClock {
  private busyMs = 0;

  override now(): number {
    return super.now() + this.busyMs;
  }

  work(): void {
    this.busyMs += 0.4;
  }
}

/** One turn only: what it puts off stays put off. */
function turnOnce(turns: (() => void)[]): void {
  for (const turn of turns.splice(0)) turn();
}

describe('TurnBudget', () => {
  it('runs what fits into a turn at once, and the rest in later turns, in order', () => {
    const turns: (() => void)[] = [];
    const clock = new BusyClock();
    clock.nextTurn = (turn) => void turns.push(turn);
    const budget = new TurnBudget(clock);
    const done: number[] = [];
    for (let i = 0; i < 7; i++) {
      budget.run(() => {
        clock.work();
        done.push(i);
      });
    }
    expect(done).toEqual([0, 1, 2]);
    turnOnce(turns);
    expect(done).toEqual([0, 1, 2, 3, 4, 5]);
    turnOnce(turns);
    expect(done).toEqual([0, 1, 2, 3, 4, 5, 6]);
    turnOnce(turns);
    expect(turns).toEqual([]);
  });

  it('puts nothing off when turns are far apart', () => {
    const clock = new BusyClock();
    const budget = new TurnBudget(clock);
    const done: number[] = [];
    for (let i = 0; i < 5; i++) {
      budget.run(() => {
        clock.work();
        done.push(i);
      });
      clock.endTurn();
      expect(done).toHaveLength(i + 1);
    }
  });
});
