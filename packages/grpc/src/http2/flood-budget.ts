/** Frames that make work and carry nothing: so many at once, and so many a second. */
const BURST = 10_000;
const PER_MS = 1;
/** What a call, or 16 KiB of a message, allows besides: WINDOW_UPDATE, PING to measure, and the like. */
const PER_USE = 8;

/**
 * The bound on frames other than useful ones (settings, pings, resets, empty DATA, priorities, window updates, unknown
 * ones): a connection that sends {@link BURST} more of them than its calls warrant and 1000 a second is ended.
 */
export class FloodBudget {
  private left = BURST;

  /** True: the connection must end. */
  spend(cost: number): boolean {
    this.left -= cost;
    return this.left < 0;
  }

  use(): void {
    this.left = Math.min(BURST, this.left + PER_USE);
  }

  /** Time has passed. */
  refill(ms: number): void {
    this.left = Math.min(BURST, this.left + ms * PER_MS);
  }
}
