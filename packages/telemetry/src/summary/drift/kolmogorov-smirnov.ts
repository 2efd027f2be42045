import type { Bucket } from '../column/quantile-sketch.js';

/** Two samples' distributions, compared at the edges of buckets. */
export interface KolmogorovSmirnov {
  /** The largest distance of the two distribution functions at an edge: at most the exact one, and below it by no more than the share of one bucket. */
  readonly distance: number;
  /** Asymptotic; ties make it too large, never too small. */
  readonly pValue: number;
}

/**
 * The two-sample Kolmogorov-Smirnov test over sketches' buckets.
 *
 * @param thenSize independent values in the first sample, and `nowSize` in the second
 */
export function kolmogorovSmirnov(
  then: readonly Bucket[],
  now: readonly Bucket[],
  thenSize: number,
  nowSize: number,
): KolmogorovSmirnov | undefined {
  if (then.length === 0 || now.length === 0) return undefined;
  const distance = largestDistance(then, now);
  return { distance, pValue: pValueOf(distance, thenSize, nowSize) };
}

function largestDistance(then: readonly Bucket[], now: readonly Bucket[]): number {
  const thenTotal = totalOf(then);
  const nowTotal = totalOf(now);
  let thenBelow = 0;
  let nowBelow = 0;
  let largest = 0;
  for (let i = 0, j = 0; i < then.length || j < now.length;) {
    const upper = Math.min(then[i]?.upper ?? Infinity, now[j]?.upper ?? Infinity);
    while (i < then.length && then[i]!.upper <= upper) thenBelow += then[i++]!.count;
    while (j < now.length && now[j]!.upper <= upper) nowBelow += now[j++]!.count;
    largest = Math.max(largest, Math.abs(thenBelow / thenTotal - nowBelow / nowTotal));
  }
  return largest;
}

function totalOf(buckets: readonly Bucket[]): number {
  return buckets.reduce((sum, { count }) => sum + count, 0);
}

/**
 * How likely such a distance is between two samples of one population.
 *
 * Source: Kolmogorov's limit with Stephens' correction for the size (Journal of the Royal Statistical Society B 32,
 * 1970), as in Press et al.: "Numerical Recipes", 14.3.
 */
function pValueOf(distance: number, thenSize: number, nowSize: number): number {
  const root = Math.sqrt((thenSize * nowSize) / (thenSize + nowSize));
  return kolmogorovAbove((root + 0.12 + 0.11 / root) * distance);
}

const TERMS = 100;
/** Below this the alternating series converges slowly, and its theta-function twin at once. */
const SMALL = 1.18;

/** How likely Kolmogorov's statistic is above `x`. Source: Kolmogorov 1933; the form for small x by Jacobi's identity. */
export function kolmogorovAbove(x: number): number {
  if (x <= 0) return 1;
  let sum = 0;
  if (x < SMALL) {
    for (let j = 1; j <= TERMS; j++) sum += Math.exp(-(((2 * j - 1) * Math.PI) ** 2) / (8 * x * x));
    return 1 - (Math.sqrt(2 * Math.PI) / x) * sum;
  }
  for (let j = 1; j <= TERMS; j++) sum += (j % 2 === 1 ? 1 : -1) * Math.exp(-2 * j * j * x * x);
  return 2 * sum;
}
