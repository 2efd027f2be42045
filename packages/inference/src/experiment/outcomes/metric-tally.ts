import { RunningSample } from '../statistics/sample.js';

export type MetricKind = 'rate' | 'mean';

/** A metric, by variant. `rate`: true or false, once a unit; `mean`: a number, once a unit. */
export class MetricTally {
  readonly successes: number[];
  readonly samples: RunningSample[];
  /** Values that were counted. */
  values = 0;

  constructor(
    readonly name: string,
    /** Its place among the metrics: the bit of a unit that has a value. */
    readonly place: number,
    readonly kind: MetricKind,
    variants: number,
  ) {
    this.successes = new Array<number>(variants).fill(0);
    this.samples = Array.from({ length: variants }, () => new RunningSample());
  }

  add(variant: number, value: boolean | number): void {
    this.values++;
    if (typeof value === 'number') this.samples[variant]!.add(value);
    else if (value) this.successes[variant]!++;
  }
}
