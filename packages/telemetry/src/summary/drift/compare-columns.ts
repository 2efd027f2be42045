import type { CategorySummary } from '../column/category-summary.js';
import { areAlike, type ColumnSummary } from '../column/column-summary.js';
import type { NumberSummary } from '../column/number-summary.js';
import { type Bucket, QuantileSketch } from '../column/quantile-sketch.js';
import { chiSquare, type ChiSquare, chiSquareQuantile } from './chi-square.js';
import type { ResolvedThresholds } from './drift-options.js';
import { kolmogorovSmirnov, type KolmogorovSmirnov } from './kolmogorov-smirnov.js';
import { stabilityIndex } from './psi.js';

/** One column now, beside what it was in the baseline. */
export interface ColumnDrift {
  /** `few-rows`: too few to tell; `incomparable`: numbers in one, texts in the other, or sketches of other precision. */
  readonly status: 'same' | 'drifted' | 'few-rows' | 'incomparable';
  /** The largest of the tests' shares of their thresholds: 1 and above is drift. */
  readonly score: number;
  /** For numbers: over bins of the baseline and one for what is missing or not finite. */
  readonly psi?: { readonly value: number; readonly limit: number; readonly bins: number };
  readonly ks?: KolmogorovSmirnov;
  /** For texts and flags: over the frequent ones of either, all others, and what is missing. */
  readonly chiSquare?: ChiSquare;
}

const UNTOLD = (status: 'few-rows' | 'incomparable'): ColumnDrift => ({ status, score: 0 });

/** Compares what a column is now with what it was. */
export function compareColumns(
  then: ColumnSummary,
  now: ColumnSummary,
  thresholds: ResolvedThresholds,
  { minRows, bins }: { readonly minRows: number; readonly bins: number },
): ColumnDrift {
  if (!areAlike(then, now)) return UNTOLD('incomparable');
  if (Math.min(cellsOf(then), cellsOf(now)) < minRows) return UNTOLD('few-rows');
  if (then.kind === 'number') return compareNumbers(then, now as NumberSummary, thresholds, bins);
  return compareCategories(then, now as CategorySummary, thresholds);
}

/** Rows that were seen, with a value or without. */
function cellsOf(summary: ColumnSummary): number {
  return summary.cells + summary.nulls;
}

function compareNumbers(
  then: NumberSummary,
  now: NumberSummary,
  thresholds: ResolvedThresholds,
  parts: number,
): ColumnDrift {
  const [was, is] = QuantileSketch.sideBySide(then.quantiles, now.quantiles);
  const edges = edgesOf(was, parts);
  const counts = [histogram(was, edges), histogram(is, edges)] as const;
  if (then.missing + now.missing > 0) {
    counts[0].push(then.missing);
    counts[1].push(now.missing);
  }
  const bins = counts[0].length;
  const sizes = [cellsOf(then), cellsOf(now)] as const;
  const limit = Math.max(thresholds.psi, chanceIndex(bins, sizes, thresholds.falseAlarmRate));
  const psi = { value: stabilityIndex(...counts), limit, bins };
  const ks = kolmogorovSmirnov(was, is, Math.min(then.cells, then.count), Math.min(now.cells, now.count));
  const ksScore = ks && ks.pValue < thresholds.falseAlarmRate ? ks.distance / thresholds.ksDistance : 0;
  return judged(Math.max(psi.value / limit, ksScore), { psi, ...(ks && { ks }) });
}

/**
 * What the stability index of two samples of one population exceeds with probability `rate`: it is distributed as
 * `(1 / n + 1 / m)` times a chi-square of `bins - 1` degrees of freedom.
 *
 * Source: Yurdakul, Naranjo: "Statistical properties of the population stability index", Journal of Risk Model
 * Validation 14(4), 2020.
 */
function chanceIndex(bins: number, [n, m]: readonly [number, number], rate: number): number {
  return bins < 2 ? 0 : (1 / n + 1 / m) * chiSquareQuantile(rate, bins - 1);
}

/** Upper edges of bins that hold about one `parts`th of the values each; the last one is endless. Edges of buckets, so that nothing is split. */
function edgesOf(buckets: readonly Bucket[], parts: number): number[] {
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  const edges: number[] = [];
  let below = 0;
  let part = 1;
  for (const { upper, count } of buckets) {
    below += count;
    if (below * parts < part * total) continue;
    edges.push(upper);
    // A bucket that holds several parts' worth ends them all.
    part = Math.floor((below * parts) / total) + 1;
  }
  return [...edges.slice(0, -1), Infinity];
}

function histogram(buckets: readonly Bucket[], edges: readonly number[]): number[] {
  const counts = edges.map(() => 0);
  let bin = 0;
  for (const { upper, count } of buckets) {
    while (upper > edges[bin]!) bin++;
    counts[bin]! += count;
  }
  return counts;
}

function compareCategories(then: CategorySummary, now: CategorySummary, thresholds: ResolvedThresholds): ColumnDrift {
  const was = new Map(then.top());
  const is = new Map(now.top());
  const names = [...new Set([...was.keys(), ...is.keys()])];
  const counts = [was, is].map((top) => names.map((name) => top.get(name) ?? 0)) as [number[], number[]];
  [then, now].forEach((summary, i) => {
    const named = counts[i]!.reduce((sum, count) => sum + count, 0);
    counts[i]!.push(Math.max(0, summary.count - named), summary.missing);
  });
  const tested = chiSquare(...counts);
  if (!tested) return UNTOLD('few-rows');
  const isChance = tested.pValue >= thresholds.falseAlarmRate;
  return judged(isChance ? 0 : tested.cramersV / thresholds.cramersV, { chiSquare: tested });
}

function judged(score: number, tests: Omit<ColumnDrift, 'status' | 'score'>): ColumnDrift {
  return { status: score >= 1 ? 'drifted' : 'same', score, ...tests };
}
