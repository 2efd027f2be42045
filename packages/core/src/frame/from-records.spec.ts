import { describe, expect, it } from 'vitest';

import { parseDType, type DType } from './dtype.js';
import { Frame } from './frame.js';

const typesOf = (frame: Frame): Record<string, string> =>
  Object.fromEntries(
    Array.from(frame.columns, ([name, { dtype, shape }]) => [
      name,
      shape.length > 0 ? `${dtype.name}[${shape}]` : dtype.name,
    ]),
  );

const spec = (columns: Record<string, DType>, more: object = {}) => ({
  columns: Object.entries(columns).map(([name, dtype]) => ({
    name,
    dtype: parseDType(dtype),
    shape: [],
    nullable: false,
    rules: [],
    ...more,
  })),
});

describe('Frame.fromRecords without a schema', () => {
  it('infers one type for each column', () => {
    const frame = Frame.fromRecords([
      {
        flag: true,
        int: 1,
        float: 1.5,
        text: 'a',
        big: 1n,
        when: new Date(7),
        bytes: Uint8Array.of(1),
        vec: [1, 2],
        rag: [1],
        tags: ['x'],
        grid: [[1], [2]],
        typed: Float32Array.of(1),
      },
      {
        flag: false,
        int: 2,
        float: 2,
        text: 'b',
        big: 2n,
        when: new Date(8),
        bytes: Uint8Array.of(2),
        vec: [3, 4],
        rag: [1, 2],
        tags: ['y'],
        grid: [[3], [4]],
        typed: Float32Array.of(2),
      },
    ]);
    expect(typesOf(frame)).toEqual({
      flag: 'bool',
      int: 'f64',
      float: 'f64',
      text: 'utf8',
      big: 'i64',
      when: 'timestamp(ms)',
      bytes: 'binary',
      vec: 'f64[2]',
      rag: 'list<f64>',
      tags: 'list<utf8>',
      grid: 'f64[2,1]',
      typed: 'f32[1]',
    });
    expect(frame.column('grid').get(1)).toEqual(Float64Array.of(3, 4));
  });

  it('makes nulls of null, undefined and missing keys', () => {
    const frame = Frame.fromRecords([{ a: 1, b: null }, { a: undefined, c: 'x', b: true }, {}]);
    expect(frame.records()).toEqual([
      { a: 1, b: null, c: null },
      { a: null, b: true, c: 'x' },
      { a: null, b: null, c: null },
    ]);
  });

  it('does not take what objects inherit for values', () => {
    const frame = Frame.fromRecords([{ toString: 'mine' }, {}]);
    expect(frame.column('toString').toArray()).toEqual(['mine', null]);
  });

  it('makes an f64 column of nothing but nulls, lists of empty arrays, and no column of no records', () => {
    expect(typesOf(Frame.fromRecords([{ a: null }]))).toEqual({ a: 'f64' });
    expect(
      Frame.fromRecords([{ a: [] }, { a: [1] }])
        .column('a')
        .toArray(),
    ).toEqual([new Float64Array(), Float64Array.of(1)]);
    expect(Frame.fromRecords([]).rows).toBe(0);
  });

  it.each([
    [[{ a: 1 }, { a: 'x' }], /row 1 of column 'a': got "x" \(utf8\) where the rows before hold number/],
    [[{ a: [1] }, { a: 1 }], /where the rows before hold array of number/],
    [[{ a: [1, 'x'] }], /row 0 of column 'a'/],
    [[{ a: { b: 1 } }], /got {"b":1}, which no column type holds/],
    [[{ a: [1, null] }], /a null stands inside an array/],
    [[{ a: [[1], [1, 2]] }], /rectangular/],
    [[{ a: [[1]] }, { a: [[1], [2]] }], /rectangular/],
    [[{ a: [[[[[[[[[1]]]]]]]]] }], /nest deeper than 8/],
    [[1], /row 0: a record must be a plain object/],
  ])('refuses %j', (records, message) => {
    expect(() => Frame.fromRecords(records as object[])).toThrow(message);
    expect(() => Frame.fromRecords(records as object[])).toThrow(
      expect.objectContaining({ code: 'CORE_ERR_FRAME_VALUE' }),
    );
  });
});

