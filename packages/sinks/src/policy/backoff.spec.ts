import { expect, it } from 'vitest';
import { waitMs } from './backoff.js';

it.each([
  [1, 0, undefined, 50],
  [1, 0.999999, undefined, 100],
  [4, 0, undefined, 400],
  [1000, 0.999999, undefined, 30_000],
  [1, 0, 7_000, 7_000],
  [9, 0, 7_000, 12_800],
  [1, 0, 3_600_000, 30_000],
])(
  'before try %i (by chance %f) the wait is, where %s ms were asked for, %i ms',
  (attempt, chance, askedMs, expected) => {
    expect(Math.round(waitMs(attempt, {}, () => chance, askedMs))).toBe(expected);
  },
);
