import type { Sample } from './intervals.js';

/**
 * Mean and variance of numbers as they come, without keeping them: B. P. Welford, "Note on a Method for Calculating
 * Corrected Sums of Squares and Products", Technometrics 4 (1962).
 */
export class RunningSample implements Sample {
  n = 0;
  mean = 0;
  private squares = 0;

  add(value: number): void {
    this.n++;
    const before = value - this.mean;
    this.mean += before / this.n;
    this.squares += before * (value - this.mean);
  }

  get variance(): number {
    return this.n < 2 ? 0 : this.squares / (this.n - 1);
  }
}
