import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { columnOf, Frame } from '@witan/core/frame';
import { ManualClock } from '@witan-libs/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DriftEvent } from './drift/drift-channel.js';
import { ModelSummaries } from './model-summaries.js';
import { resolveSummary, type SummaryOptions } from './summary-options.js';
import { type CategoryReport, type NumberReport, reportOf, type SummaryReport } from './summary-report.js';
import { mergeSummaries } from './summary-state.js';

const WINDOW_MS = 60_000;

let clock: ManualClock;
let errors: unknown[];
let events: DriftEvent[];
const listen = (event: unknown): void => void events.push(event as DriftEvent);

beforeEach(() => {
  clock = new ManualClock();
  errors = [];
  events = [];
  subscribe('witan.drift', listen);
});

afterEach(() => {
  unsubscribe('witan.drift', listen);
  expect(errors).toEqual([]);
});

function started(options: SummaryOptions = {}): ModelSummaries {
  const all = { windowMs: WINDOW_MS, ...options };
  const summaries = new ModelSummaries(resolveSummary(all), clock, (error) => errors.push(error));
  summaries.start();
  return summaries;
}

interface Run {
  readonly model?: string;
  readonly version?: string;
  readonly output?: Frame;
}

function run(summaries: ModelSummaries, input: Frame | undefined, given: Run = {}): void {
  const { model = 'm', version = '1', output } = given;
  const rows = input?.rows ?? output?.rows ?? 1;
  summaries.observe({ model, version, rows, startedAt: clock.now(), input, output });
}

const of = (values: number[]): Frame => Frame.fromColumns({ x: Float64Array.from(values) });
const upTo = (n: number, add = 0): Frame => of(Array.from({ length: n }, (_, i) => (i % 100) + 1 + add));

function report(
  summaries: ModelSummaries,
  window: SummaryReport['window'] = 'current',
  version?: string,
): SummaryReport {
  return reportOf(summaries, summaries.shelf.find('m', version)!, window)!;
}

const x = (seen: SummaryReport): NumberReport => seen.inputs['x'] as NumberReport;

