import type { Exemplar, Labels, Metric, MetricDescriptor } from './snapshot.js';

/** Longer values of labels are cut: they come from requests too. */
const MAX_LABEL_CHARS = 128;
/** What stands in the labels of all series that were one too many. */
export const OTHER = 'other';

/** What an instrument's series are told apart by; a value that is `''` is left out. */
export interface InstrumentDefinition extends MetricDescriptor {
  readonly labels: readonly string[];
}

/**
 * The series of one instrument. A series is looked up once and then kept by whoever records; lookups are bounded: beyond
 * `maxSeries` all new ones are the same one, and are counted.
 */
export abstract class Instrument<S> {
  /** Lookups that ended in the series of all others. */
  overflows = 0;
  protected readonly byKey = new Map<string, { readonly labels: Labels; readonly series: S }>();

  constructor(
    readonly definition: InstrumentDefinition,
    private readonly maxSeries: number,
    protected readonly startEpochMs: number,
  ) {}

  protected abstract make(): S;
  abstract read(): Metric;

  /** The series with these values, in the order of the definition's labels. */
  series(...values: readonly string[]): S {
    const shown = values.some(isLong) ? values.map(cut) : values;
    const key = shown.join('\0');
    const known = this.byKey.get(key);
    if (known) return known.series;
    if (this.byKey.size >= this.maxSeries) return this.overflowed();
    return this.add(key, shown);
  }

  private overflowed(): S {
    this.overflows++;
    return (
      this.byKey.get(OTHER)?.series ??
      this.add(
        OTHER,
        this.definition.labels.map(() => OTHER),
      )
    );
  }

  private add(key: string, values: readonly string[]): S {
    const series = this.make();
    const labels: Record<string, string> = {};
    this.definition.labels.forEach((name, i) => {
      const value = values[i] ?? '';
      if (value !== '') labels[name] = value;
    });
    this.byKey.set(key, { labels, series });
    return series;
  }
}

function isLong(value: string): boolean {
  return value.length > MAX_LABEL_CHARS;
}

/** Before series are told apart: two with the same labels could not be scraped. */
export function cut(value: string): string {
  return isLong(value) ? `${value.slice(0, MAX_LABEL_CHARS)}…` : value;
}

export class CounterSeries {
  value = 0;

  add(amount = 1): void {
    this.value += amount;
  }
}

export class Counter extends Instrument<CounterSeries> {
  protected make(): CounterSeries {
    return new CounterSeries();
  }

  read(): Metric {
    const { definition, startEpochMs } = this;
    const points = Array.from(this.byKey.values(), ({ labels, series: { value } }) => ({
      labels,
      startEpochMs,
      value,
    }));
    return { descriptor: { ...definition, kind: 'counter' }, points };
  }
}

/** Buckets, sum, smallest and largest of what was recorded. */
export class HistogramSeries {
  count = 0;
  sum = 0;
  min = Infinity;
  max = -Infinity;
  /** Values that are none: NaN, infinite, or negative because a clock was turned back. They are in no bucket. */
  invalid = 0;
  readonly counts: Float64Array;
  exemplars: (Exemplar | undefined)[] | undefined;

  constructor(private readonly bounds: Float64Array) {
    this.counts = new Float64Array(bounds.length + 1);
  }

  record(value: number): void {
    if (!(value >= 0 && value < Infinity)) {
      this.invalid++;
      return;
    }
    this.count++;
    this.sum += value;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    this.counts[this.bucketOf(value)]!++;
  }

  /** Keeps a request that stands for its bucket: the last one. */
  exemplify(exemplar: Exemplar): void {
    if (exemplar.value >= 0 && exemplar.value < Infinity)
      (this.exemplars ??= new Array<undefined>(this.counts.length))[this.bucketOf(exemplar.value)] = exemplar;
  }

  /** The first bucket whose bound is not below the value. */
  private bucketOf(value: number): number {
    const { bounds } = this;
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value <= bounds[middle]!) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

export class Histogram extends Instrument<HistogramSeries> {
  private readonly bounds: Float64Array;

  constructor(definition: InstrumentDefinition, maxSeries: number, startEpochMs: number) {
    super(definition, maxSeries, startEpochMs);
    this.bounds = Float64Array.from(definition.bounds ?? []);
  }

  get invalid(): number {
    let all = 0;
    for (const { series } of this.byKey.values()) all += series.invalid;
    return all;
  }

  protected make(): HistogramSeries {
    return new HistogramSeries(this.bounds);
  }

  read(): Metric {
    const { definition, startEpochMs } = this;
    const points = Array.from(this.byKey.values(), ({ labels, series }) => {
      const { count, sum, min, max, counts, exemplars } = series;
      const ends = count > 0 ? { min, max } : { min: NaN, max: NaN };
      return { labels, startEpochMs, count, sum, ...ends, counts: counts.slice(), exemplars: exemplars?.slice() };
    });
    return { descriptor: { ...definition, kind: 'histogram', bounds: definition.bounds! }, points };
  }
}
