import { chiSquareTail } from './gamma.js';
import { normalQuantile } from './normal.js';
import { studentQuantile, studentTwoSided } from './student.js';

/** An estimate, and the interval that holds the true value with the confidence that was asked for. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** `successes` of `n`. */
export interface Proportion {
  readonly successes: number;
  readonly n: number;
}

/** What is kept of numbers: how many, their mean, and their variance (of a sample: by n - 1). */
export interface Sample {
  readonly n: number;
  readonly mean: number;
  readonly variance: number;
}

export interface WelchTest extends Interval {
  readonly t: number;
  /** By Welch and Satterthwaite; not a whole number. */
  readonly df: number;
  /** Two-sided. */
  readonly p: number;
}

/**
 * A proportion's interval: E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22
 * (1927), without continuity correction.
 */
export function wilson({ successes, n }: Proportion, confidence: number): Interval {
  const z = normalQuantile(0.5 + confidence / 2);
  const p = successes / n;
  const spread = 1 + (z * z) / n;
  const centre = (p + (z * z) / (2 * n)) / spread;
  const half = (z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))) / spread;
  return { value: p, low: successes === 0 ? 0 : centre - half, high: successes === n ? 1 : centre + half };
}

/**
 * The interval of `a - b`: R. G. Newcombe, "Interval Estimation for the Difference Between Independent Proportions",
 * Statistics in Medicine 17 (1998), method 10: from both Wilson intervals.
 */
export function newcombe(a: Proportion, b: Proportion, confidence: number): Interval {
  const [one, other] = [wilson(a, confidence), wilson(b, confidence)];
  const value = one.value - other.value;
  return {
    value,
    low: value - Math.hypot(one.value - one.low, other.high - other.value),
    high: value + Math.hypot(one.high - one.value, other.value - other.low),
  };
}

/** A mean's interval, by Student's t of n - 1 degrees of freedom. Needs `n` of 2 or more. */
export function meanInterval({ n, mean, variance }: Sample, confidence: number): Interval {
  const half = studentQuantile(1 - confidence, n - 1) * Math.sqrt(variance / n);
  return { value: mean, low: mean - half, high: mean + half };
}

/**
 * The difference of two means without equal variances: B. L. Welch, "The Generalization of 'Student's' Problem When
 * Several Different Population Variances Are Involved", Biometrika 34 (1947). Both need `n` of 2 or more.
 */
export function welch(a: Sample, b: Sample, confidence: number): WelchTest {
  const [va, vb] = [a.variance / a.n, b.variance / b.n];
  const value = a.mean - b.mean;
  const error = Math.sqrt(va + vb);
  // Both samples are constant: there is nothing to be uncertain of.
  if (error === 0) return { value, low: value, high: value, t: 0, df: a.n + b.n - 2, p: value === 0 ? 1 : 0 };
  // Welch and Satterthwaite's formula by shares of the variance: squares of very small and very large ones are no numbers.
  const share = va / (va + vb);
  const df = 1 / (share ** 2 / (a.n - 1) + (1 - share) ** 2 / (b.n - 1));
  const half = studentQuantile(1 - confidence, df) * error;
  const t = value / error;
  return { value, low: value - half, high: value + half, t, df, p: studentTwoSided(t, df) };
}

/** Pearson's chi-square test of counts against what was expected of them; groups of which none was expected are left out. */
export function chiSquareTest(
  observed: readonly number[],
  expected: readonly number[],
): { readonly chiSquare: number; readonly df: number; readonly p: number } {
  let chiSquare = 0;
  let groups = 0;
  for (let i = 0; i < observed.length; i++) {
    const wanted = expected[i]!;
    if (wanted <= 0) continue;
    chiSquare += (observed[i]! - wanted) ** 2 / wanted;
    groups++;
  }
  const df = Math.max(0, groups - 1);
  return { chiSquare, df, p: df === 0 ? 1 : chiSquareTail(chiSquare, df) };
}