describe('summaries of models', () => {
  it('tell of inputs and outputs, whatever their type', () => {
    const summaries = started({ categories: ['label'] });
    const input = Frame.fromColumns({
      f16: columnOf('f16', [1.5, null, -2]),
      f32: new Float32Array([1, 2, 3]),
      i64: columnOf('i64', [1n, 2n, null]),
      flag: columnOf('bool', [true, false, true]),
      text: ['a', 'b', 'a'],
      codes: columnOf('utf8', ['p', null, 'q']),
      bytes: columnOf('binary', [new Uint8Array(3), new Uint8Array(5), new Uint8Array(1)]),
      day: columnOf('date32', [new Date(0), new Date(86_400_000), null]),
      wide: columnOf(
        'f32',
        [0, 1, 2].map((row) => Array.from({ length: 20 }, (_, i) => row * 20 + i)),
        { shape: [20] },
      ),
      list: columnOf('list<i32>', [[1, 2, 3], [], null]),
    });
    const output = Frame.fromColumns({ label: new Int32Array([2, 2, 7]) });
    run(summaries, input, { output });
    const { inputs, outputs, rows, sampledRows } = report(summaries);
    expect([rows, sampledRows]).toEqual([3, 3]);
    expect(inputs['f16']).toMatchObject({ dtype: 'f16', count: 2, nulls: 1, min: -2, max: 1.5, mean: -0.25 });
    expect(inputs['f32']).toMatchObject({ count: 3, mean: 2, variance: 1 });
    expect(inputs['i64']).toMatchObject({ dtype: 'i64', count: 2, nulls: 1, max: 2 });
    expect(inputs['bytes']).toMatchObject({ mean: 3 });
    expect(inputs['day']).toMatchObject({ min: 0, max: 1, nulls: 1 });
    expect(inputs['wide']).toMatchObject({ cells: 3, count: 60, max: 59 });
    expect(inputs['list']).toMatchObject({ kind: 'number', cells: 2, nulls: 1, count: 3, mean: 2 });
    const top = (column: string): unknown =>
      (inputs[column] as CategoryReport).top.map((one) => [one.value, one.count]);
    expect(top('text')).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
    expect(top('flag')).toEqual([
      ['true', 2],
      ['false', 1],
    ]);
    expect(inputs['codes']).toMatchObject({ distinct: 2, nulls: 1 });
    expect((outputs['label'] as CategoryReport).top[0]).toEqual({ value: '2', count: 2 });
  });

  it('tell of small vectors element by element', () => {
    const summaries = started();
    run(
      summaries,
      Frame.fromColumns({
        v: columnOf(
          'f32',
          [
            [1, 10],
            [3, 30],
          ],
          { shape: [2] },
        ),
      }),
    );
    expect(report(summaries).inputs).toMatchObject({ 'v[0]': { mean: 2 }, 'v[1]': { mean: 20 } });
  });

  it('keep what is gathered now, the window before, and all of it apart', () => {
    const summaries = started({ drift: false });
    run(summaries, of([1, 2, 3]));
    expect(reportOf(summaries, summaries.shelf.find('m', '1')!, 'last')).toBeUndefined();
    clock.advance(WINDOW_MS);
    run(summaries, of([10, 20]));
    expect(x(report(summaries, 'current'))).toMatchObject({ count: 2, mean: 15 });
    expect(x(report(summaries, 'last'))).toMatchObject({ count: 3, mean: 2 });
    expect(x(report(summaries, 'start'))).toMatchObject({ count: 5, min: 1, max: 20 });
    const { from, to } = report(summaries, 'last');
    expect(Date.parse(to) - Date.parse(from)).toBe(WINDOW_MS);
  });

  it('keep the last window that had rows while a model is idle, and windows go on until they have enough to compare', () => {
    const summaries = started({ drift: { minRows: 4 } });
    run(summaries, of([1, 2, 3, 4]));
    clock.advance(WINDOW_MS);
    run(summaries, of([7, 8]));
    clock.advance(5 * WINDOW_MS);
    expect(x(report(summaries, 'last')).count).toBe(4);
    run(summaries, of([9, 10]));
    clock.advance(WINDOW_MS);
    expect(x(report(summaries, 'last'))).toMatchObject({ count: 4, min: 7, max: 10 });
  });

  it('of two processes, merged, are those of one that saw it all', () => {
    const [one, two, both] = [started(), started(), started()];
    const frame = (from: number): Frame =>
      Frame.fromColumns({
        x: Float64Array.from({ length: 500 }, (_, i) => Math.sin(from + i)),
        t: Array.from({ length: 500 }, (_, i) => `t${(from + i) % 30}`),
      });
    run(one, frame(0), { output: of(Array.from({ length: 500 }, (_, i) => i)) });
    run(two, frame(777));
    run(both, frame(0), { output: of(Array.from({ length: 500 }, (_, i) => i)) });
    run(both, frame(777));
    const state = (summaries: ModelSummaries) => summaries.shelf.find('m', '1')!.watch.state('start')!;
    const merged = mergeSummaries(JSON.parse(JSON.stringify(state(one))), JSON.parse(JSON.stringify(state(two))));
    const whole = state(both);
    expect([merged.rows, merged.sampledRows]).toEqual([1000, 1000]);
    expect(merged.inputs['t']).toEqual(whole.inputs['t']);
    expect(merged.outputs).toEqual(whole.outputs);
    const [a, b] = [merged, whole].map(
      ({ inputs }) => inputs['x']!.state as { moments: { mean: number }; sketch: object },
    );
    expect(a!.sketch).toEqual(b!.sketch);
    expect(a!.moments.mean).toBeCloseTo(b!.moments.mean, 12);
    expect(() => mergeSummaries(whole, { ...whole, inputs: { x: whole.inputs['t']! } })).toThrow(/category/);
  });

  it('look at a sample of the rows above the allowed rate, and say so', () => {
    const summaries = started({ valuesPerSecond: 1000, windowMs: 1e9 });
    for (let i = 0; i < 20_000; i++) {
      run(summaries, of([i % 1000]));
      clock.advance(0.1);
    }
    const seen = report(summaries);
    expect(seen.rows).toBe(20_000);
    expect(seen.sampledRows).toBeGreaterThan(1500);
    expect(seen.sampledRows).toBeLessThan(6000);
    expect(x(seen).count).toBe(seen.sampledRows);
    expect(Math.abs(x(seen).mean! - 500)).toBeLessThan(40);
  });
});

