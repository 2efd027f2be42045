import { mergeMoments, type Moments, momentsOf, NO_MOMENTS, varianceOf } from './moments.js';
import { QuantileSketch, type SketchState } from './quantile-sketch.js';

/** What a {@link NumberSummary} knows, as JSON: what processes send each other, and what a baseline's file holds. */
export interface NumberState {
  readonly kind: 'number';
  readonly cells: number;
  readonly nulls: number;
  readonly nan: number;
  readonly positiveInfinities: number;
  readonly negativeInfinities: number;
  readonly moments: Moments;
  /** `null`: there were no values. */
  readonly min: number | null;
  readonly max: number | null;
  readonly sketch: SketchState;
}

/** Values that are folded in together: a loop over them costs less than the same steps one by one. */
export const CHUNK = 64;

/** The numbers of one column: how many, how they lie, in constant memory. Not finite values are counted apart. */
export class NumberSummary {
  readonly kind = 'number';
  /** Cells that were not null; a vector is one cell of several values. */
  cells = 0;
  nulls = 0;
  nan = 0;
  positiveInfinities = 0;
  negativeInfinities = 0;
  min = Infinity;
  max = -Infinity;
  private moments: Moments = NO_MOMENTS;
  private sketch: QuantileSketch;

  constructor(readonly accuracy: number) {
    this.sketch = new QuantileSketch(accuracy);
  }

  static of(state: NumberState): NumberSummary {
    const made = new NumberSummary(state.sketch.accuracy);
    made.cells = state.cells;
    made.nulls = state.nulls;
    made.nan = state.nan;
    made.positiveInfinities = state.positiveInfinities;
    made.negativeInfinities = state.negativeInfinities;
    made.min = state.min ?? Infinity;
    made.max = state.max ?? -Infinity;
    made.moments = restored(state.moments);
    made.sketch = QuantileSketch.of(state.sketch);
    return made;
  }

  /** Finite values. */
  get count(): number {
    return this.moments.count;
  }

  /** Values that are not there or no finite number. */
  get missing(): number {
    return this.nulls + this.nan + this.positiveInfinities + this.negativeInfinities;
  }

  get mean(): number | undefined {
    return this.count === 0 ? undefined : this.moments.mean;
  }

  /** Divided by n - 1. */
  get variance(): number | undefined {
    return varianceOf(this.moments);
  }

  get quantiles(): QuantileSketch {
    return this.sketch;
  }

  /** Takes in the first `count` values of `chunk`, whose order is lost: those that are not finite are taken out. */
  fold(chunk: Float64Array, count: number): void {
    let finite = 0;
    for (let i = 0; i < count; i++) {
      const value = chunk[i]!;
      // Only finite numbers have themselves as a distance of 0.
      if (value - value === 0) chunk[finite++] = value;
      else if (value === Infinity) this.positiveInfinities++;
      else if (value === -Infinity) this.negativeInfinities++;
      else this.nan++;
    }
    if (finite === 0) return;
    const { sketch } = this;
    let { min, max } = this;
    for (let i = 0; i < finite; i++) {
      const value = chunk[i]!;
      if (value < min) min = value;
      if (value > max) max = value;
      sketch.add(value);
    }
    this.min = min;
    this.max = max;
    this.moments = mergeMoments(this.moments, momentsOf(chunk, finite));
  }

  /** Takes in what another process or window saw. */
  merge(other: NumberSummary): void {
    this.cells += other.cells;
    this.nulls += other.nulls;
    this.nan += other.nan;
    this.positiveInfinities += other.positiveInfinities;
    this.negativeInfinities += other.negativeInfinities;
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
    this.moments = mergeMoments(this.moments, other.moments);
    this.sketch.merge(other.sketch);
  }

  toState(): NumberState {
    const { cells, nulls, nan, positiveInfinities, negativeInfinities, moments, count } = this;
    const extremes = count === 0 ? { min: null, max: null } : { min: this.min, max: this.max };
    const sketch = this.sketch.toState();
    return { kind: 'number', cells, nulls, nan, positiveInfinities, negativeInfinities, moments, ...extremes, sketch };
  }
}

/** Sums of numbers near the largest that there are overflow; JSON has no word for that but `null`. */
function restored({ count, mean, m2 }: { readonly [K in keyof Moments]: Moments[K] | null }): Moments {
  return { count: count ?? 0, mean: mean ?? NaN, m2: m2 ?? NaN };
}
