import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Counter, Histogram, type InstrumentDefinition } from './instrument.js';
import type { HistogramPoint, NumberPoint } from './snapshot.js';

const definition = (more: Partial<InstrumentDefinition> = {}): InstrumentDefinition => ({
  name: 'test.duration',
  kind: 'histogram',
  unit: 's',
  description: 'Test',
  labels: ['a', 'b'],
  bounds: [0.001, 0.01, 0.1, 1],
  ...more,
});

const points = (histogram: Histogram): readonly HistogramPoint[] =>
  histogram.read().points as readonly HistogramPoint[];

describe('a histogram', () => {
  it('counts as one does by hand, whatever the bounds and the values', () => {
    const value = fc.oneof(
      fc.double({ min: 1e-300, max: 10 }),
      fc.constantFrom(0, 0.001, 0.01, 0.1, 1, 2, NaN, Infinity, -Infinity, -1e-9),
    );
    const bound = fc.double({ min: 1e-6, max: 5, noNaN: true });
    const bounds = fc.uniqueArray(bound, { maxLength: 12 }).map((all) => all.toSorted((a, b) => a - b));
    fc.assert(
      fc.property(bounds, fc.array(value, { maxLength: 200 }), (limits, values) => {
        const histogram = new Histogram(definition({ bounds: limits }), 10, 0);
        const series = histogram.series('x', 'y');
        for (const each of values) series.record(each);
        const valid = values.filter((each) => each >= 0 && each < Infinity);
        const [point] = points(histogram);
        expect(point!.count).toBe(valid.length);
        expect(point!.sum).toBeCloseTo(
          valid.reduce((sum, each) => sum + each, 0),
          6,
        );
        const naive = [...limits, Infinity].map(
          (limit, i) => valid.filter((each) => each <= limit && (i === 0 || each > limits[i - 1]!)).length,
        );
        expect(Array.from(point!.counts)).toEqual(naive);
        if (valid.length > 0) expect([point!.min, point!.max]).toEqual([Math.min(...valid), Math.max(...valid)]);
        expect(histogram.invalid).toBe(values.length - valid.length);
      }),
    );
  });

  it('keeps what it read: a snapshot does not change any more', () => {
    const histogram = new Histogram(definition(), 10, 0);
    histogram.series('x', 'y').record(0.5);
    const [before] = points(histogram);
    histogram.series('x', 'y').record(0.5);
    expect([before!.count, Array.from(before!.counts)]).toEqual([1, [0, 0, 0, 1, 0]]);
    expect(points(histogram)[0]!.count).toBe(2);
  });

  it('keeps the last request that stands for a bucket', () => {
    const histogram = new Histogram(definition(), 10, 0);
    const exemplar = (value: number, traceId: string) => ({ value, traceId, spanId: 's', epochMs: 1 });
    const series = histogram.series('x', 'y');
    series.exemplify(exemplar(0.005, 'first'));
    series.exemplify(exemplar(0.006, 'second'));
    series.exemplify(exemplar(7, 'slow'));
    series.exemplify(exemplar(NaN, 'none'));
    const [point] = points(histogram);
    expect(point!.exemplars!.map((one) => one?.traceId)).toEqual([undefined, 'second', undefined, undefined, 'slow']);
  });
});

describe('series', () => {
  it('beyond the bound are one, whose labels say so, and are counted', () => {
    const counter = new Counter(definition({ kind: 'counter' }), 3, 0);
    for (let i = 0; i < 1000; i++) counter.series('route', `/users/${i}`).add();
    const all = counter.read().points as readonly NumberPoint[];
    expect(all).toHaveLength(4);
    expect(all.at(-1)).toEqual({ labels: { a: 'other', b: 'other' }, startEpochMs: 0, value: 997 });
    expect(counter.overflows).toBe(997);
    // Those that were there first go on.
    counter.series('route', '/users/0').add();
    expect((counter.read().points[0] as NumberPoint).value).toBe(2);
  });

  it('leave out labels without a value, and cut long ones', () => {
    const counter = new Counter(definition({ kind: 'counter' }), 10, 0);
    counter.series('', 'x'.repeat(100_000)).add();
    counter.series('', `${'x'.repeat(128)}-other`).add();
    // Two points with the same labels would spoil the whole scrape.
    expect(counter.read().points).toEqual([{ labels: { b: `${'x'.repeat(128)}…` }, startEpochMs: 0, value: 2 }]);
  });
});
