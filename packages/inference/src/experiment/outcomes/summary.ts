import type { ExperimentPlan } from '../experiment-plan.js';
import {
  chiSquareTest,
  type Interval,
  meanInterval,
  newcombe,
  type Proportion,
  welch,
  type WelchTest,
  wilson,
} from '../statistics/intervals.js';
import type { MetricTally } from './metric-tally.js';
import type { OutcomeBook } from './outcome-book.js';

/** Below it the shares are not what the weights say: something loses or repeats requests of a variant. */
const SAMPLE_RATIO_P = 0.001;

/** A metric of one variant, with its interval. `low` and `high` are absent while there are too few values. */
export type MetricSummary =
  | ({ readonly kind: 'rate' } & Proportion & Partial<Interval>)
  | {
      readonly kind: 'mean';
      readonly n: number;
      readonly variance: number;
      readonly value?: number;
      readonly low?: number;
      readonly high?: number;
    };

/** A metric of a variant less that of the control. */
export type MetricDifference = Interval | WelchTest;

/** What an experiment has shown so far. */
export interface ExperimentSummary {
  readonly experiment: string;
  readonly control: string;
  /** Of all intervals. */
  readonly confidence: number;
  /** ISO 8601: counts are of the time since then. */
  readonly since: string;
  readonly variants: Readonly<
    Record<
      string,
      {
        readonly units: number;
        readonly expectedUnits: number;
        readonly metrics: Readonly<Record<string, MetricSummary>>;
      }
    >
  >;
  /** By variant, without the control. */
  readonly differences: Readonly<Record<string, Readonly<Record<string, MetricDifference>>>>;
  /** Whether as many units came to each variant as the weights say: chi-square, `ok` from p = 0.001 on. */
  readonly sampleRatio: { readonly ok: boolean; readonly chiSquare: number; readonly df: number; readonly p: number };
  readonly crossovers: number;
  readonly forgottenUnits: number;
  readonly unknownOutcomes: number;
  readonly duplicateOutcomes: number;
}

/**
 * Counts, rates and means with their intervals, and the sample-ratio check (A. Fabijan et al., "Diagnosing Sample Ratio
 * Mismatch in Online Controlled Experiments", KDD 2019). A rate is of the units that were exposed; a mean of the values
 * that were reported.
 */
export function summaryOf(plan: ExperimentPlan, book: OutcomeBook, confidence: number): ExperimentSummary {
  const { names, control } = plan;
  const tallies = [...book.metrics.values()];
  const { chiSquare, df, p } = chiSquareTest(book.units, book.expected);
  return {
    experiment: plan.name,
    control: names[control]!,
    confidence,
    since: new Date(book.sinceMs).toISOString(),
    variants: Object.fromEntries(
      names.map((name, i) => [
        name,
        {
          units: book.units[i]!,
          expectedUnits: book.expected[i]!,
          metrics: named(tallies, (tally) => metricOf(tally, i, book.units[i]!, confidence)),
        },
      ]),
    ),
    differences: Object.fromEntries(
      names.flatMap((name, i) =>
        i === control
          ? []
          : [[name, named(tallies, (tally) => differenceOf(tally, i, plan.control, book.units, confidence))]],
      ),
    ),
    sampleRatio: { ok: p >= SAMPLE_RATIO_P, chiSquare, df, p },
    crossovers: book.crossovers,
    forgottenUnits: book.forgotten,
    unknownOutcomes: book.unknown,
    duplicateOutcomes: book.duplicates,
  };
}

function named<T>(tallies: readonly MetricTally[], of: (tally: MetricTally) => T | undefined): Record<string, T> {
  return Object.fromEntries(
    tallies.flatMap((tally) => {
      const value = of(tally);
      return value === undefined ? [] : [[tally.name, value]];
    }),
  );
}

function metricOf(tally: MetricTally, variant: number, units: number, confidence: number): MetricSummary {
  if (tally.kind === 'rate') {
    const proportion = { successes: tally.successes[variant]!, n: units };
    return { kind: 'rate', ...proportion, ...(units > 0 && wilson(proportion, confidence)) };
  }
  const sample = tally.samples[variant]!;
  const { n, mean, variance } = sample;
  return {
    kind: 'mean',
    n,
    variance,
    ...(n > 0 && { value: mean }),
    ...(n > 1 && meanInterval(sample, confidence)),
  };
}

function differenceOf(
  tally: MetricTally,
  variant: number,
  control: number,
  units: readonly number[],
  confidence: number,
): MetricDifference | undefined {
  if (tally.kind === 'mean') {
    const [a, b] = [tally.samples[variant]!, tally.samples[control]!];
    return a.n > 1 && b.n > 1 ? welch(a, b, confidence) : undefined;
  }
  const of = (i: number): Proportion => ({ successes: tally.successes[i]!, n: units[i]! });
  return units[variant]! > 0 && units[control]! > 0 ? newcombe(of(variant), of(control), confidence) : undefined;
}
