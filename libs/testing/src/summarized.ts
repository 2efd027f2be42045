import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** numpy's description of a sample. */
export interface Described {
  readonly count: number;
  readonly mean: number;
  /** Divided by n - 1. */
  readonly variance: number;
  readonly min: number;
  readonly max: number;
  /** Share and value. */
  readonly quantiles: readonly (readonly [number, number])[];
}

/** Two samples compared, by numpy and scipy. */
export interface Compared {
  readonly psi: number;
  readonly ksDistance: number;
  readonly ksP: number;
}

/** Two rows of counts compared, by scipy. */
export interface Contingency {
  readonly statistic: number;
  readonly df: number;
  readonly p: number;
  readonly cramersV: number;
}

/** See `fixtures/make_summaries.py`. */
export interface SummarizedFixture {
  /** `column` `*`: all of them in one. */
  readonly columns: readonly (Described & { readonly data: 'iris' | 'digits'; readonly column: string })[];
  readonly comparisons: readonly (Compared & {
    readonly data: 'iris' | 'digits';
    readonly column: string;
    readonly split: 'alternating' | 'halves';
  })[];
  readonly normal: Readonly<Record<'then' | 'same' | 'shifted' | 'wider', readonly number[]>>;
  readonly normalComparisons: Readonly<Record<'same' | 'shifted' | 'wider', Compared>>;
  readonly normalDescribed: Described;
  /** The categories of the first table. */
  readonly colors: readonly string[];
  readonly tables: readonly (Contingency & { readonly then: number[]; readonly now: number[] })[];
  /** Statistic, degrees of freedom, probability above. */
  readonly chiSquareTails: readonly (readonly [number, number, number])[];
  /** Probability above, degrees of freedom, statistic. */
  readonly chiSquareQuantiles: readonly (readonly [number, number, number])[];
  readonly kolmogorovTails: readonly (readonly [number, number])[];
}

/** The script that makes {@link summarizedFixture}: an absolute path. */
export const SUMMARIES_SCRIPT = fileURLToPath(new URL('../fixtures/make_summaries.py', import.meta.url));

export function summarizedFixture(): SummarizedFixture {
  const url = new URL('../fixtures/data/summaries.json', import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as SummarizedFixture;
}
