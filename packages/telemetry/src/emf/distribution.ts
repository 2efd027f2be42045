/** Neighbouring values within this ratio are one. */
const GAMMA = 1.02;
const LOG_GAMMA = Math.log(GAMMA);
/** The bucket of zero, and of what is too small to tell from it. */
const ZERO = -1_000_000;
const LEAST = 1e-6;

/** Values, and how often each was seen. */
export interface CountedValues {
  readonly Values: readonly number[];
  readonly Counts: readonly number[];
  readonly Max: number;
  readonly Min: number;
  readonly Count: number;
  readonly Sum: number;
}

interface Bucket {
  count: number;
  sum: number;
}

/** How the values of an interval lie, each known to 1 %, their sum exactly; in some kB at most. */
export class Distribution {
  count = 0;
  private sum = 0;
  private min = Infinity;
  private max = -Infinity;
  private readonly buckets = new Map<number, Bucket>();

  /** What is no number of 0 or more is not counted. */
  record(value: number): void {
    if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) return;
    this.count++;
    this.sum += value;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    const key = value < LEAST ? ZERO : Math.round(Math.log(value) / LOG_GAMMA);
    const bucket = this.buckets.get(key);
    if (bucket) {
      bucket.count++;
      bucket.sum += value;
    } else this.buckets.set(key, { count: 1, sum: value });
  }

  /** At most `limit` values, each of which stands for the same number of those that were recorded. */
  array(limit: number): number[] {
    const size = Math.min(limit, this.count);
    const out: number[] = [];
    let seen = 0;
    for (const { count, sum } of this.sorted()) {
      seen += count;
      while (out.length < size && ((out.length + 0.5) * this.count) / size <= seen) out.push(sum / count);
    }
    return out.map(short);
  }

  /** At most `limit` values with their counts. */
  counts(limit: number): CountedValues {
    const buckets = this.sorted();
    const each = Math.ceil(buckets.length / limit);
    const Values: number[] = [];
    const Counts: number[] = [];
    for (let i = 0; i < buckets.length; i += each) {
      const joined = buckets.slice(i, i + each).reduce((a, b) => ({ count: a.count + b.count, sum: a.sum + b.sum }));
      Values.push(short(joined.sum / joined.count));
      Counts.push(joined.count);
    }
    return { Values, Counts, Max: short(this.max), Min: short(this.min), Count: this.count, Sum: short(this.sum) };
  }

  private sorted(): Bucket[] {
    return [...this.buckets].sort(([a], [b]) => a - b).map(([, bucket]) => bucket);
  }
}

/** To six digits: more would be noise in a log. */
function short(value: number): number {
  return Number(value.toPrecision(6));
}
