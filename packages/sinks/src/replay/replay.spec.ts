import { columnOf, Frame } from '@witan/core/frame';
import { describe, expect, it } from 'vitest';
import type { LogRecord } from '../sink/log-record.js';
import { replay, type ReplayAnswer } from './replay.js';
import { formatReplayReport } from './format-replay-report.js';

const frame = (x: readonly (number | null)[]): Frame => new Frame([['x', columnOf('f32', x)]]);
const scores = (y: readonly number[]): Frame => new Frame([['y', columnOf('f32', y)]]);
function record(i: number, changed: Partial<LogRecord> = {}): LogRecord {
  const known = { id: `id-${i}`, requestId: `r-${i}`, epochMs: 1, kind: 'model', point: 'm', service: '' } as const;
  return { ...known, durationMs: 1, input: frame([i, i + 1]), output: scores([2 * i, 2 * i + 2]), ...changed };
}
const doubled: ReplayAnswer = (input) => scores(Array.from(input.column('x').numbers(), (x) => 2 * x));
const without = ({ input: _, ...rest }: LogRecord): LogRecord => rest;

describe('a replay', () => {
  it('of the same model finds every row equal', async () => {
    const report = await replay([record(1), record(2), record(3)], doubled);
    expect(report).toMatchObject({ records: 3, compared: 3, failed: 0, skipped: 0, uncompared: 0 });
    expect(report).toMatchObject({ rows: 6, equal: 6, different: 0, maxAbsDifference: 0, examples: [] });
  });

  it('says how many rows came out otherwise, how far, and which', async () => {
    const other: ReplayAnswer = (input) =>
      scores(Array.from(input.column('x').numbers(), (x) => (x > 2 ? 2 * x + 0.5 : 2 * x)));
    const report = await replay([record(0), record(1), record(2)], other);
    expect(report).toMatchObject({ rows: 6, equal: 5, different: 1, maxAbsDifference: 0.5 });
    expect(report.columns).toEqual({ y: { differentRows: 1, maxAbsDifference: 0.5 } });
    expect(report.examples).toEqual([{ id: 'id-2', requestId: 'r-2', row: 1, column: 'y', logged: 6, replayed: 6.5 }]);
  });

  it('counts what fails, what has no input and what has nothing to compare', async () => {
    const failing: ReplayAnswer = (input, { id }, signal) => {
      if (id === 'id-2') throw Object.assign(new Error('no such model'), { code: 'INF_ERR_MODEL_UNKNOWN' });
      return doubled(input, record(0), signal);
    };
    const { output: _, ...noOutput } = record(3);
    const all = [
      record(1),
      record(2),
      noOutput,
      without(record(4)),
      record(5, { error: { code: 'X', message: '' } }),
      record(6, { input: frame([]) }),
    ];
    const report = await replay(all, failing);
    expect(report).toMatchObject({ records: 6, compared: 1, failed: 1, uncompared: 1, skipped: 3 });
    expect(report.failures).toEqual([
      { id: 'id-2', requestId: 'r-2', code: 'INF_ERR_MODEL_UNKNOWN', message: 'no such model' },
    ]);
  });

  it.each<[string, unknown, unknown, object, boolean]>([
    ['f32', 1, 1 + 1e-7, {}, true],
    ['f32', 1, 1.0001, {}, false],
    ['f32', 1, 1.0001, { relative: 1e-3 }, true],
    ['f32', 0, 0.001, { absolute: 0.01 }, true],
    ['f32', 1, 1.0001, { f64: { relative: 1 } }, false],
    ['f32', 1, 1.0001, { f32: { relative: 1e-3 } }, true],
    ['f64', 1, 1 + 1e-9, {}, false],
    ['f16', 1, 1.001, {}, true],
    ['f32', NaN, NaN, {}, true],
    ['f32', NaN, 1, { absolute: 1e9 }, false],
    ['f32', Infinity, Infinity, {}, true],
    ['f32', Infinity, 1, { absolute: 1e9, relative: 1 }, false],
    ['f32', null, null, {}, true],
    ['f32', null, 0, {}, false],
    ['i64', 2n ** 62n, 2n ** 62n + 1n, { absolute: 5 }, false],
    ['i64', 2n ** 62n, 2n ** 62n, {}, true],
    ['utf8', 'a', 'a', {}, true],
    ['utf8', 'a', 'b', {}, false],
    ['date32', 1, 1, {}, true],
    ['date32', 1, 2, {}, false],
    ['binary', Uint8Array.of(1), Uint8Array.of(1), {}, true],
    ['binary', Uint8Array.of(1), Uint8Array.of(1, 2), {}, false],
    ['list<f32>', [1, 2], [1, 2 + 1e-7], {}, true],
    ['list<f32>', [1, 2], [1], {}, false],
    ['list<utf8>', ['a'], ['b'], {}, false],
  ])('takes %s %s and %s under %j for the same: %s', async (dtype, one, other, tolerance, same) => {
    const output = new Frame([['y', columnOf(dtype as 'f32', [one])]]);
    const again = new Frame([['y', columnOf(dtype as 'f32', [other])]]);
    const report = await replay([record(0, { input: frame([1]), output })], () => again, { tolerance });
    expect(report.different).toBe(same ? 0 : 1);
  });

  it('compares columns by name and rows in order, and misses none', async () => {
    const logged = record(0, { output: Frame.fromColumns({ y: [1, 2], label: ['a', 'b'] }) });
    const swapped = await replay([logged], () => Frame.fromColumns({ label: ['a', 'b'], y: [1, 2] }));
    expect(swapped).toMatchObject({ rows: 2, equal: 2 });
    const fewer = await replay([logged], () => Frame.fromColumns({ y: [1], label: ['a'] }));
    expect(fewer).toMatchObject({ rows: 2, equal: 1, different: 1 });
    const other = await replay([logged], () => Frame.fromColumns({ y: [1, 2], score: [1, 2] }));
    expect(other).toMatchObject({ rows: 2, equal: 0, different: 2 });
    expect(Object.keys(other.columns)).toEqual(['label', 'score']);
    expect(other.examples[0]).toMatchObject({ column: 'label', logged: 'a', replayed: undefined });
  });

  it("compares the scores of Hushar's logs with the numbers of the answer", async () => {
    const output = new Frame([
      [
        'scores',
        columnOf(
          'f32',
          [
            [1, 2],
            [3, 4],
          ],
          { shape: [2] },
        ),
      ],
    ]);
    const again = Frame.fromColumns({ label: ['a', 'b'], a: Float32Array.of(1, 3), b: Float64Array.of(2, 4) });
    expect(await replay([record(0, { output })], () => again)).toMatchObject({ equal: 2, different: 0 });
  });

  it('reads no further than it answers, and so holds a bounded number of records', async () => {
    let read = 0;
    function* many(): Generator<LogRecord> {
      for (; read < 1000; read++) yield record(read);
    }
    let answered = 0;
    let ahead = 0;
    const slow: ReplayAnswer = async (input, each, signal) => {
      ahead = Math.max(ahead, read - answered);
      await new Promise((resolve) => setImmediate(resolve));
      answered++;
      return doubled(input, each, signal);
    };
    expect(await replay(many(), slow, { concurrency: 3 })).toMatchObject({ records: 1000, equal: 2000 });
    expect(ahead).toBeLessThanOrEqual(4);
  });

  it('ends where it is told to, and closes what it reads', async () => {
    let closed = false;
    async function* source(): AsyncGenerator<LogRecord> {
      try {
        for (let i = 0; ; i++) yield record(i);
      } finally {
        closed = true;
      }
    }
    expect(await replay(source(), doubled, { limit: 7, concurrency: 3 })).toMatchObject({ records: 7, compared: 7 });
    expect(closed).toBe(true);
    const stop = new AbortController();
    const report = await replay(source(), doubled, {
      signal: stop.signal,
      onAnswer: ({ id }) => id === 'id-20' && stop.abort(),
    });
    expect(report.compared).toBeGreaterThan(19);
    expect(report.failed).toBe(0);
    await expect(
      replay(
        (function* () {
          yield record(0);
          throw new Error('the file is damaged');
        })(),
        doubled,
      ),
    ).rejects.toThrow('the file is damaged');
  });

  it('leaves out what is not asked for', async () => {
    const report = await replay([record(1), record(2)], doubled, { filter: ({ id }) => id === 'id-2' });
    expect(report).toMatchObject({ records: 1, rows: 2 });
  });

  it('keeps only some examples', async () => {
    const all = Array.from({ length: 50 }, (_, i) => record(i));
    const wrong = await replay(all, () => scores([-1, -1]), { maxExamples: 3 });
    expect(wrong).toMatchObject({ different: 100, examples: { length: 3 } });
    const broken = await replay(all, () => Promise.reject(new TypeError('no')), { maxExamples: 3 });
    expect(broken).toMatchObject({ failed: 50, failures: { length: 3, 0: { code: 'TypeError' } } });
  });

  it.each([{ concurrency: 0 }, { limit: 0 }, { concurrency: NaN }])('cannot be asked for with %j', async (options) => {
    await expect(replay([], doubled, options)).rejects.toMatchObject({ code: 'SINK_ERR_REPLAY' });
  });

  it('is told in words', async () => {
    const report = await replay([record(0), record(1)], () => scores([0, 2.5]));
    expect(formatReplayReport(report)).toBe(
      [
        '2 records: 2 compared, 0 without a logged answer, 0 failed, 0 skipped',
        '4 rows: 1 equal, 3 different (75.0 %), largest difference 2',
        '',
        'column  different rows  largest difference',
        'y       3               2',
        '',
        'first differences',
        '  id-0 (request r-0), row 1, y: 2 then, 2.5 now',
        '  id-1 (request r-1), row 0, y: 2 then, 0 now',
        '  id-1 (request r-1), row 1, y: 4 then, 2.5 now',
        '',
      ].join('\n'),
    );
  });
});
