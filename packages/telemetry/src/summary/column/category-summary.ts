import { type FrequentState, FrequentTexts } from './frequent-texts.js';
import { HyperLogLog } from './hyper-log-log.js';
import { ownText, textKey } from './text-key.js';

/** What a {@link CategorySummary} knows, as JSON. */
export interface CategoryState {
  readonly kind: 'category';
  readonly cells: number;
  readonly count: number;
  readonly nulls: number;
  readonly capacity: number;
  readonly frequent: FrequentState;
  /** Registers in base64; `null` while `frequent` holds every text that was seen. */
  readonly distinct: string | null;
}

/** The texts of one column: the most frequent ones and how many there are, in constant memory. */
export class CategorySummary {
  readonly kind = 'category';
  cells = 0;
  count = 0;
  nulls = 0;
  private frequent: FrequentTexts;
  private many: HyperLogLog | undefined;

  constructor(readonly capacity: number) {
    this.frequent = new FrequentTexts(capacity);
  }

  static of(state: CategoryState): CategorySummary {
    const made = new CategorySummary(state.capacity);
    made.cells = state.cells;
    made.count = state.count;
    made.nulls = state.nulls;
    made.frequent = FrequentTexts.of(state.frequent, state.capacity);
    made.many = state.distinct === null ? undefined : HyperLogLog.of(state.distinct);
    return made;
  }

  get missing(): number {
    return this.nulls;
  }

  /** How many different texts: exact while few, else within some 2.3 %. */
  get distinct(): number {
    return this.many ? Math.max(this.many.count(), this.frequent.size) : this.frequent.size;
  }

  get isDistinctExact(): boolean {
    return this.many === undefined;
  }

  /** By how much a count of {@link top} may be too low. */
  get maxError(): number {
    return this.frequent.maxError;
  }

  /** The most frequent texts and how often each was seen at least. */
  top(): [string, number][] {
    return this.frequent.entries();
  }

  add(text: string): void {
    this.count++;
    const key = textKey(text);
    if (this.frequent.countKnown(key)) return;
    const own = ownText(key);
    // A text that is among the frequent ones was noted here when it came, so that only new ones are hashed.
    this.many?.add(own);
    if (this.many || this.frequent.size < 2 * this.capacity) this.frequent.addNew(own);
    else this.outgrow(own);
  }

  merge(other: CategorySummary): void {
    this.cells += other.cells;
    this.count += other.count;
    this.nulls += other.nulls;
    if (this.many || other.many || !this.fits(other)) {
      this.many ??= hashed(this.frequent);
      this.many.merge(other.many ?? hashed(other.frequent));
    }
    this.frequent.merge(other.frequent);
  }

  toState(): CategoryState {
    const { cells, count, nulls, capacity } = this;
    const distinct = this.many?.toState() ?? null;
    return { kind: 'category', cells, count, nulls, capacity, frequent: this.frequent.toState(), distinct };
  }

  /** The last moment at which every text that was seen is still there. */
  private outgrow(text: string): void {
    this.many = hashed(this.frequent);
    this.many.add(text);
    this.frequent.addNew(text);
  }

  private fits(other: CategorySummary): boolean {
    const all = new Set(this.frequent.keys());
    for (const text of other.frequent.keys()) all.add(text);
    return all.size <= 2 * this.capacity;
  }
}

function hashed(texts: FrequentTexts): HyperLogLog {
  const made = new HyperLogLog();
  for (const text of texts.keys()) made.add(text);
  return made;
}
