import { Frame } from '@witan/core/frame';
import { describe, expect, it } from 'vitest';
import type { NamedSummary } from '../frame-watch.js';
import { summarizeFrame } from '../summarize-frame.js';
import { resolveSummary } from '../summary-options.js';
import { compareColumns } from './compare-columns.js';
import { resolveDrift, thresholdsOf } from './drift-options.js';

const WINDOWS = 600;
const COLUMNS = ['normal', 'skewed', 'count', 'zeros', 'text'] as const;
type Counts = Record<(typeof COLUMNS)[number], number>;

const options = resolveSummary();
const drift = resolveDrift({});

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

/**
 * How often each column is taken for drifted, in `WINDOWS` windows.
 * @param windowsEach windows that are compared with one baseline
 */
function alarms(thenRows: number, nowRows: number, windowsEach: number, shift = 0): Counts {
  const counts = { normal: 0, skewed: 0, count: 0, zeros: 0, text: 0 };
  for (let window = 0; window < WINDOWS; window += windowsEach) {
    const random = randomOf((window + 1) * 2654435761 + thenRows);
    const then = summarizeFrame(rows(random, thenRows), options);
    for (let i = 0; i < windowsEach; i++)
      countDrifted(counts, then, summarizeFrame(rows(random, nowRows, shift), options));
  }
  return counts;
}

function countDrifted(counts: Counts, then: readonly NamedSummary[], now: readonly NamedSummary[]): void {
  COLUMNS.forEach((column, i) => {
    const thresholds = thresholdsOf(drift, column, false)!;
    if (compareColumns(then[i]!.summary, now[i]!.summary, thresholds, drift).status === 'drifted') counts[column]++;
  });
}

describe('drift with the default thresholds', () => {
  it.each<readonly [number, number, number]>([
    [200, 200, 1],
    [5000, 200, 20],
    [2000, 1000, 20],
  ])('is not seen where there is none: in at most 1 of 200 windows; %d rows then, %d now', (then, now, windowsEach) => {
    const counts = alarms(then, now, windowsEach);
    for (const column of COLUMNS) expect([column, counts[column] / WINDOWS <= 0.005]).toEqual([column, true]);
  });

  it('is seen where there is some: half a standard deviation, in nearly every window', () => {
    const counts = alarms(2000, 500, 20, 0.5);
    for (const column of COLUMNS) expect([column, counts[column] / WINDOWS >= 0.97]).toEqual([column, true]);
  });
});
