import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { chiSquareTail } from './gamma.js';
import { chiSquareTest, meanInterval, newcombe, type Sample, welch, wilson } from './intervals.js';
import { normalQuantile } from './normal.js';
import { RunningSample } from './sample.js';
import { studentQuantile } from './student.js';

type Pair = readonly [number, number];
interface Reference {
  proportions: { successes: number; n: number; confidence: number; wilson: Pair }[];
  differences: { a: Pair; b: Pair; confidence: number; newcombe: Pair }[];
  means: {
    a: [number, number, number];
    b: [number, number, number];
    confidence: number;
    mean: Pair;
    welch: Pair;
    t: number;
    df: number;
    p: number;
  }[];
  ratios: { observed: number[]; expected: number[]; chiSquare: number; p: number }[];
  quantiles: { normal: Pair[]; student: [number, number, number][]; chiSquare: [number, number, number][] };
  sample: { values: number[]; mean: number; variance: number };
}

const FILE = new URL('../../../../../libs/testing/fixtures/data/statistics.json', import.meta.url);
const reference = JSON.parse(readFileSync(FILE, 'utf8')) as Reference;

/** To that many digits of the larger one, and to the twelfth place. */
function near(value: number, wanted: number, relative = 1e-9): boolean {
  return Math.abs(value - wanted) <= relative * Math.abs(wanted) + 1e-12;
}

function expectNear(value: number, wanted: number, relative?: number): void {
  expect(near(value, wanted, relative), `${value} should be ${wanted}`).toBe(true);
}

const sampleOf = ([n, mean, variance]: readonly [number, number, number]): Sample => ({ n, mean, variance });

describe('statistics, against scipy and statsmodels', () => {
  it.each(reference.quantiles.normal)("the normal distribution's quantile of %f", (p, wanted) => {
    expectNear(normalQuantile(p), wanted, 1e-12);
  });

  it.each(reference.quantiles.student)("Student's t that passes with %f, df %f", (tail, df, wanted) => {
    expectNear(studentQuantile(tail, df), wanted, 1e-8);
  });

  it.each(reference.quantiles.chiSquare)('the chance of a chi-square of %f, df %f', (x, df, wanted) => {
    expectNear(chiSquareTail(x, df), wanted);
  });

  it.each(reference.proportions)("Wilson's interval: $successes of $n, $confidence", (row) => {
    const { low, high } = wilson(row, row.confidence);
    expectNear(low, row.wilson[0]);
    expectNear(high, row.wilson[1]);
  });

  it.each(reference.differences)("Newcombe's interval: $a, $b, $confidence", ({ a, b, confidence, ...row }) => {
    const of = ([successes, n]: Pair) => ({ successes, n });
    const { low, high } = newcombe(of(a), of(b), confidence);
    expectNear(low, row.newcombe[0]);
    expectNear(high, row.newcombe[1]);
  });

  it.each(reference.means)('means by Student and Welch: n of $a.0 and $b.0, $confidence', (row) => {
    const [a, b] = [sampleOf(row.a), sampleOf(row.b)];
    const mean = meanInterval(a, row.confidence);
    expectNear(mean.low, row.mean[0]);
    expectNear(mean.high, row.mean[1]);
    const test = welch(a, b, row.confidence);
    // The fourth pair differs by 1e-8 of its means: that many digits are lost in the difference, in scipy too.
    for (const [value, wanted] of [
      [test.low, row.welch[0]],
      [test.high, row.welch[1]],
      [test.t, row.t],
      [test.df, row.df],
      [test.p, row.p],
    ] as const)
      expectNear(value, wanted, 1e-6);
  });

  it.each(reference.ratios)('chi-square of $observed against $expected', ({ observed, expected, chiSquare, p }) => {
    const test = chiSquareTest(observed, expected);
    expectNear(test.chiSquare, chiSquare);
    expectNear(test.p, p);
  });

  it('mean and variance of numbers that come one by one, of very different sizes', () => {
    const sample = new RunningSample();
    for (const value of reference.sample.values) sample.add(value);
    expectNear(sample.mean, reference.sample.mean);
    expectNear(sample.variance, reference.sample.variance);
  });

  it('are of the same size for values of any size, and have an end for what is no number', () => {
    const of = (scale: number) =>
      welch({ n: 9, mean: 3 * scale, variance: scale ** 2 }, { n: 5, mean: scale, variance: 4 * scale ** 2 }, 0.95);
    const { t, df, p } = of(1);
    for (const scale of [1e-90, 1e60, 1e120]) {
      const test = of(scale);
      expectNear(test.t, t);
      expectNear(test.df, df);
      expectNear(test.p, p);
    }
    const sample = { n: 2, mean: 0, variance: Infinity };
    expect(welch(sample, sample, 0.95).df).toBeNaN();
    // Each of them took as many steps as there are at most: a tenth of a second.
    for (let i = 0; i < 200; i++) welch(sample, sample, 0.95);
  });

  it('say nothing more than they know: constant samples, one group, none expected', () => {
    expect(welch({ n: 3, mean: 2, variance: 0 }, { n: 2, mean: 2, variance: 0 }, 0.95)).toMatchObject({ p: 1, low: 0 });
    expect(welch({ n: 3, mean: 2, variance: 0 }, { n: 2, mean: 1, variance: 0 }, 0.95)).toMatchObject({
      p: 0,
      value: 1,
    });
    expect(chiSquareTest([10], [10])).toEqual({ chiSquare: 0, df: 0, p: 1 });
    expect(chiSquareTest([10, 0], [10, 0])).toEqual({ chiSquare: 0, df: 0, p: 1 });
  });
});
