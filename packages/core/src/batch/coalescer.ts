import type { CostLine } from './cost-line.js';

/** Below this fixed cost a pause costs more than it saves: the turn of the event loop alone is of that size. */
export const MIN_PAUSE_FIXED_MS = 0.2;
/** The fixed cost must outweigh this many rows … */
const MIN_ROWS_WORTH = 2;
/** … and this share of the rows that are expected. */
const MIN_SHARE = 0.05;
/** Callers that do not follow each other within this share of the fixed cost are not coming. */
const QUIET_SHARE = 0.25;
/** No pause is longer than this share of the fixed cost, counted from the answer. */
const LIMIT_SHARE = 0.5;
/** A pause has paid when this share of the expected rows came. */
const MIN_CAUGHT = 0.8;
const MAX_SKIP = 64;
/** While all batches had one size the line cannot tell fixed from per-row cost: after so many runs a pause may find out. */
const TRY_AFTER_RUNS = 4;

/**
 * Decides whether an idle runner should hold on for callers that are coming back. Callers that wait for their
 * answers before they ask again make a work-conserving gate alternate (1, 63, 1, 63): the first to come back goes
 * alone, the others wait for it, and each round pays the fixed cost twice. In such a closed loop a pause pays as long
 * as it is shorter than the fixed cost. So: pause only after an answer, only while callers follow it closely, only
 * for as many rows as were outstanding lately, and less often when pauses did not pay.
 */
export class Coalescer {
  /** Most rows waiting or in flight, since the last batch was formed and in the period before. */
  private peak = 0;
  private peakBefore = 0;
  private answeredAt = -Infinity;
  /** The end of the unbroken chain answer, arrival, arrival, … */
  private chainAt = -Infinity;
  private pausedWith = -1;
  private pausedAt = 0;
  private target = 0;
  private skip = 0;
  private penalty = 0;

  get isPausing(): boolean {
    return this.pausedWith >= 0;
  }

  /** Rows arrived; `outstanding` counts them, what waits, and what is in flight. */
  arrived(now: number, outstanding: number, fixedMs: number): void {
    if (outstanding > this.peak) this.peak = outstanding;
    if (now - this.chainAt <= fixedMs * QUIET_SHARE) this.chainAt = now;
  }

  /** Called when a batch was answered, and once more when its answers were encoded and sent: from there callers return. */
  answered(now: number): void {
    this.answeredAt = now;
    this.chainAt = now;
  }

  /**
   * Until when to hold on, with `waiting` rows there and `flying` in flight elsewhere. A time that is not in the
   * future means go.
   */
  pauseUntil(now: number, waiting: number, flying: number, maxRows: number, cost: CostLine): number {
    const expected = Math.min(maxRows, Math.max(this.peak, this.peakBefore) - flying);
    if (waiting >= expected || this.skip > 0 || !pays(cost, expected)) return -Infinity;
    const until = Math.min(this.chainAt + cost.fixedMs * QUIET_SHARE, this.answeredAt + cost.fixedMs * LIMIT_SHARE);
    if (until > now && !this.isPausing) {
      this.pausedWith = waiting;
      this.pausedAt = now;
      this.target = expected;
    }
    return until;
  }

  /** A batch of `rows` was formed. Gives how long the pause before it was, -1 without one, and learns from it. */
  formed(now: number, rows: number, outstanding: number): number {
    const pausedMs = this.isPausing ? now - this.pausedAt : -1;
    if (this.isPausing) this.learn(rows);
    else if (this.skip > 0) this.skip--;
    this.pausedWith = -1;
    this.peakBefore = this.peak;
    this.peak = outstanding;
    return pausedMs;
  }

  private learn(rows: number): void {
    // Fewer than nearly all still need a second batch each round: such a pause has saved nothing.
    if (rows > this.pausedWith && rows >= this.target * MIN_CAUGHT) {
      this.penalty = 0;
      return;
    }
    this.penalty = Math.min(MAX_SKIP, Math.max(1, this.penalty * 2));
    this.skip = this.penalty;
  }
}

function pays(cost: CostLine, expected: number): boolean {
  const { fixedMs, perRowMs } = cost;
  return (
    (cost.fitted || cost.runs >= TRY_AFTER_RUNS) &&
    fixedMs >= MIN_PAUSE_FIXED_MS &&
    fixedMs >= MIN_ROWS_WORTH * perRowMs &&
    fixedMs >= MIN_SHARE * perRowMs * expected
  );
}
