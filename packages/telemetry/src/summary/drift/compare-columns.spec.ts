import { fixture, summarizedFixture } from '@witan-libs/testing';
import { describe, expect, it } from 'vitest';
import { CategorySummary } from '../column/category-summary.js';
import { NumberSummary } from '../column/number-summary.js';
import { compareColumns } from './compare-columns.js';
import { type DriftThresholds, resolveDrift } from './drift-options.js';
import { kolmogorovAbove } from './kolmogorov-smirnov.js';

const expected = summarizedFixture();
/** So fine that no two values of the data sets share a bucket. */
const FINE = 0.001;

function numbers(values: readonly number[], accuracy = 0.01, nulls = 0): NumberSummary {
  const summary = new NumberSummary(accuracy);
  for (const value of values) summary.fold(Float64Array.of(value), 1);
  summary.cells = values.length;
  summary.nulls = nulls;
  return summary;
}

function texts(values: readonly string[], nulls = 0): CategorySummary {
  const summary = new CategorySummary(50);
  for (const value of values) summary.add(value);
  summary.cells = values.length;
  summary.nulls = nulls;
  return summary;
}

function compare(
  then: NumberSummary | CategorySummary,
  now: NumberSummary | CategorySummary,
  own: DriftThresholds = {},
) {
  const options = resolveDrift({ ...own, minRows: 50 });
  return compareColumns(then, now, options, options);
}

function split(data: 'iris' | 'digits', column: string, how: 'alternating' | 'halves'): [number[], number[]] {
  const values = fixture(data).columns.get(column) as number[];
  const isThen = (_: number, i: number): boolean => (how === 'halves' ? i < values.length >> 1 : i % 2 === 0);
  return [values.filter(isThen), values.filter((value, i) => !isThen(value, i))];
}

const repeat = (times: number, ...values: string[]): string[] => Array.from({ length: times }, () => values).flat();

describe('two summaries of a column', () => {
  it.each(expected.comparisons)('differ as numpy and scipy say: $data $column, $split', (wanted) => {
    const [then, now] = split(wanted.data, wanted.column, wanted.split);
    const { psi, ks } = compare(numbers(then, FINE), numbers(now, FINE));
    expect(psi!.value).toBeCloseTo(wanted.psi, 9);
    expect(ks!.distance).toBeCloseTo(wanted.ksDistance, 9);
    expect(Math.abs(ks!.pValue - wanted.ksP)).toBeLessThan(1e-9);
  });

  it.each(['same', 'shifted', 'wider'] as const)('differ nearly so where buckets hold several values: %s', (name) => {
    const wanted = expected.normalComparisons[name];
    const { psi, ks } = compare(numbers(expected.normal.then), numbers(expected.normal[name]));
    expect(Math.abs(psi!.value - wanted.psi)).toBeLessThan(0.03);
    // At most the exact distance, and below it by no more than a bucket's share: here some 2 % of the values.
    expect(ks!.distance).toBeLessThanOrEqual(wanted.ksDistance + 1e-12);
    expect(ks!.distance).toBeGreaterThan(wanted.ksDistance - 0.02);
  });

  it.each(expected.kolmogorovTails)("have Kolmogorov's probability above %d as scipy has it", (x, p) => {
    expect(Math.abs(kolmogorovAbove(x) - p)).toBeLessThan(1e-12);
  });

  it('are told apart where the data are: halves of iris, but not every second row', () => {
    for (const column of ['sepal_width', 'petal_length', 'petal_width']) {
      const status = (how: 'alternating' | 'halves'): string =>
        compare(...(split('iris', column, how).map((values) => numbers(values)) as [NumberSummary, NumberSummary]))
          .status;
      expect([column, status('halves'), status('alternating')]).toEqual([column, 'drifted', 'same']);
    }
  });

  it('drift when values go missing or stop being numbers, though the rest is as before', () => {
    const values = expected.normal.then;
    const gone = compare(numbers(values), numbers(values.slice(0, 400), 0.01, 300));
    expect(gone.status).toBe('drifted');
    expect(
      compare(numbers(values), numbers([...values.slice(0, 400), ...new Array<number>(200).fill(NaN)])).status,
    ).toBe('drifted');
    const texts400 = repeat(100, 'a', 'b', 'a', 'b');
    expect(compare(texts(texts400), texts(texts400, 300)).status).toBe('drifted');
  });

  it('drift when a constant changes', () => {
    const constant = (value: number): NumberSummary => numbers(new Array<number>(300).fill(value));
    expect(compare(constant(0), constant(0))).toMatchObject({ status: 'same', score: 0 });
    expect(compare(constant(0), constant(4)).status).toBe('drifted');
    expect(compare(constant(0), constant(-4)).status).toBe('drifted');
  });

  it('are the same where they span more decades than a sketch keeps apart, and one of them some more', () => {
    // Probabilities from 1e-40 up, most of them tiny.
    const many = (count: number, sign: number): number[] =>
      Array.from({ length: count }, (_, i) => sign * 10 ** (-40 * ((i * 0.618033988749895) % 1)));
    for (const sign of [1, -1]) {
      const [then, now] = [numbers(many(5000, sign)), numbers([...many(4000, sign), sign * 500])];
      expect(compare(then, now)).toMatchObject({ status: 'same', ks: { distance: expect.closeTo(0, 2) } });
      expect(compare(then, numbers(many(5000, sign).map((value) => value * 1e8))).status).toBe('drifted');
    }
  });

  it('of texts differ by chi-square: in shares, and in new ones', () => {
    const then = texts(repeat(100, 'red', 'green', 'blue'));
    expect(compare(then, texts(repeat(70, 'blue', 'red', 'green'))).status).toBe('same');
    expect(compare(then, texts([...repeat(60, 'red', 'red', 'green', 'blue')])).status).toBe('drifted');
    expect(compare(then, texts(repeat(100, 'red', 'green', 'violet'))).status).toBe('drifted');
  });

  it('of thousands of different texts are the same where both are', () => {
    const many = (from: number): string[] => Array.from({ length: 5000 }, (_, i) => `id ${from + i}`);
    expect(compare(texts([...many(0), ...repeat(5000, 'a')]), texts([...many(9e6), ...repeat(5000, 'a')])).status).toBe(
      'same',
    );
  });

  it('are compared by thresholds of one’s own', () => {
    const [then, now] = [numbers(expected.normal.then), numbers(expected.normal.shifted)];
    expect(compare(then, now).status).toBe('drifted');
    expect(compare(then, now, { psi: 2, ksDistance: 0.9 }).status).toBe('same');
  });

  it('are not compared when few, or of another kind or precision', () => {
    const [few, many] = [numbers([1, 2, 3]), numbers(expected.normal.then)];
    expect(compare(few, many).status).toBe('few-rows');
    expect(compare(many, few).status).toBe('few-rows');
    expect(compare(many, texts(repeat(300, 'a'))).status).toBe('incomparable');
    expect(compare(many, numbers(expected.normal.then, 0.05)).status).toBe('incomparable');
    expect(compare(texts([], 300), texts([], 300)).status).toBe('same');
  });
});
