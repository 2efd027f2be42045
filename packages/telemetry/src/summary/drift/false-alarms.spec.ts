import { Frame } from '@witan/core/frame';
import { describe, expect, it } from 'vitest';
import { summarizeFrame } from '../summarize-frame.js';
import { resolveSummary } from '../summary-options.js';
import { compareColumns } from './compare-columns.js';
import { resolveDrift, thresholdsOf } from './drift-options.js';

const SEEDS = 600;
const COLUMNS = ['normal', 'skewed', 'count', 'zeros', 'text'] as const;

/** Marsaglia's xorshift32; numbers from 0 to below 1. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Rows of one population; `shift` moves it by so many standard deviations, or takes that share from each text to the next. */
function rows(random: () => number, count: number, shift = 0): Frame {
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()) + shift;
  const numbers = (next: () => number): Float64Array => Float64Array.from({ length: count }, next);
  return Frame.fromColumns({
    normal: numbers(normal),
    skewed: numbers(() => Math.exp(normal())),
    count: numbers(() => Math.max(0, Math.round(5 + 2 * normal()))),
    zeros: numbers(() => (random() < 0.7 - shift / 2 ? 0 : normal())),
    text: Array.from({ length: count }, () => `t${Math.floor((random() * 0.999 + shift) ** 2 * 8)}`),
  });
}

/** How often each column of one population is taken for drifted. */
function alarms(thenRows: number, nowRows: number, shift: number): Record<(typeof COLUMNS)[number], number> {
  const counts = { normal: 0, skewed: 0, count: 0, zeros: 0, text: 0 };
  const [options, drift] = [resolveSummary(), resolveDrift({})];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = randomOf(seed * 2654435761 + thenRows);
    const then = summarizeFrame(rows(random, thenRows), options);
    const now = summarizeFrame(rows(random, nowRows, shift), options);
    COLUMNS.forEach((column, i) => {
      const thresholds = thresholdsOf(drift, column, false)!;
      if (compareColumns(then[i]!.summary, now[i]!.summary, thresholds, drift).status === 'drifted') counts[column]++;
    });
  }
  return counts;
}

describe('drift with the default thresholds', () => {
  it.each<readonly [number, number]>([
    [200, 200],
    [5000, 200],
    [2000, 1000],
  ])('is not seen where there is none: in at most 1 of 200 windows of a column; %d rows then, %d now', (then, now) => {
    const counts = alarms(then, now, 0);
    for (const column of COLUMNS) expect([column, counts[column] / SEEDS <= 0.005]).toEqual([column, true]);
  });

  it('is seen where there is some: half a standard deviation, in nearly every window', () => {
    const counts = alarms(2000, 500, 0.5);
    for (const column of COLUMNS) expect([column, counts[column] / SEEDS >= 0.97]).toEqual([column, true]);
  });
});
