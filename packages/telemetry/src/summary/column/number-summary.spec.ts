import { fixture, summarizedFixture } from '@witan-libs/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NumberSummary } from './number-summary.js';

const expected = summarizedFixture();

function summaryOf(values: readonly number[], accuracy = 0.01): NumberSummary {
  const summary = new NumberSummary(accuracy);
  for (let at = 0; at < values.length; at += 64) {
    const chunk = Float64Array.from(values.slice(at, at + 64));
    summary.fold(chunk, chunk.length);
  }
  return summary;
}

function valuesOf(data: 'iris' | 'digits', column: string): number[] {
  const { columns } = fixture(data);
  return (column === '*' ? [...columns.values()].flat() : columns.get(column)!) as number[];
}

function within(value: number | undefined, wanted: number, relative: number): void {
  expect(Math.abs(value! - wanted)).toBeLessThanOrEqual(relative * Math.abs(wanted) + 1e-12);
}

describe('a summary of numbers', () => {
  it.each(expected.columns)('has the moments, extremes and quantiles that numpy has: $data $column', (column) => {
    const summary = summaryOf(valuesOf(column.data, column.column));
    expect([summary.count, summary.min, summary.max]).toEqual([column.count, column.min, column.max]);
    within(summary.mean, column.mean, 1e-12);
    within(summary.variance, column.variance, 1e-12);
    for (const [share, value] of column.quantiles) within(summary.quantiles.quantile(share), value, 0.0100001);
  });

  it('has them for values on both sides of zero', () => {
    const summary = summaryOf(expected.normal.then);
    within(summary.mean, expected.normalDescribed.mean, 1e-10);
    for (const [share, value] of expected.normalDescribed.quantiles) {
      within(summary.quantiles.quantile(share), value, 0.0100001);
    }
  });

  it('keeps the variance of large values that lie close together', () => {
    const summary = summaryOf(Array.from({ length: 1000 }, (_, i) => 1e9 + (i % 2)));
    within(summary.variance, 250 / 999, 1e-9);
  });

  it('counts what is no finite number apart, and lets it touch nothing else', () => {
    const summary = summaryOf([1, NaN, Infinity, 3, -Infinity, NaN]);
    expect([summary.count, summary.nan, summary.positiveInfinities, summary.negativeInfinities]).toEqual([2, 2, 1, 1]);
    expect([summary.min, summary.max, summary.mean]).toEqual([1, 3, 2]);
    expect(summary.quantiles.count).toBe(2);
  });

  it('knows nothing of no values', () => {
    const summary = summaryOf([NaN]);
    expect([summary.mean, summary.variance, summary.quantiles.quantile(0.5)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(summary.toState()).toMatchObject({ min: null, max: null, nan: 1 });
  });

  const numbers = fc.array(fc.oneof(fc.double(), fc.integer({ min: -3, max: 3 }), fc.constantFrom(1, -1, 0, -0)), {
    maxLength: 200,
  });

  it('of two halves, merged as JSON, is that of the whole', () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const merged = NumberSummary.of(JSON.parse(JSON.stringify(summaryOf(a).toState())));
        merged.merge(NumberSummary.of(JSON.parse(JSON.stringify(summaryOf(b).toState()))));
        const whole = summaryOf([...a, ...b]);
        // Sums differ by rounding; -0 is written as 0 in JSON.
        const counts = (summary: NumberSummary): string =>
          JSON.stringify({ ...summary.toState(), moments: summary.count });
        expect(counts(merged)).toBe(counts(whole));
        expect(merged.quantiles.toState()).toEqual(whole.quantiles.toState());
      }),
    );
  });

  it('of two halves has the moments of the whole', () => {
    const halves = [expected.normal.then, expected.normal.wider].map((values) => summaryOf(values));
    halves[0]!.merge(halves[1]!);
    const whole = summaryOf([...expected.normal.then, ...expected.normal.wider]);
    within(halves[0]!.mean, whole.mean!, 1e-12);
    within(halves[0]!.variance, whole.variance!, 1e-12);
  });
});
