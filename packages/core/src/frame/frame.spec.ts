import { describe, expect, it } from 'vitest';

import { Column } from './column.js';
import { columnOf } from './column-of.js';
import { Frame } from './frame.js';

const dictionary = (codes: number[], values: string[]): Column =>
  new Column({ dtype: 'utf8', length: codes.length, data: { codes: Int32Array.from(codes), values } });

describe('Frame', () => {
  it('slices rows and shares their storage', () => {
    const x = new Float32Array([1, 2, 3, 4]);
    const slice = Frame.fromColumns({ x, name: ['a', 'b', 'c', 'd'] }).slice(1, 3);
    expect(slice.records()).toEqual([
      { x: 2, name: 'b' },
      { x: 3, name: 'c' },
    ]);
    expect(slice.column('x').numbers().buffer).toBe(x.buffer);
  });

  it('keeps nulls in place when a slice does not begin at a byte of the bitmap', () => {
    const values = Array.from({ length: 40 }, (_, i) => (i % 3 === 0 ? null : i));
    const frame = Frame.fromColumns({ x: values });
    expect(frame.slice(5, 31).column('x').toArray()).toEqual(values.slice(5, 31));
    expect(frame.slice(16, 40).slice(3, 24).column('x').toArray()).toEqual(values.slice(19, 40));
  });

  it.each([
    [-1, 2],
    [2, 1],
    [0, 5],
    [0.5, 1],
  ])('refuses to slice rows %s to %s of four', (start, end) => {
    expect(() => Frame.fromColumns({ x: [1, 2, 3, 4] }).slice(start, end)).toThrow(RangeError);
  });

  it('gives a single frame back as it is', () => {
    const frame = Frame.fromColumns({ x: [1] });
    expect(Frame.concat([frame])).toBe(frame);
    expect(() => Frame.concat([])).toThrow(/at least one frame/);
  });

  it('concatenates by name, whatever the order of the columns', () => {
    const a = Frame.fromColumns({ x: new Int32Array([1]), y: ['p'] });
    const b = Frame.fromColumns({ y: ['q'], x: new Int32Array([2]) });
    expect(Frame.concat([a, b]).records()).toEqual([
      { x: 1, y: 'p' },
      { x: 2, y: 'q' },
    ]);
  });

  it('merges dictionaries and keeps a shared one', () => {
    const values = ['a', 'b'];
    const shared = Frame.concat(
      [dictionary([1], values), dictionary([0], values)].map((s) => Frame.fromColumns({ s })),
    );
    expect(shared.column('s').data).toEqual({ codes: Int32Array.of(1, 0), values });
    const merged = Frame.concat(
      [dictionary([1], ['a', 'b']), dictionary([0, 1], ['c', 'b'])].map((s) => Frame.fromColumns({ s })),
    );
    expect(merged.column('s').strings()).toEqual(['b', 'c', 'b']);
    expect(merged.column('s').data).toMatchObject({ values: ['a', 'b', 'c'] });
  });

  it('spells a dictionary out where the other frame has plain strings', () => {
    const frames = [Frame.fromColumns({ s: dictionary([1, 0], ['a', 'b']) }), Frame.fromColumns({ s: ['c'] })];
    expect(Frame.concat(frames).column('s').strings()).toEqual(['b', 'a', 'c']);
  });

  it('offsets lists anew, also those of slices, and joins nulls', () => {
    const list = columnOf('list<i64>', [[1n, 2n], null, [3n], []]);
    const frame = Frame.fromColumns({ list });
    const joined = Frame.concat([frame.slice(2, 4), frame.slice(0, 2)]);
    expect(joined.column('list').toArray()).toEqual([
      BigInt64Array.of(3n),
      new BigInt64Array(),
      BigInt64Array.of(1n, 2n),
      null,
    ]);
  });

  it('names the column whose type or shape differs', () => {
    const error = expect.objectContaining({ code: 'CORE_ERR_FRAME_CONCAT' });
    const vectors = (size: number): Frame =>
      Frame.fromColumns({ v: columnOf('f32', [Array(size).fill(0)], { shape: [size] }) });
    const attempt = (...frames: Frame[]) => {
      try {
        Frame.concat(frames);
      } catch (thrown) {
        expect(thrown).toEqual(error);
        return (thrown as Error).message;
      }
      return undefined;
    };
    expect(
      attempt(Frame.fromColumns({ x: new Float32Array(1) }), Frame.fromColumns({ x: new Float64Array(1) })),
    ).toMatch(/'x' is f32 .* f64/);
    expect(attempt(vectors(2), vectors(3))).toMatch(/'v' is f32 \[2\] .* f32 \[3\]/);
    expect(attempt(Frame.fromColumns({ x: [1] }), Frame.fromColumns({ y: [1] }))).toMatch(
      /are x in one frame and y in another/,
    );
    expect(attempt(Frame.fromColumns({ x: [1] }), Frame.fromColumns({ x: [1], y: [1] }))).toMatch(/x, y in another/);
  });

  it('selects in the order asked for and names a column that is not there', () => {
    const frame = Frame.fromColumns({ a: [1], b: [2], c: [3] });
    expect(frame.select(['c', 'a']).names).toEqual(['c', 'a']);
    expect(() => frame.select(['d'])).toThrow("no column 'd': this frame has a, b, c");
  });

  it('adds and replaces columns without touching the original', () => {
    const frame = Frame.fromColumns({ a: [1, 2], b: [3, 4] });
    const more = frame.with('a', new Float32Array([5, 6])).with('c', ['x', 'y']);
    expect(more.records()).toEqual([
      { a: 5, b: 3, c: 'x' },
      { a: 6, b: 4, c: 'y' },
    ]);
    expect(frame.names).toEqual(['a', 'b']);
    expect(() => frame.with('c', [1])).toThrow("column 'c' has 1 rows, the frame has 2");
    expect(new Frame([]).with('a', [1, 2]).rows).toBe(2);
  });

  it('keeps the mark of its origin through slice, select, with and compact, and drops it in concat', () => {
    const marked = Frame.fromColumns({ a: [1, 2] }).markedAs('gate');
    for (const frame of [
      marked,
      marked.slice(0, 1),
      marked.select(['a']),
      marked.with('b', [1, 2]),
      marked.compact(),
    ]) {
      expect(frame.origin).toBe('gate');
    }
    expect(Frame.concat([marked, marked]).origin).toBeUndefined();
  });

  it('compacts: the same rows in storage of their own', () => {
    const long = 'a text that is longer than twelve characters';
    const frame = Frame.fromColumns({
      x: Float64Array.from({ length: 1000 }, (_, i) => i),
      s: dictionary(
        Array.from({ length: 1000 }, (_, i) => i % 10),
        Array.from({ length: 10 }, (_, i) => `${long} ${i}`),
      ),
      b: Array.from({ length: 1000 }, (_, i) => Uint8Array.of(i)),
      l: columnOf(
        'list<f32>',
        Array.from({ length: 1000 }, (_, i) => (i % 2 ? null : [i, i])),
      ),
    }).slice(500, 503);
    const compact = frame.compact();
    expect(Frame.equals(compact, frame)).toBe(true);
    expect(compact.column('x').numbers().buffer.byteLength).toBe(24);
    expect(compact.column('s').data).toMatchObject({ values: [0, 1, 2].map((i) => `${long} ${i}`) });
    expect((compact.column('l').data as { values: Column }).values.length).toBe(4);
  });

  it('tells frames apart by names, order, types, nulls and values', () => {
    const frame = Frame.fromColumns({ a: [1, NaN], b: ['x', 'y'] });
    expect(Frame.equals(frame, Frame.fromColumns({ a: [1, NaN], b: dictionary([1, 0], ['y', 'x']) }))).toBe(true);
    expect(Frame.equals(frame, Frame.fromColumns({ b: ['x', 'y'], a: [1, NaN] }))).toBe(false);
    expect(Frame.equals(frame, Frame.fromColumns({ a: [1, 2], b: ['x', 'y'] }))).toBe(false);
    expect(Frame.equals(frame, Frame.fromColumns({ a: [1, null], b: ['x', 'y'] }))).toBe(false);
    expect(Frame.equals(frame, Frame.fromColumns({ a: Float32Array.of(1, NaN), b: ['x', 'y'] }))).toBe(false);
    expect(Frame.equals(new Frame([], 2), new Frame([], 3))).toBe(false);
  });
});

