import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CostLine } from './cost-line.js';

function seeded(fixedMs: number, perRowMs: number): CostLine {
  const line = new CostLine();
  for (const rows of [1, 4, 16, 64]) line.seed(rows, fixedMs + perRowMs * rows);
  return line;
}

describe('CostLine', () => {
  it('knows nothing at first', () => {
    const line = new CostLine();
    expect([line.known, line.fitted, line.predict(64)]).toEqual([false, false, 0]);
  });

  it('finds the line of warm-up runs', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 500, noNaN: true }),
        fc.double({ min: 0, max: 50, noNaN: true }),
        (fixedMs, perRowMs) => {
          const line = seeded(fixedMs, perRowMs);
          expect(line.fitted).toBe(true);
          expect(line.predict(32)).toBeCloseTo(fixedMs + perRowMs * 32, 6);
        },
      ),
    );
  });

  it('takes runs of one size as all fixed cost until it has seen another size', () => {
    const line = new CostLine();
    for (let i = 0; i < 20; i++) line.observe(1, 5);
    expect([line.fitted, line.fixedMs, line.perRowMs]).toEqual([false, 5, 0]);
    line.observe(33, 8.2);
    expect(line.fitted).toBe(true);
    expect(line.fixedMs).toBeCloseTo(4.9, 6);
    expect(line.perRowMs).toBeCloseTo(0.1, 6);
  });

  it('keeps the split between fixed and per-row cost over thousands of full batches', () => {
    const line = seeded(10, 0.5);
    for (let i = 0; i < 5000; i++) line.observe(64, 42 * (1 + 0.05 * Math.sin(i * 1.7)));
    expect(line.fixedMs).toBeGreaterThan(9);
    expect(line.fixedMs).toBeLessThan(11);
    expect(line.perRowMs).toBeGreaterThan(0.45);
    expect(line.perRowMs).toBeLessThan(0.55);
  });

  it('follows a machine that has become three times slower', () => {
    const line = seeded(10, 0.5);
    for (let i = 0; i < 300; i++) line.observe(i % 2 ? 64 : 8, 3 * (10 + 0.5 * (i % 2 ? 64 : 8)));
    expect(line.predict(64)).toBeCloseTo(126, 0);
  });

  it('is hardly bent by one pause of a second', () => {
    const line = seeded(10, 0.5);
    for (let i = 0; i < 50; i++) line.observe(i % 2 ? 64 : 8, 10 + 0.5 * (i % 2 ? 64 : 8));
    line.observe(8, 1000);
    expect(line.predict(64)).toBeLessThan(50);
  });

  it('forgets a cold start within a few runs', () => {
    const line = new CostLine();
    line.observe(1, 200);
    for (let i = 0; i < 10; i++) line.observe(1 + (i % 4), 1);
    expect(line.predict(4)).toBeLessThan(5);
  });

  it('stays finite and is never negative, whatever it is fed', () => {
    const anything = fc.tuple(fc.oneof(fc.integer({ min: -1, max: 1e7 }), fc.constant(NaN)), fc.double());
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 200 }), (runs) => {
        const line = new CostLine();
        for (const [rows, ms] of runs) line.observe(rows, Math.min(ms, 1e12));
        expect(line.fixedMs).toBeGreaterThanOrEqual(0);
        expect(line.perRowMs).toBeGreaterThanOrEqual(0);
        expect(Number.isFinite(line.predict(1e7))).toBe(true);
      }),
    );
  });
});
