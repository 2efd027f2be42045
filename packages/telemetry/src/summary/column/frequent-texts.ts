/** Texts and how often each was seen at least. */
export interface FrequentState {
  readonly entries: readonly (readonly [string, number])[];
  readonly maxError: number;
}

/**
 * The most frequent texts in constant memory: Misra and Gries's summary, cleared in batches. A count is never too high,
 * and too low by at most `maxError`, which is at most `n / capacity` for n texts seen; with no more than `2 * capacity`
 * distinct texts every count is exact.
 *
 * Sources: Misra, Gries: "Finding repeated elements", 1982; in batches: Anderson et al.: "A High-Performance Algorithm
 * for Identifying Frequent Items in Data Streams", IMC 2017; merging: Agarwal et al.: "Mergeable Summaries", PODS 2012.
 */
export class FrequentTexts {
  private counts = new Map<string, number>();
  maxError = 0;

  constructor(readonly capacity: number) {}

  static of(state: FrequentState, capacity: number): FrequentTexts {
    const made = new FrequentTexts(capacity);
    made.counts = new Map(state.entries);
    made.maxError = state.maxError;
    made.makeRoom();
    return made;
  }

  get size(): number {
    return this.counts.size;
  }

  /** Counts a text that is here already; `false`: it is not, and nothing was done. */
  countKnown(text: string): boolean {
    const count = this.counts.get(text);
    if (count === undefined) return false;
    this.counts.set(text, count + 1);
    return true;
  }

  /** Takes a text in that is not here; `true`: others had to go for it. */
  addNew(text: string): boolean {
    this.counts.set(text, 1);
    return this.makeRoom();
  }

  keys(): IterableIterator<string> {
    return this.counts.keys();
  }

  /** By falling count, equal counts by text. */
  entries(): [string, number][] {
    return [...this.counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  }

  merge(other: FrequentTexts): void {
    for (const [text, count] of other.counts) this.counts.set(text, (this.counts.get(text) ?? 0) + count);
    this.maxError += other.maxError;
    this.makeRoom();
  }

  toState(): FrequentState {
    return { entries: this.entries(), maxError: this.maxError };
  }

  /** Beyond twice the capacity, as much is taken from each count as leaves at most the capacity. */
  private makeRoom(): boolean {
    if (this.counts.size <= 2 * this.capacity) return false;
    const falling = Float64Array.from(this.counts.values()).sort().reverse();
    const taken = falling[this.capacity]!;
    const left = new Map<string, number>();
    for (const [text, count] of this.counts) if (count > taken) left.set(text, count - taken);
    this.counts = left;
    this.maxError += taken;
    return true;
  }
}
