/**
 * Which rows are looked at, so that no more than some rows a second are. Rows are cut into blocks of `stride` rows and
 * of each block one is taken, at a place drawn anew: spread evenly, yet blind to what repeats in the traffic. The draws
 * are a fixed sequence, so that the same traffic gives the same sample. `stride` is what the second before would have
 * needed; within a second it doubles each time that half of what is allowed was taken in excess.
 */
export class RowSampler {
  private stride = 1;
  private second = -1;
  /** Of this second, in shares of what is allowed in one: what came, and what was taken. */
  private came = 0;
  private taken = 0;
  /** The share beyond which rows are taken more sparsely still. */
  private allowed = 1;
  /** Rows from here to the one that is taken next. */
  private ahead = 0;
  /** Rows after that one to the end of its block. */
  private rest = 0;
  private seed = 0x2545f491;
  /** Of the last call to {@link pick}. */
  picked = new Int32Array(256);

  /**
   * Chooses among `rows` rows that came at `nowMs`; gives how many, their numbers stand in {@link picked}.
   * @param perSecond rows a second that may be taken
   */
  pick(rows: number, nowMs: number, perSecond: number): number {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.second) this.turn(second);
    this.came += rows / perSecond;
    if (this.ahead >= rows) {
      this.ahead -= rows;
      return 0;
    }
    return this.walk(rows, 1 / perSecond);
  }

  private walk(rows: number, share: number): number {
    let count = 0;
    let row = this.ahead;
    for (; row < rows; row += this.ahead) {
      if (count === this.picked.length) this.grow();
      this.picked[count++] = row;
      this.tighten(share);
      this.next();
    }
    this.ahead = row - rows;
    return count;
  }

  private grow(): void {
    const { picked } = this;
    this.picked = new Int32Array(2 * picked.length);
    this.picked.set(picked);
  }

  private next(): void {
    if (this.stride === 1 && this.rest === 0) {
      this.ahead = 1;
      return;
    }
    const place = this.draw() % this.stride;
    this.ahead = 1 + this.rest + place;
    this.rest = this.stride - 1 - place;
  }

  private tighten(share: number): void {
    this.taken += share;
    if (this.taken < this.allowed) return;
    this.allowed += Math.max(0.5, share);
    this.stride = Math.min(this.stride * 2, MAX_STRIDE);
  }

  private turn(second: number): void {
    // After a pause, or a clock that jumped, nothing is known of the rate.
    const came = second === this.second + 1 ? this.came : 0;
    this.stride = Math.min(MAX_STRIDE, Math.max(1, Math.ceil(came)));
    this.second = second;
    this.came = 0;
    this.taken = 0;
    this.allowed = 1;
    // What is left of a long block would leave a quiet second without a sample.
    this.ahead = Math.min(this.ahead, this.stride - 1);
    this.rest = Math.min(this.rest, this.stride - 1);
  }

  /** Marsaglia's xorshift32 (Journal of Statistical Software 8(14), 2003). */
  private draw(): number {
    let seed = this.seed;
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    this.seed = seed;
    return seed >>> 0;
  }
}

const MAX_STRIDE = 1 << 24;
