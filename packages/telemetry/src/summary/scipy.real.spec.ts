import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Compared, type Contingency, type Described, SUMMARIES_SCRIPT, toolOnFirstUse } from '@witan-libs/testing';
import { Frame } from '@witan/core/frame';
import { describe, expect, it } from 'vitest';
import type { ColumnSummary } from './column/column-summary.js';
import type { NumberSummary } from './column/number-summary.js';
import { chiSquare } from './drift/chi-square.js';
import { compareColumns } from './drift/compare-columns.js';
import { resolveDrift } from './drift/drift-options.js';
import { summarizeFrame } from './summarize-frame.js';
import { resolveSummary } from './summary-options.js';

const PACKAGES = ['numpy==2.4.6', 'scipy==1.17.1'];

const run = promisify(execFile);
const python = await toolOnFirstUse(
  `python-${PACKAGES.join('-').replaceAll('==', '-')}`,
  'bin/python',
  async (folder) => {
    await run('python3', ['-m', 'venv', folder]);
    await run(join(folder, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', ...PACKAGES], { maxBuffer: 1 << 26 });
  },
);

function script(args: readonly string[], input = ''): string {
  const { path } = python as { path: string };
  return execFileSync(path, [SUMMARIES_SCRIPT, ...args], { input, maxBuffer: 1 << 26 }).toString();
}

/** Marsaglia's xorshift32. */
let state = 0x1234567;
function random(): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) / 2 ** 32;
}

const SHAPES: readonly (() => number)[] = [
  () => random() * 1000 - 300,
  () => Math.exp(8 * random() - 4),
  () => Math.floor(random() * 12),
  () => (random() < 0.6 ? 0 : -random()),
  () => 1e6 + random(),
];

const summaryOf = (values: readonly number[], accuracy: number): ColumnSummary =>
  summarizeFrame(Frame.fromColumns({ x: Float64Array.from(values) }), resolveSummary({ accuracy }))[0]!.summary;

describe.skipIf('missing' in python)('numpy and scipy', () => {
  it('still say what the fixture says', () => {
    script(['--check']);
  });

  it('agree on samples that were never seen', () => {
    const samples = SHAPES.flatMap((shape) =>
      [0, 0.3].map((add) => {
        const draw = (more: number): number[] =>
          Array.from({ length: 300 + Math.floor(random() * 2000) }, () => shape() + more);
        return { kind: 'numbers', then: draw(0), now: draw(add) };
      }),
    );
    const answers = JSON.parse(script(['--answer'], JSON.stringify(samples))) as (Described & Compared)[];
    samples.forEach(({ then, now }, i) => {
      const wanted = answers[i]!;
      const seen = summaryOf(now, 0.01) as NumberSummary;
      expect([seen.count, seen.min, seen.max]).toEqual([wanted.count, wanted.min, wanted.max]);
      expect(Math.abs(seen.mean! - wanted.mean)).toBeLessThan(1e-9 * Math.max(1, Math.abs(wanted.mean)));
      expect(Math.abs(seen.variance! / wanted.variance - 1)).toBeLessThan(1e-9);
      for (const [share, value] of wanted.quantiles) {
        expect(Math.abs(seen.quantiles.quantile(share)! - value)).toBeLessThanOrEqual(0.0100001 * Math.abs(value));
      }
      checkDrift(then, now, wanted);
    });
  });

  it('agree on tables', () => {
    const counts = (n: number): number[] => Array.from({ length: n }, () => 20 + Math.floor(random() * 400));
    const tables = [2, 2, 3, 8, 40].map((n) => ({ kind: 'table', then: counts(n), now: counts(n) }));
    const answers = JSON.parse(script(['--answer'], JSON.stringify(tables))) as Contingency[];
    tables.forEach(({ then, now }, i) => {
      const { statistic, df, p } = answers[i]!;
      const seen = chiSquare(then, now)!;
      expect(seen.degreesOfFreedom).toBe(df);
      expect(seen.statistic).toBeCloseTo(statistic, 6);
      expect(Math.abs(seen.pValue - p)).toBeLessThan(1e-9);
    });
  });
});

function checkDrift(then: readonly number[], now: readonly number[], wanted: Compared): void {
  const options = resolveDrift({});
  const [was, is] = [summaryOf(then, 0.001), summaryOf(now, 0.001)];
  const { psi, ks } = compareColumns(was, is, options, options);
  // Values that share a bucket are told apart by scipy and not by us: never by more than the share of a bucket.
  const largest = (summary: ColumnSummary): number => {
    const buckets = (summary as NumberSummary).quantiles.buckets();
    return Math.max(...buckets.map(({ count }) => count)) / (summary as NumberSummary).count;
  };
  const blur = Math.max(largest(was), largest(is));
  expect(ks!.distance).toBeLessThanOrEqual(wanted.ksDistance + 1e-12);
  expect(ks!.distance).toBeGreaterThanOrEqual(wanted.ksDistance - blur - 1e-12);
  if (Math.abs(ks!.distance - wanted.ksDistance) < 1e-12) expect(ks!.pValue).toBeCloseTo(wanted.ksP, 9);
  // Where a bucket holds much of the values, its bins are others.
  if (blur < 0.02) expect(Math.abs(psi!.value - wanted.psi)).toBeLessThan(0.01 + 0.1 * wanted.psi);
}
