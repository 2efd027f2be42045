import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CategorySummary } from './category-summary.js';

function summaryOf(texts: Iterable<string>, capacity = 8): CategorySummary {
  const summary = new CategorySummary(capacity);
  for (const text of texts) summary.add(text);
  return summary;
}

const throughJson = (summary: CategorySummary): CategorySummary =>
  CategorySummary.of(JSON.parse(JSON.stringify(summary.toState())));

function countsOf(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}

describe('a summary of texts', () => {
  it('is exact while there are few', () => {
    const summary = summaryOf(['b', 'a', 'b', '', 'b', 'a']);
    expect(summary.top()).toEqual([
      ['b', 3],
      ['a', 2],
      ['', 1],
    ]);
    expect([summary.distinct, summary.isDistinctExact, summary.maxError]).toEqual([3, true, 0]);
  });

  const manyTexts = fc.array(
    fc.integer({ min: 0, max: 60 }).map((n) => `t${Math.floor((n * n) / 40)}`),
    {
      maxLength: 600,
    },
  );

  it('counts too low by no more than it says, and never too high; also merged, as JSON', () => {
    fc.assert(
      fc.property(manyTexts, manyTexts, (a, b) => {
        const exact = countsOf([...a, ...b]);
        const merged = throughJson(summaryOf(a));
        merged.merge(throughJson(summaryOf(b)));
        for (const summary of [summaryOf([...a, ...b]), merged]) {
          const seen = new Map(summary.top());
          expect(seen.size).toBeLessThanOrEqual(16);
          expect(summary.maxError).toBeLessThanOrEqual(exact.size > 16 ? (a.length + b.length) / 8 : 0);
          for (const [text, count] of exact) {
            expect(seen.get(text) ?? 0).toBeLessThanOrEqual(count);
            expect(seen.get(text) ?? 0).toBeGreaterThanOrEqual(count - summary.maxError);
          }
          expect(summary.count).toBe(a.length + b.length);
        }
      }),
    );
  });

  it('finds how many different ones there are within some percent', () => {
    for (const [many, label] of [
      [3_000, 'user'],
      [50_000, 'https://example.com/item/'],
      [200_000, ''],
    ] as const) {
      const summary = summaryOf(Array.from({ length: many }, (_, i) => `${label}${i}`));
      expect(Math.abs(summary.distinct / many - 1), label).toBeLessThan(0.08);
      expect(summary.isDistinctExact).toBe(false);
    }
  });

  it('merged knows how many different ones both saw', () => {
    const texts = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `n${from + i}`);
    const few = throughJson(summaryOf(texts(0, 10)));
    few.merge(summaryOf(texts(5, 15)));
    expect([few.distinct, few.isDistinctExact]).toEqual([15, true]);
    const both = throughJson(summaryOf(texts(0, 20_000)));
    both.merge(throughJson(summaryOf(texts(10_000, 30_000))));
    expect(Math.abs(both.distinct / 30_000 - 1)).toBeLessThan(0.08);
    const outgrown = summaryOf(texts(0, 12));
    outgrown.merge(summaryOf(texts(6, 20)));
    expect(outgrown.distinct).toBeGreaterThanOrEqual(19);
    expect(outgrown.distinct).toBeLessThanOrEqual(21);
  });

  it('keeps millions of new texts and huge ones in little room, the frequent one among them', () => {
    const summary = new CategorySummary(50);
    for (let i = 0; i < 300_000; i++) summary.add(i % 10 === 0 ? 'often' : `new ${i}`);
    for (let i = 0; i < 20; i++) summary.add(`${'x'.repeat(1_000_000)}${i}`);
    expect(JSON.stringify(summary.toState()).length).toBeLessThan(20_000);
    expect(summary.top()[0]![0]).toBe('often');
    expect(summary.top()[0]![1]).toBeGreaterThan(30_000 - summary.maxError - 1);
    expect(summary.maxError).toBeLessThanOrEqual(summary.count / 50);
  });

  it('tells long texts apart that begin alike, by their end and length', () => {
    const long = 'y'.repeat(5000);
    const summary = summaryOf([`${long}a`, `${long}b`, `${long}a`, `${long}ya`]);
    expect(summary.top().map(([, count]) => count)).toEqual([2, 1, 1]);
    expect(summary.top().every(([text]) => text.length <= 64)).toBe(true);
  });

  it('takes texts that are no valid Unicode', () => {
    const summary = summaryOf(['\ud800 half a pair, longer than thirteen', '\udfff', '\0']);
    expect(summary.distinct).toBe(3);
    expect(throughJson(summary).distinct).toBe(3);
  });
});
