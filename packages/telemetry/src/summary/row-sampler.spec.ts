import { describe, expect, it } from 'vitest';
import { RowSampler } from './row-sampler.js';

/** The numbers of the rows that are picked when frames of `rows` rows come evenly, `frames` in a second. */
function picked(sampler: RowSampler, rows: number, frames: number, seconds: number, perSecond: number): number[] {
  const out: number[] = [];
  for (let frame = 0; frame < frames * seconds; frame++) {
    const count = sampler.pick(rows, (frame * 1000) / frames, perSecond);
    for (let i = 0; i < count; i++) out.push(frame * rows + sampler.picked[i]!);
  }
  return out;
}

describe('the choice of rows', () => {
  it('is every row, while there are no more than are allowed', () => {
    expect(picked(new RowSampler(), 7, 10, 3, 100)).toEqual(Array.from({ length: 210 }, (_, i) => i));
  });

  it.each([
    [1, 20_000],
    [64, 500],
    [100_000, 3],
  ])('is about as many as are allowed, none twice, in order: frames of %d rows, %d a second', (rows, frames) => {
    const out = picked(new RowSampler(), rows, frames, 10, 1000);
    expect(out.length).toBeGreaterThan(8_000);
    expect(out.length).toBeLessThan(17_000);
    expect(out).toEqual([...new Set(out)].toSorted((a, b) => a - b));
    expect(out.at(-1)).toBeLessThan(rows * frames * 10);
  });

  it('sees each place of traffic that repeats equally often', () => {
    const places = new Array<number>(20).fill(0);
    for (const row of picked(new RowSampler(), 1, 20_000, 20, 1000)) places[row % 20]!++;
    const mean = places.reduce((sum, count) => sum + count, 0) / 20;
    for (const count of places) expect(Math.abs(count / mean - 1)).toBeLessThan(0.15);
  });

  it('gives the same rows for the same traffic', () => {
    expect(picked(new RowSampler(), 3, 5000, 2, 100)).toEqual(picked(new RowSampler(), 3, 5000, 2, 100));
  });

  it('tightens within a burst that it did not foresee', () => {
    expect(picked(new RowSampler(), 1, 1_000_000, 1, 1000).length).toBeLessThan(8_000);
  });

  it('samples again after a pause, and whatever the clock does', () => {
    const sampler = new RowSampler();
    picked(sampler, 1, 100_000, 2, 10);
    for (const nowMs of [1e9, 5, -1e12, NaN, Infinity, 0]) {
      let taken = 0;
      for (let i = 0; i < 50; i++) taken += sampler.pick(1, nowMs, 1000);
      expect(taken).toBeGreaterThan(0);
    }
  });
});