describe('a model with a baseline', () => {
  it('is told of once when it leaves it, and once when it is back', () => {
    const summaries = started({ baselines: { frames: { m: upTo(1000) } } });
    const seen = (add: number): (DriftEvent['kind'] | undefined)[] => {
      events = [];
      run(summaries, upTo(400, add));
      clock.advance(WINDOW_MS);
      return events.map(({ kind }) => kind);
    };
    expect(seen(0)).toEqual([]);
    expect(seen(60)).toEqual(['raised']);
    expect(seen(60)).toEqual([]);
    expect(report(summaries, 'last').inputs['x']!.drift).toMatchObject({ status: 'drifted', raised: true });
    expect(seen(0)).toEqual(['cleared']);
    expect(report(summaries, 'last').inputs['x']!.drift).toMatchObject({ status: 'same', raised: false });
  });

  it('names model, version, side, column and window', () => {
    const summaries = started({ baselines: { frames: { m: upTo(1000) } } });
    run(summaries, upTo(300), { version: '7', output: upTo(300, 80) });
    clock.advance(WINDOW_MS);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ kind: 'raised', model: 'm', version: '7', side: 'output', column: 'x' });
    expect(events[0]!.toMs - events[0]!.fromMs).toBe(WINDOW_MS);
    expect(events[0]!.drift.ks!.distance).toBeGreaterThan(0.5);
  });

  it('does not flicker at the threshold', () => {
    const summaries = started({ drift: { psi: 100, clearAt: 0.5 }, baselines: { frames: { m: upTo(1000) } } });
    const kinds = [16, 12, 16, 12, 5].map((add) => {
      events = [];
      run(summaries, upTo(1000, add));
      clock.advance(WINDOW_MS);
      return events[0]?.kind;
    });
    // Distances 0.16, 0.12, …: raised at 0.15, cleared below 0.075.
    expect(kinds).toEqual(['raised', undefined, undefined, undefined, 'cleared']);
  });

  it('is compared with what a version saw, when that was recorded; alarms about the old baseline are over', () => {
    const summaries = started({ baselines: { frames: { m: upTo(1000) } } });
    run(summaries, upTo(300, 70));
    clock.advance(WINDOW_MS);
    expect(events.map(({ kind }) => kind)).toEqual(['raised']);
    const { watch } = summaries.shelf.find('m', '1')!;
    const recorded = JSON.parse(JSON.stringify({ ...watch.state('last')!, model: 'm', version: '1' }));
    summaries.setBaseline('m', recorded);
    expect(events.map(({ kind }) => kind)).toEqual(['raised', 'cleared']);
    run(summaries, upTo(300, 70), { version: '2' });
    clock.advance(WINDOW_MS);
    expect(events).toHaveLength(2);
    expect(report(summaries, 'last', '2').inputs['x']!.drift!.status).toBe('same');
  });

  it('leaves out columns and times that are not to be tested', () => {
    const at = (ms: number): Frame =>
      upTo(300, ms).with(
        'at',
        columnOf(
          'timestamp(ms)',
          Array.from({ length: 300 }, (_, i) => new Date(ms * 1e6 + i)),
        ),
      );
    const summaries = started({ drift: { columns: { x: false } }, baselines: { frames: { m: at(0) } } });
    run(summaries, at(90));
    clock.advance(WINDOW_MS);
    expect(events).toEqual([]);
    expect(report(summaries, 'last').inputs['x']!.drift).toBeUndefined();
    expect(report(summaries, 'last').inputs['x']!.baseline).toBeDefined();
  });

  it('may have changed a type: that is said, and no alarm', () => {
    const summaries = started({ baselines: { frames: { m: upTo(1000) } } });
    run(summaries, Frame.fromColumns({ x: Array.from({ length: 300 }, (_, i) => `text ${i}`) }), { version: '2' });
    clock.advance(WINDOW_MS);
    expect(events).toEqual([]);
    expect(report(summaries, 'last', '2').inputs['x']!.drift!.status).toBe('incomparable');
  });
});

