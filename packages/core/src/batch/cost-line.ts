/** What a run costs: `fixedMs + perRowMs * rows` milliseconds. */
export interface Cost {
  readonly fixedMs: number;
  readonly perRowMs: number;
}

/** Each observation counts this much of the next one: about the last 50 runs matter. */
const KEEP = 0.98;
/** Below this relative variance of the row counts a slope would be fitted to noise. */
const MIN_SPREAD = 0.02;
/** A run this many times the prediction counts as that many: pauses (GC, a page fault) must not bend the line. */
const MAX_SURPRISE = 4;
const CALM_AFTER = 8;

/**
 * The line `ms = perRowMs * rows + fixedMs`, fitted by least squares with forgetting. It keeps means and central
 * moments (West 1979, "Updating mean and variance estimates"), which stay exact where sums of squares would cancel.
 * When all batches have one size the slope cannot be seen: then the last line is scaled to what is measured.
 */
export class CostLine implements Cost {
  fixedMs = 0;
  perRowMs = 0;
  /** True once runs of different sizes were seen: only then is the fixed cost told from the cost of rows. */
  fitted = false;
  /** Runs seen, those of warm-up included. */
  runs = 0;
  private weight = 0;
  private meanRows = 0;
  private meanMs = 0;
  private varRows = 0;
  private covariance = 0;

  get known(): boolean {
    return this.runs > 0;
  }

  predict(rows: number): number {
    return this.fixedMs + this.perRowMs * rows;
  }

  /** A measurement of warm-up; later runs outweigh it. */
  seed(rows: number, ms: number): void {
    if (isMeasurement(rows, ms)) this.add(rows, ms);
  }

  observe(rows: number, ms: number): void {
    if (!isMeasurement(rows, ms)) return;
    const expected = this.predict(rows);
    // Far cheaper than ever: what was seen before was warm-up (compilation, cold caches).
    if (this.known && ms < expected / 3) this.forget(0.5);
    const limit = this.fitted && this.runs >= CALM_AFTER ? expected * MAX_SURPRISE + 0.1 : Infinity;
    this.add(rows, ms < limit ? ms : limit);
  }

  private add(rows: number, ms: number): void {
    this.runs++;
    this.forget(KEEP);
    this.weight += 1;
    const offRows = rows - this.meanRows;
    this.meanRows += offRows / this.weight;
    this.covariance += offRows * (1 - 1 / this.weight) * (ms - this.meanMs);
    this.varRows += offRows * (rows - this.meanRows);
    this.meanMs += (ms - this.meanMs) / this.weight;
    this.fit();
  }

  private forget(keep: number): void {
    this.weight *= keep;
    this.varRows *= keep;
    this.covariance *= keep;
  }

  private fit(): void {
    const { meanRows, meanMs } = this;
    if (this.varRows > MIN_SPREAD * this.weight * meanRows * meanRows) {
      this.fitted = true;
      const slope = Math.max(0, this.covariance / this.varRows);
      const fixed = meanMs - slope * meanRows;
      this.fixedMs = Math.max(0, fixed);
      this.perRowMs = fixed < 0 ? meanMs / meanRows : slope;
      return;
    }
    const now = this.predict(meanRows);
    if (this.fitted && now > 0) {
      this.fixedMs *= meanMs / now;
      this.perRowMs *= meanMs / now;
    } else {
      this.fixedMs = meanMs;
    }
  }
}

function isMeasurement(rows: number, ms: number): boolean {
  return rows > 0 && ms >= 0 && Number.isFinite(rows) && Number.isFinite(ms);
}
