import { describe, expect, it } from 'vitest';
import { isCheapInline } from './inline-limits.js';

describe("execution: 'auto'", () => {
  const times = (...ms: number[]) => ms.map((time, i) => ({ rows: 4 ** i, ms: time }));

  it.each([
    ['a small net', times(0.01, 0.01, 0.02), 2, true],
    ['a run at the limit', times(0.01, 0.3), 20, true],
    ['a slow run of the largest batch', times(0.01, 0.31), 2, false],
    ['a slow load', times(0.01), 20.1, false],
    ['a warm-up that failed', [], 2, false],
  ])('%s', (_, warmUp, loadMs, inline) => {
    expect(isCheapInline({ warmUp, loadMs })).toBe(inline);
  });
});
