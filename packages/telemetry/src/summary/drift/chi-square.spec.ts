import { summarizedFixture } from '@witan-libs/testing';
import { describe, expect, it } from 'vitest';
import { chiSquare, chiSquareAbove, chiSquareQuantile } from './chi-square.js';

const { tables, chiSquareTails, chiSquareQuantiles } = summarizedFixture();

describe('the chi-square test', () => {
  it.each(chiSquareTails)("has scipy's probability above %d, %d degrees of freedom", (x, df, p) => {
    expect(Math.abs(chiSquareAbove(x, df) / p - 1)).toBeLessThan(1e-9);
  });

  it.each(chiSquareQuantiles)("has scipy's quantile of %d, %d degrees of freedom", (p, df, x) => {
    expect(Math.abs(chiSquareQuantile(p, df) / x - 1)).toBeLessThan(1e-9);
  });

  it.each(tables)('gives what scipy gives for $then and $now', ({ then, now, statistic, df, p, cramersV }) => {
    const seen = chiSquare(then, now)!;
    expect(seen.statistic).toBeCloseTo(statistic, 9);
    expect(seen.degreesOfFreedom).toBe(df);
    expect(Math.abs(seen.pValue / p - 1)).toBeLessThan(1e-9);
    expect(seen.cramersV).toBeCloseTo(cramersV, 9);
  });

  it('takes rare categories together', () => {
    const seen = chiSquare([500, 500, 1, 1, 2, 2], [500, 500, 2, 2, 1, 1])!;
    expect(seen.degreesOfFreedom).toBe(2);
    expect(seen.pValue).toBeGreaterThan(0.9);
    expect(chiSquare([100, 1], [100, 2])).toMatchObject({ degreesOfFreedom: 0, pValue: 1 });
  });

  it('has nothing to say of an empty sample', () => {
    expect(chiSquare([0, 0], [5, 5])).toBeUndefined();
  });
});