describe('summaries under bad input', () => {
  it('keep to their number of versions: the one that was idle longest goes', () => {
    const summaries = started({ maxVersions: 3 });
    for (let version = 1; version <= 1000; version++) {
      run(summaries, of([1]), { version: '1' });
      run(summaries, of([version]), { version: String(version) });
      clock.advance(1);
    }
    expect(summaries.shelf.versionsOf('m')).toEqual(['1', '999', '1000']);
    expect(report(summaries).skipped.versions).toBe(997);
  });

  it('keep to their number of columns of all versions together', () => {
    const summaries = started({ maxColumns: 10, maxVersionColumns: 4 });
    const wide = Frame.fromColumns({ a: new Float32Array(1), b: new Float32Array(1), c: new Float32Array(1) });
    for (const version of ['1', '2', '3', '4']) {
      clock.advance(1);
      run(summaries, wide, { version });
    }
    expect(summaries.shelf.versionsOf('m')).toEqual(['2', '3', '4']);
    expect(Object.keys(report(summaries).inputs)).toEqual(['a', 'b', 'c']);
  });

  it('keep to their number of columns of a version, and count what they leave out', () => {
    const summaries = started({ maxVersionColumns: 10 });
    for (let i = 0; i < 3000; i++) run(summaries, Frame.fromColumns({ [`column ${i}`]: new Float32Array(2) }));
    run(summaries, Frame.fromColumns({ [`${'n'.repeat(1e6)}`]: new Float32Array(2) }));
    const seen = report(summaries);
    expect(Object.keys(seen.inputs)).toHaveLength(10);
    expect(seen.skipped.values).toBe(2 * 2991);
  });

  it('count values whose column changed its type or width under one version', () => {
    const summaries = started();
    run(summaries, of([1, 2]));
    run(summaries, Frame.fromColumns({ x: ['a', 'b', 'c'] }));
    run(summaries, Frame.fromColumns({ x: columnOf('f64', [[1, 2]], { shape: [2] }) }));
    run(summaries, of([3]));
    expect(x(report(summaries)).count).toBe(3);
    expect(report(summaries).skipped.values).toBe(5);
  });

  it('take columns by any name', () => {
    const summaries = started({ baselines: { frames: { m: upTo(10) } } });
    run(
      summaries,
      new Frame([
        ['__proto__', columnOf('f64', [1])],
        ['constructor', columnOf('utf8', ['a'])],
        ['', columnOf('f64', [2])],
      ]),
    );
    expect(Object.keys(report(summaries).inputs)).toEqual(['__proto__', 'constructor', '']);
    const state = summaries.shelf.find('m', '1')!.watch.state('start')!;
    expect(Object.keys(mergeSummaries(state, state).inputs)).toEqual(['__proto__', 'constructor', '']);
  });

  it('take empty frames, frames without columns, raw tensors, and outputs of another length', () => {
    const summaries = started();
    run(summaries, of([]));
    run(summaries, new Frame([], 3));
    run(summaries, undefined);
    run(summaries, of([1, 2, 3]), { output: of([1]) });
    expect(report(summaries)).toMatchObject({ rows: 7, skipped: { frames: 1 } });
    expect(report(summaries).outputs).toEqual({});
  });

  it('look at some values of huge cells, and at some rows of a huge first frame', () => {
    const summaries = started();
    const wide = (rows: number): Frame =>
      Frame.fromColumns({
        v: columnOf(
          'list<i32>',
          Array.from({ length: rows }, () => Array.from({ length: 9000 }, (_, i) => i)),
        ),
      });
    run(summaries, wide(200), { version: '1' });
    const first = report(summaries, 'current', '1');
    expect(first.rows).toBe(200);
    expect(first.sampledRows).toBeLessThan(80);
    expect((first.inputs['v'] as NumberReport).count).toBe(4096 * first.sampledRows);
    expect((first.inputs['v'] as NumberReport).mean).toBeCloseTo(4500, -2);
    run(summaries, Frame.fromColumns({ v: columnOf('list<i32>', [[1], [2]]) }), { version: '2' });
    run(summaries, wide(200), { version: '2' });
    expect(report(summaries, 'current', '2').sampledRows).toBeLessThan(80);
  });

  it('stay small for a column of only new texts', () => {
    const summaries = started({ valuesPerSecond: 1e9 });
    for (let i = 0; i < 500; i++) {
      run(
        summaries,
        Frame.fromColumns({ t: Array.from({ length: 100 }, (_, row) => `${'z'.repeat(500)}${i}-${row}`) }),
      );
    }
    const seen = report(summaries).inputs['t'] as CategoryReport;
    expect(seen.count).toBe(50_000);
    expect(Math.abs(seen.distinct / 50_000 - 1)).toBeLessThan(0.08);
    expect(JSON.stringify(seen).length).toBeLessThan(10_000);
  });

  it('have no mean where sums overflow, also after they were kept as JSON, and all else', () => {
    const summaries = started();
    run(summaries, of([1e308, 1e308, 1e308, -1e308]));
    expect(x(report(summaries))).toMatchObject({ count: 4, min: -1e308, max: 1e308, mean: null, variance: null });
    const state = JSON.parse(
      JSON.stringify({ ...summaries.shelf.find('m', '1')!.watch.state('start')!, version: '1' }),
    );
    summaries.setBaseline('m', state);
    run(summaries, of([1]));
    expect(report(summaries).inputs['x']!.baseline).toMatchObject({ count: 4, mean: null, variance: null });
  });

  it('keep nothing of excluded columns', () => {
    const summaries = started({ exclude: ['secret'] });
    run(summaries, Frame.fromColumns({ secret: ['a'], x: new Float64Array([1]) }));
    expect(Object.keys(report(summaries).inputs)).toEqual(['x']);
    expect(report(summaries).skipped.values).toBe(0);
  });

  it('go on when the clock leaps', () => {
    const summaries = started({ drift: false });
    run(summaries, of([1]));
    clock.advance(1e9);
    run(summaries, of([2]));
    clock.advance(WINDOW_MS);
    summaries.observe({ model: 'm', version: '1', rows: 1, startedAt: -5, input: of([3]), output: undefined });
    summaries.observe({ model: 'm', version: '1', rows: 1, startedAt: NaN, input: of([4]), output: undefined });
    expect(x(report(summaries, 'start')).count).toBe(4);
  });

  it.each([
    [{ windowMs: 0 }, /windowMs is 0/],
    [{ valuesPerSecond: NaN }, /valuesPerSecond is NaN/],
    [{ accuracy: 0.9 }, /accuracy is 0.9/],
  ])('refuse options that mean nothing: %o', (options, text) => {
    expect(() => resolveSummary(options)).toThrow(text);
  });
});
