import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ManualClock } from '@witan-libs/testing';
import { describe, expect, it } from 'vitest';
import type { OutcomeOptions } from '../experiment-options.js';
import { experimentPlanOf } from '../experiment-plan.js';
import { OutcomeBook } from './outcome-book.js';
import { summaryOf } from './summary.js';

const HALVES = [0.5, 0.5];

/** Memory in use by what lives. */
function usedBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

function bookOf(outcomes: OutcomeOptions = {}) {
  const clock = new ManualClock();
  const plan = experimentPlanOf('e', { variants: { control: 'm@1', new: 'm@2' }, key: 'header:x-user', outcomes });
  return { clock, plan, book: new OutcomeBook(plan, clock) };
}

describe('outcomes', () => {
  it('are joined with the variant that a key or a request was given, once', () => {
    const { book, plan } = bookOf();
    book.expose(0, 'anna', 'r1', HALVES);
    book.expose(1, 'bert', 'r2', HALVES);
    book.expose(1, 'bert', 'r3', HALVES);
    book.expose(1, undefined, 'r4', HALVES);
    expect(book.report({ key: 'bert', metric: 'bought', value: true })).toBe('counted');
    expect(book.report({ requestId: 'r3', metric: 'bought', value: true })).toBe('duplicate');
    expect(book.report({ requestId: 'r4', metric: 'bought', value: false })).toBe('counted');
    expect(book.report({ requestId: 'r1', metric: 'spent', value: 12.5 })).toBe('counted');
    expect(book.report({ key: 'r1', metric: 'bought', value: true })).toBe('unknown');
    const { variants, differences, duplicateOutcomes, unknownOutcomes } = summaryOf(plan, book, 0.95);
    expect(variants).toMatchObject({
      control: {
        units: 1,
        expectedUnits: 1.5,
        metrics: { bought: { successes: 0, n: 1 }, spent: { n: 1, value: 12.5 } },
      },
      new: { units: 2, expectedUnits: 1.5, metrics: { bought: { successes: 1, n: 2, value: 0.5 }, spent: { n: 0 } } },
    });
    expect(differences).toMatchObject({ new: { bought: { value: 0.5 } } });
    expect(differences['new']).not.toHaveProperty('spent');
    expect([duplicateOutcomes, unknownOutcomes]).toEqual([1, 1]);
  });

  it('come too late after the window', () => {
    const { book, clock } = bookOf({ windowMs: 1_000 });
    book.expose(0, 'anna', 'r1', HALVES);
    clock.advance(1_001);
    expect(book.report({ key: 'anna', metric: 'bought', value: true })).toBe('unknown');
  });

  it('of a key that changed its variant count for the first one, and it is said', () => {
    const { book, plan } = bookOf();
    book.expose(0, 'anna', 'r1', HALVES);
    book.expose(1, 'anna', 'r2', HALVES);
    book.report({ requestId: 'r2', metric: 'bought', value: true });
    expect(summaryOf(plan, book, 0.95)).toMatchObject({
      crossovers: 1,
      variants: { control: { units: 1, metrics: { bought: { successes: 1 } } }, new: { units: 0 } },
    });
  });

  it('are bounded, whoever reports what', () => {
    const { book, plan } = bookOf({ maxUnits: 100 });
    for (let i = 0; i < 10_000; i++) book.expose(i % 2, `key-${i}`, `r-${i}`, HALVES);
    for (let i = 0; i < 10_000; i++) book.report({ requestId: `stranger-${i}`, metric: `metric-${i}`, value: true });
    expect(book.remembered).toEqual({ keys: 100, requests: 100 });
    expect(book.metrics.size).toBe(0);
    expect(summaryOf(plan, book, 0.95)).toMatchObject({ unknownOutcomes: 10_000, forgottenUnits: 9_900 });
    for (let i = 0; i < 32; i++) book.report({ key: 'key-9999', metric: `metric-${i}`, value: true });
    expect(() => book.report({ key: 'key-9999', metric: 'one-more', value: true })).toThrow(/it keeps 32/);
  });

  it('remember keys of any length in as little memory, whatever body they came out of', () => {
    const { book } = bookOf();
    const user = 'anna-of-the-green-house';
    const long = 'k'.repeat(1_024);
    const before = usedBytes();
    for (let i = 0; i < 40; i++) {
      // A key that is a piece of a request's body, as a reader of JSON cuts it out.
      const body = `${i}${user}${'x'.repeat(1_000_000)}${Math.random()}`.toLowerCase();
      book.expose(0, body.slice(0, String(i).length + user.length), `r${i}`, HALVES);
    }
    for (let i = 0; i < 2_000; i++) book.expose(1, `${i}${long}`, `${i}-${long}`, HALVES);
    expect(usedBytes() - before).toBeLessThan(4_000_000);
    expect(book.report({ key: `7${user}`, metric: 'bought', value: true })).toBe('counted');
    expect(book.report({ key: `9${long}`, metric: 'bought', value: true })).toBe('counted');
    expect(book.report({ requestId: `9-${long}`, metric: 'bought', value: true })).toBe('duplicate');
    expect(book.report({ requestId: `8-${long}x`, metric: 'bought', value: true })).toBe('unknown');
  });

  it('of one call are all counted or none', () => {
    const { book } = bookOf();
    book.expose(0, 'anna', 'r1', HALVES);
    const outcome = (metric: string, value: boolean | number) => ({ key: 'anna', metric, value });
    expect(() => book.reportAll([outcome('bought', true), outcome('bought', 3)])).toThrow(/true and false/);
    const many = Array.from({ length: 33 }, (_, i) => outcome(`metric-${i}`, i));
    expect(() => book.reportAll(many)).toThrow(/'metric-32' would be metric 33/);
    expect(book.metrics.size).toBe(0);
    const all = [outcome('bought', true), outcome('bought', true), { ...outcome('bought', true), key: 'bert' }];
    expect(book.reportAll(all)).toEqual({ counted: 1, duplicate: 1, unknown: 1 });
  });

  it('of the wrong kind are refused, and of metrics that nobody wants', () => {
    const { book } = bookOf({ metrics: ['bought'] });
    book.expose(0, 'anna', 'r1', HALVES);
    book.report({ key: 'anna', metric: 'bought', value: true });
    expect(() => book.report({ key: 'anna', metric: 'bought', value: 3 })).toThrow(/true and false/);
    expect(() => book.report({ key: 'anna', metric: 'sold', value: true })).toThrow(/there are bought/);
  });

  it.each([
    [[500, 500], HALVES, true],
    [[560, 440], HALVES, false],
    [[905, 95], [0.9, 0.1], true],
    [[850, 150], [0.9, 0.1], false],
  ])('a ratio of %j where %j is meant: ok %s', (counts, weights, ok) => {
    const { book, plan } = bookOf();
    counts.forEach((count, variant) => {
      for (let i = 0; i < count; i++) book.expose(variant, `${variant}-${i}`, `r-${variant}-${i}`, weights);
    });
    expect(summaryOf(plan, book, 0.95).sampleRatio.ok).toBe(ok);
  });

  it('a ratio is right although the weights were changed on the way', () => {
    const { book, plan } = bookOf();
    for (let i = 0; i < 500; i++) book.expose(Number(i % 10 === 0), `a-${i}`, `ra-${i}`, [0.9, 0.1]);
    for (let i = 0; i < 500; i++) book.expose(i % 2, `b-${i}`, `rb-${i}`, HALVES);
    expect(summaryOf(plan, book, 0.95).sampleRatio).toMatchObject({ ok: true, p: expect.closeTo(1, 9), df: 1 });
  });
});
