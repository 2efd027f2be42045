/** How many values, their mean, and the sum of their squared distances from it. */
export interface Moments {
  readonly count: number;
  readonly mean: number;
  readonly m2: number;
}

export const NO_MOMENTS: Moments = { count: 0, mean: 0, m2: 0 };

/**
 * Moments of the first `count` values, in two passes: exact to rounding where one pass over large values of small
 * variance is not.
 */
export function momentsOf(values: Float64Array, count: number): Moments {
  if (count === 0) return NO_MOMENTS;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[i]!;
  const mean = sum / count;
  let m2 = 0;
  for (let i = 0; i < count; i++) {
    const distance = values[i]! - mean;
    m2 += distance * distance;
  }
  return { count, mean, m2 };
}

/**
 * Moments of two sets of values together.
 *
 * Source: Chan, Golub, LeVeque: "Algorithms for Computing the Sample Variance: Analysis and Recommendations", The
 * American Statistician 37(3), 1983.
 */
export function mergeMoments(a: Moments, b: Moments): Moments {
  if (a.count === 0) return b;
  if (b.count === 0) return a;
  const count = a.count + b.count;
  const apart = b.mean - a.mean;
  return {
    count,
    mean: a.mean + (apart * b.count) / count,
    m2: a.m2 + b.m2 + (apart * apart * a.count * b.count) / count,
  };
}

/** The unbiased variance (divided by n - 1); `undefined` below two values. */
export function varianceOf({ count, m2 }: Moments): number | undefined {
  return count < 2 ? undefined : m2 / (count - 1);
}
