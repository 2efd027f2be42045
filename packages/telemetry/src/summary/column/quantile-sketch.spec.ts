import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QuantileSketch } from './quantile-sketch.js';

function sketchOf(values: readonly number[], accuracy = 0.01): QuantileSketch {
  const sketch = new QuantileSketch(accuracy);
  for (const value of values) sketch.add(value);
  return sketch;
}

describe('a quantile sketch', () => {
  const someDecades = fc.array(
    fc.tuple(fc.boolean(), fc.double({ min: -6, max: 9, noNaN: true })).map(([sign, e]) => (sign ? 1 : -1) * 10 ** e),
    { minLength: 1, maxLength: 300 },
  );

  it('is never farther from a quantile than it says', () => {
    fc.assert(
      fc.property(someDecades, fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
        const exact = values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))]!;
        const seen = sketchOf(values).quantile(share)!;
        expect(Math.abs(seen - exact)).toBeLessThanOrEqual(0.0100001 * Math.abs(exact));
      }),
    );
  });

  it('keeps negative values, and a largest value of exactly 1, when it is merged', () => {
    const merged = sketchOf([0.001]);
    merged.merge(sketchOf([-5, 0, 1]));
    expect(merged.toState()).toEqual(sketchOf([0.001, -5, 0, 1]).toState());
    expect(merged.quantile(0)).toBeCloseTo(-5, 1);
    expect(merged.quantile(1)).toBeCloseTo(1, 1);
  });

  it('stays small whatever comes, and keeps the large values apart', () => {
    const sketch = new QuantileSketch(0.01);
    for (let e = -300; e <= 300; e++) for (const sign of [1, -1]) sketch.add(sign * 10 ** e * (1 + Math.abs(e % 7)));
    const { positive, negative } = sketch.toState();
    expect(positive.counts.length).toBeLessThanOrEqual(2048);
    expect(negative.counts.length).toBeLessThanOrEqual(2048);
    expect(sketch.count).toBe(1202);
    expect(sketch.buckets().reduce((sum, { count }) => sum + count, 0)).toBe(1202);
    expect(Math.abs(sketch.quantile(1)! / (10 ** 300 * 7) - 1)).toBeLessThanOrEqual(0.0100001);
  });

  it('takes the largest and smallest numbers that there are', () => {
    const sketch = sketchOf([Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE, 0, -0]);
    expect(sketch.count).toBe(5);
    expect(sketch.quantile(0.5)).toBe(0);
  });

  it('gives buckets from the lowest to the highest, each above the values in it', () => {
    fc.assert(
      fc.property(someDecades, (values) => {
        const buckets = sketchOf([...values, 0]).buckets();
        const uppers = buckets.map(({ upper }) => upper);
        expect(uppers).toEqual(uppers.toSorted((a, b) => a - b));
        let below = 0;
        const upTo = (edge: number): number => [...values, 0].filter((value) => value <= edge).length;
        for (const { upper, count } of buckets) {
          below += count;
          // A value at an edge lies on either side of it, by rounding.
          expect(below).toBeGreaterThanOrEqual(upTo(upper - Math.abs(upper) * 1e-9));
          expect(below).toBeLessThanOrEqual(upTo(upper + Math.abs(upper) * 1e-9));
        }
      }),
    );
  });
});