describe('Frame.fromRecords with a schema', () => {
  it('takes the columns of the schema in its order and ignores others', () => {
    const frame = Frame.fromRecords([{ extra: 1, y: 2, x: 1 }], spec({ x: 'f32', y: 'u8' }));
    expect(typesOf(frame)).toEqual({ x: 'f32', y: 'u8' });
  });

  it.each<[DType, unknown, unknown]>([
    ['i64', 5, 5n],
    ['i64', -(2n ** 63n), -(2n ** 63n)],
    ['u64', 2n ** 64n - 1n, 2n ** 64n - 1n],
    ['f32', 0.1, Math.fround(0.1)],
    ['f32', 'NaN', NaN],
    ['f64', '-Infinity', -Infinity],
    ['f16', 65504, 65504],
    ['date32', '2026-01-31T23:00:00Z', new Date('2026-01-31')],
    ['date32', -1, new Date('1969-12-31')],
    ['timestamp(s)', new Date(-1500), new Date(-2000)],
    ['timestamp(ms)', '2026-01-31T10:00:00+01:00', new Date('2026-01-31T09:00:00Z')],
    ['timestamp(us)', new Date(3), 3000n],
    ['timestamp(ns)', 5, 5n],
    ['list<u8>', [1, 255], Uint8Array.of(1, 255)],
  ])('holds %s: %s', (dtype, given, expected) => {
    const frame = Frame.fromRecords([{ x: given }], spec({ x: dtype }));
    expect(frame.column('x').get(0)).toEqual(expected);
  });

  it.each<[DType, unknown]>([
    ['u8', 256],
    ['i8', -129],
    ['i32', 1.5],
    ['i32', '1'],
    ['i64', 2 ** 53],
    ['i64', 2n ** 63n],
    ['u64', -1n],
    ['f32', 1e39],
    ['f16', 65520],
    ['f64', '1'],
    ['f64', true],
    ['bool', 1],
    ['utf8', 1],
    ['binary', 'AQ=='],
    ['date32', 'tomorrow'],
    ['timestamp(ms)', new Date(NaN)],
    ['list<u8>', [256]],
    ['list<u8>', 1],
    ['f32', null],
    ['f32', undefined],
  ])('refuses %s: %s', (dtype, given) => {
    const build = () => Frame.fromRecords([{ x: given }], spec({ x: dtype }));
    expect(build).toThrow(expect.objectContaining({ code: 'CORE_ERR_FRAME_VALUE' }));
    expect(build).toThrow(/row 0 of column 'x'/);
  });

  it('fills in defaults and nulls', () => {
    expect(
      Frame.fromRecords([{}, { x: 2 }], spec({ x: 'f32' }, { default: 7 }))
        .column('x')
        .toArray(),
    ).toEqual([7, 2]);
    expect(
      Frame.fromRecords([{}, { x: 2 }], spec({ x: 'f32' }, { nullable: true }))
        .column('x')
        .toArray(),
    ).toEqual([null, 2]);
  });

  it('takes vectors flat, nested and as typed arrays, and finds the size left open', () => {
    const grid = (shape: (number | null)[], ...cells: unknown[]) =>
      Frame.fromRecords(
        cells.map((x) => ({ x })),
        spec({ x: 'f32' }, { shape, nullable: true }),
      ).column('x');
    expect(
      grid(
        [2, 2],
        [1, 2, 3, 4],
        [
          [5, 6],
          [7, 8],
        ],
        Float32Array.of(9, 10, 11, 12),
      ).numbers(),
    ).toEqual(Float32Array.from({ length: 12 }, (_, i) => i + 1));
    expect(grid([null, 2], [[1, 2]], null).shape).toEqual([1, 2]);
    expect(grid([null, 2], [1, 2, 3, 4]).shape).toEqual([2, 2]);
    expect(grid([null]).shape).toEqual([0]);
    for (const wrong of [[1, 2, 3], [[1, 2], [3]], 1, [[1, 2]], [[1, 2], 3]])
      expect(() => grid([2, 2], wrong)).toThrow(/expected shape \[2, 2\]|expected f32/);
  });
});

describe('Frame.fromColumns', () => {
  it('takes typed arrays without a copy', () => {
    const x = new Uint16Array([1, 2]);
    const frame = Frame.fromColumns({ x, big: new BigUint64Array(2), bytes: Buffer.from([1, 2]) });
    expect(frame.column('x').data).toBe(x);
    expect(typesOf(frame)).toEqual({ x: 'u16', big: 'u64', bytes: 'u8' });
  });

  it('refuses what is no column, and columns of different lengths', () => {
    expect(() => Frame.fromColumns({ x: new Uint8ClampedArray(1) as never })).toThrow(/expected a typed array/);
    expect(() => Frame.fromColumns({ x: 'abc' as never })).toThrow(/got "abc"/);
    expect(() => Frame.fromColumns({ x: [1], y: [1, 2] })).toThrow("column 'y' has 2 rows, the frame has 1");
  });
});
