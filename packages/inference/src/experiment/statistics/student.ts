import { logGamma } from './gamma.js';
import { normalQuantile } from './normal.js';

const EPSILON = 1e-16;
const TINY = 1e-300;
const MAX_TERMS = 10_000;
const MAX_STEPS = 200;

/**
 * The chance that Student's t of `df` degrees of freedom is at least |t| away from 0, on either side:
 * I_x(df/2, 1/2) with x = df / (df + t²) (NIST DLMF 8.17; Abramowitz and Stegun 26.7.1). `df` need not be whole.
 */
export function studentTwoSided(t: number, df: number): number {
  // Or the fraction below would go on to its last term, for each step of the bisection.
  if (Number.isNaN(t) || Number.isNaN(df)) return NaN;
  if (t === 0) return 1;
  return incompleteBeta(df / (df + t * t), df / 2, 0.5);
}

/**
 * The t that |T| passes with the chance `tail`: a bracket around the normal quantile, then bisection on
 * {@link studentTwoSided}, to the last digits.
 */
export function studentQuantile(tail: number, df: number): number {
  let low = 0;
  let high = Math.max(1, -normalQuantile(tail / 2));
  while (studentTwoSided(high, df) > tail && high < Number.MAX_VALUE / 2) high *= 2;
  for (let step = 0; step < MAX_STEPS; step++) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (studentTwoSided(middle, df) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The regularised incomplete beta function, by the continued fraction of NIST DLMF 8.17.22 and Lentz's method. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return (front * fraction(x, a, b)) / a;
  return 1 - (front * fraction(1 - x, b, a)) / b;
}

function fraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / notZero(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m < MAX_TERMS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / notZero(1 + even * d);
    c = notZero(1 + even / c);
    value *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / notZero(1 + odd * d);
    c = notZero(1 + odd / c);
    value *= d * c;
    if (Math.abs(d * c - 1) < EPSILON) break;
  }
  return value;
}

function notZero(x: number): number {
  return Math.abs(x) < TINY ? TINY : x;
}
