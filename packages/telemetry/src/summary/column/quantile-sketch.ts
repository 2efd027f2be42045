import { LogCollapsingLowestDenseDDSketch } from '@datadog/sketches-js';

/** Buckets of one sign: `counts[i]` values lie in the bucket of key `first + i`. */
export interface BucketState {
  readonly first: number;
  readonly counts: readonly number[];
}

/** A {@link QuantileSketch} as JSON. */
export interface SketchState {
  readonly accuracy: number;
  readonly zero: number;
  readonly positive: BucketState;
  readonly negative: BucketState;
}

/** How many values lie above the bucket before and at or below `upper`. */
export interface Bucket {
  readonly upper: number;
  readonly count: number;
}

type Store = LogCollapsingLowestDenseDDSketch['store'];

/** Buckets for each sign; a range wider than this many loses the distinction of the values nearest to zero. */
const MAX_BUCKETS = 2048;

/**
 * Quantiles in constant memory: a DDSketch. A quantile's relative error is at most `accuracy`, as long as the values of
 * one sign span less than `((1 + accuracy) / (1 - accuracy)) ^ 2048` (17 decades at 1 %); beyond that the values nearest
 * to zero share a bucket.
 *
 * Source: Masson, Rim, Lee: "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with Relative-Error Guarantees",
 * PVLDB 12(12), 2019.
 */
export class QuantileSketch {
  private readonly sketch: LogCollapsingLowestDenseDDSketch;

  constructor(readonly accuracy: number) {
    this.sketch = new LogCollapsingLowestDenseDDSketch({ relativeAccuracy: accuracy, binLimit: MAX_BUCKETS });
  }

  static of(state: SketchState): QuantileSketch {
    const made = new QuantileSketch(state.accuracy);
    made.sketch.zeroCount += state.zero;
    made.sketch.count += state.zero;
    made.addBuckets(made.sketch.store, state.positive);
    made.addBuckets(made.sketch.negativeStore, state.negative);
    return made;
  }

  get count(): number {
    return this.sketch.count;
  }

  /** Finite numbers only: the sketch takes a NaN for a zero. */
  add(value: number): void {
    this.sketch.accept(value);
  }

  /** The value below which the share `q` (0 to 1) of all values lies; `undefined` when there are none. */
  quantile(q: number): number | undefined {
    return this.count === 0 ? undefined : this.sketch.getValueAtQuantile(q);
  }

  /**
   * Takes in what another sketch of the same accuracy saw. Bucket by bucket: the package's own `merge` (2.1.1) forgets
   * negative values, and miscounts where the largest key is 0.
   */
  merge(other: QuantileSketch): void {
    const { store, negativeStore, zeroCount } = other.sketch;
    this.sketch.zeroCount += zeroCount;
    this.sketch.count += zeroCount;
    this.addBuckets(this.sketch.store, stateOf(store));
    this.addBuckets(this.sketch.negativeStore, stateOf(negativeStore));
  }

  /** The buckets that hold something, from the lowest value to the highest. */
  buckets(): Bucket[] {
    return this.bucketsFrom(-Infinity, -Infinity);
  }

  /**
   * The buckets of two sketches of one accuracy, with the same edges. Where one of them could not keep its values
   * nearest to zero apart, those of the other are taken together too.
   */
  static sideBySide(a: QuantileSketch, b: QuantileSketch): [Bucket[], Bucket[]] {
    const floor = (sign: 'store' | 'negativeStore'): number =>
      Math.max(...[a, b].map(({ sketch }) => lumpedKey(stateOf(sketch[sign]))));
    const [positive, negative] = [floor('store'), floor('negativeStore')];
    return [a.bucketsFrom(positive, negative), b.bucketsFrom(positive, negative)];
  }

  toState(): SketchState {
    const { store, negativeStore, zeroCount } = this.sketch;
    return { accuracy: this.accuracy, zero: zeroCount, positive: stateOf(store), negative: stateOf(negativeStore) };
  }

  /** Buckets of lower keys than these count as of them. */
  private bucketsFrom(positiveFloor: number, negativeFloor: number): Bucket[] {
    const { store, negativeStore, zeroCount, mapping } = this.sketch;
    const { gamma } = mapping;
    // The bucket of key k holds -gamma^k <= v < -gamma^(k-1), or gamma^(k-1) < v <= gamma^k. A taken-together one ends at zero.
    const out = [...keyed(stateOf(negativeStore), negativeFloor)].reverse().map(([key, count]) => ({
      upper: key <= negativeFloor ? -Number.MIN_VALUE : -(gamma ** (key - 1)),
      count,
    }));
    if (zeroCount > 0) out.push({ upper: 0, count: zeroCount });
    for (const [key, count] of keyed(stateOf(store), positiveFloor)) out.push({ upper: gamma ** key, count });
    return out;
  }

  private addBuckets(store: Store, { first, counts }: BucketState): void {
    // From the highest: a store that must collapse then does so once.
    for (let i = counts.length - 1; i >= 0; i--) {
      if (counts[i]! <= 0) continue;
      store.add(first + i, counts[i]!);
      this.sketch.count += counts[i]!;
    }
  }
}

/** Keys and counts, rising. */
function keyed({ first, counts }: BucketState, floor: number): Map<number, number> {
  const out = new Map<number, number>();
  counts.forEach((count, i) => {
    if (count === 0) return;
    const key = Math.max(floor, first + i);
    out.set(key, (out.get(key) ?? 0) + count);
  });
  return out;
}

/** The key under which values nearest to zero may have been taken together: the lowest, of a store that is full. */
function lumpedKey({ first, counts }: BucketState): number {
  return counts.length >= MAX_BUCKETS ? first : -Infinity;
}

const EMPTY: BucketState = { first: 0, counts: [] };

function stateOf({ bins, offset, count }: Store): BucketState {
  if (count === 0) return EMPTY;
  let first = 0;
  let end = bins.length;
  while (first < end && bins[first] === 0) first++;
  while (end > first && bins[end - 1] === 0) end--;
  return { first: offset + first, counts: bins.slice(first, end) };
}
