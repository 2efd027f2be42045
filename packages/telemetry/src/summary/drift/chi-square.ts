import { upperGamma } from './incomplete-gamma.js';

/** Two samples' counts over the same categories, compared. */
export interface ChiSquare {
  readonly statistic: number;
  readonly degreesOfFreedom: number;
  readonly pValue: number;
  /** How strong the difference is, whatever the sample's size: 0 none, 1 nothing in common. */
  readonly cramersV: number;
}

/** Below this many expected, categories are taken together (Cochran, Biometrics 10, 1954). */
const MIN_EXPECTED = 5;

/** How likely a chi-square of so many degrees of freedom is above `statistic`. */
export function chiSquareAbove(statistic: number, degreesOfFreedom: number): number {
  return upperGamma(degreesOfFreedom / 2, statistic / 2);
}

/** What a chi-square exceeds with probability `p`, by bisection. */
export function chiSquareQuantile(p: number, degreesOfFreedom: number): number {
  let low = 0;
  let high = degreesOfFreedom + 10;
  while (chiSquareAbove(high, degreesOfFreedom) > p) high *= 2;
  for (let step = 0; step < 100; step++) {
    const middle = (low + high) / 2;
    if (chiSquareAbove(middle, degreesOfFreedom) > p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * Pearson's chi-square test that two samples are of one population: a table of two rows, categories with fewer than 5
 * expected in a sample taken together, degrees of freedom = categories - 1, with Yates's correction (1934) where that is
 * 1. Effect: Cramér's V, here `sqrt(statistic / total)` (Cramér: "Mathematical Methods of Statistics", 1946).
 * `undefined`: a sample is empty.
 */
export function chiSquare(then: readonly number[], now: readonly number[]): ChiSquare | undefined {
  const thenTotal = sumOf(then);
  const nowTotal = sumOf(now);
  if (thenTotal === 0 || nowTotal === 0) return undefined;
  const total = thenTotal + nowTotal;
  const table = withoutRare(then, now, Math.min(thenTotal, nowTotal) / total);
  const degreesOfFreedom = table.length - 1;
  if (degreesOfFreedom < 1) return { statistic: 0, degreesOfFreedom: 0, pValue: 1, cramersV: 0 };
  let statistic = 0;
  for (const [a, b] of table) {
    statistic += cellOf(a, ((a + b) * thenTotal) / total, degreesOfFreedom);
    statistic += cellOf(b, ((a + b) * nowTotal) / total, degreesOfFreedom);
  }
  const pValue = chiSquareAbove(statistic, degreesOfFreedom);
  return { statistic, degreesOfFreedom, pValue, cramersV: Math.sqrt(statistic / total) };
}

function cellOf(seen: number, expected: number, degreesOfFreedom: number): number {
  const apart = Math.abs(seen - expected);
  const corrected = degreesOfFreedom === 1 ? apart - Math.min(0.5, apart) : apart;
  return (corrected * corrected) / expected;
}

/** Pairs of counts, those that are too rare added up; what is then still too rare joins the rarest of the others. */
function withoutRare(then: readonly number[], now: readonly number[], smallerShare: number): [number, number][] {
  const table: [number, number][] = [];
  const rare: [number, number] = [0, 0];
  then.forEach((a, category) => {
    const b = now[category]!;
    if ((a + b) * smallerShare >= MIN_EXPECTED) table.push([a, b]);
    else add(rare, [a, b]);
  });
  if (rare[0] + rare[1] === 0) return table;
  if ((rare[0] + rare[1]) * smallerShare >= MIN_EXPECTED || table.length === 0) return [...table, rare];
  add(
    table.reduce((least, pair) => (pair[0] + pair[1] < least[0] + least[1] ? pair : least)),
    rare,
  );
  return table;
}

function add(into: [number, number], pair: readonly [number, number]): void {
  into[0] += pair[0];
  into[1] += pair[1];
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