describe('records', () => {
  it('gives every dtype as its record value', () => {
    const frame = Frame.fromColumns({
      bool: columnOf('bool', [true]),
      f16: columnOf('f16', [1.5]),
      i64: columnOf('i64', [-5n]),
      text: dictionary([0], ['a']),
      day: columnOf('date32', ['2026-01-31']),
      second: columnOf('timestamp(s)', [new Date(5000)]),
      instant: columnOf('timestamp(ms, UTC)', [new Date(5)]),
      nano: columnOf('timestamp(ns)', [7n]),
      span: columnOf('duration(ms)', [8n]),
      bytes: columnOf('binary', [Uint8Array.of(1)]),
      vector: columnOf('f32', [[1, 2]], { shape: [2] }),
      flags: columnOf('bool', [[true, false]], { shape: [2] }),
      halves: columnOf('f16', [[1, 2]], { shape: [2] }),
      list: columnOf('list<utf8>', [['x', 'y']]),
      missing: columnOf('i8', [null]),
    });
    expect(frame.records()).toEqual([
      {
        bool: true,
        f16: 1.5,
        i64: -5n,
        text: 'a',
        day: new Date('2026-01-31'),
        second: new Date(5000),
        instant: new Date(5),
        nano: 7n,
        span: 8n,
        bytes: Uint8Array.of(1),
        vector: Float32Array.of(1, 2),
        flags: [true, false],
        halves: Float32Array.of(1, 2),
        list: ['x', 'y'],
        missing: null,
      },
    ]);
  });

  it('keeps names that mean something to JavaScript ordinary', () => {
    const name = '"; throw 1; //\u2028';
    const frame = new Frame(['__proto__', 'constructor', name].map((key) => [key, columnOf('i8', [1])] as const));
    const [record] = frame.records() as [Record<string, unknown>];
    expect(Object.keys(record)).toEqual(['__proto__', 'constructor', name]);
    expect(Object.getPrototypeOf(record)).toBe(Object.prototype);
  });

  it('reads frames of one schema with and without nulls', () => {
    const rows = (values: (number | null)[]) => Frame.fromColumns({ x: columnOf('f32', values) }).records();
    expect(rows([1, 2])).toEqual([{ x: 1 }, { x: 2 }]);
    expect(rows([1, null])).toEqual([{ x: 1 }, { x: null }]);
  });
});
