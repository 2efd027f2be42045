import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Distribution } from './distribution.js';

function of(values: readonly number[]): Distribution {
  const distribution = new Distribution();
  for (const value of values) distribution.record(value);
  return distribution;
}

describe('a distribution', () => {
  it('gives few values back as they were', () => {
    expect(of([5, 1, 0]).array(100)).toEqual([0, 1, 5]);
    expect(of([2, 2, 3]).counts(100)).toEqual({ Values: [2, 3], Counts: [2, 1], Max: 3, Min: 2, Count: 3, Sum: 7 });
  });

  it('gives of many so many that quantiles stay what they were', () => {
    const array = of(Array.from({ length: 10_000 }, (_, i) => i + 1)).array(100);
    expect(array).toHaveLength(100);
    expect(array[49]).toBeGreaterThan(4800);
    expect(array[49]).toBeLessThan(5150);
    expect(array[98]).toBeGreaterThan(9700);
  });

  it('never has more than it may, keeps its sum, and takes what is no number for nothing', () => {
    const value = fc.oneof(fc.double({ min: 0, max: 1e9 }), fc.constantFrom(NaN, -1, Infinity, 0, 1e-12));
    fc.assert(
      fc.property(fc.array(value, { maxLength: 500 }), (values) => {
        const good = values.filter((each) => each >= 0 && each < Infinity);
        const distribution = of(values);
        expect(distribution.array(100)).toHaveLength(Math.min(100, good.length));
        if (good.length === 0) return;
        const { Values, Counts, Count, Sum } = distribution.counts(100);
        expect(Values.length).toBeLessThanOrEqual(100);
        expect(Counts.reduce((a, b) => a + b, 0)).toBe(Count);
        const sum = good.reduce((a, b) => a + b, 0);
        expect(Math.abs(Sum - sum)).toBeLessThanOrEqual(sum * 1e-5);
      }),
    );
  });
});
