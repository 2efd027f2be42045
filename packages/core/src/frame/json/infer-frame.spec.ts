import { describe, expect, it } from 'vitest';

import { inferFrameFromJson } from './infer-frame.js';

const typesOf = (parsed: unknown): string[] =>
  Array.from(inferFrameFromJson(parsed).columns, ([name, { dtype, shape }]) => `${name}:${dtype.name}[${shape}]`);

describe('inferFrameFromJson', () => {
  it('takes records, columns, and either in an envelope', () => {
    const records = [
      { x: 1, y: 'a' },
      { x: 2.5, y: null },
    ];
    const columns = { x: [1, 2.5], y: ['a', null] };
    for (const form of [records, columns, { records }, { columns }, records.map((record) => JSON.stringify(record))]) {
      expect(inferFrameFromJson(form).records()).toEqual(records);
    }
  });

  it('takes a column that is named records for one', () => {
    expect(inferFrameFromJson({ records: [1, 2] }).names).toEqual(['records']);
  });

  it('counts the texts of the non-finite as numbers among numbers only', () => {
    expect(
      inferFrameFromJson([{ x: 1 }, { x: 'NaN' }, { x: '-Infinity' }])
        .column('x')
        .toArray(),
    ).toEqual([1, NaN, -Infinity]);
    expect(typesOf([{ x: 'NaN' }, { x: 'other' }])).toEqual(['x:utf8[]']);
    expect(typesOf([{ x: 'NaN' }])).toEqual(['x:utf8[]']);
    expect(
      inferFrameFromJson([{ x: [1, 'NaN'] }])
        .column('x')
        .get(0),
    ).toEqual(Float64Array.of(1, NaN));
  });

  it('keeps dates text and makes vectors and lists', () => {
    expect(
      typesOf([
        { day: '2026-01-31', v: [1, 2], l: [1] },
        { day: '2026-02-01', v: [3, 4], l: [] },
      ]),
    ).toEqual(['day:utf8[]', 'v:f64[2]', 'l:list<f64>[]']);
  });

  it.each([
    [1, /expected an array of records or an object of columns/],
    [null, /got null/],
    [[1], /row 0: got 1, expected a record/],
    [['{'], /row 0: the text "{" is not JSON/],
    [[{ x: 1 }, { x: 'a' }], /row 1 of column 'x'/],
    [{ x: 1 }, /column 'x': got 1, expected an array/],
    [{ x: [1], y: [1, 2] }, /column 'y' has 2 values, the one before 1/],
    [{ records: [{}], columns: {} }, /send one/],
    [JSON.parse(`[{"x":${'['.repeat(1000)}${']'.repeat(1000)}}]`), /nest deeper/],
  ])('refuses %#', (parsed, message) => {
    expect(() => inferFrameFromJson(parsed)).toThrow(message);
    expect(() => inferFrameFromJson(parsed)).toThrow(
      expect.objectContaining({ code: 'CORE_ERR_FRAME_INFER', category: 'INVALID_ARGUMENT' }),
    );
  });

  it('holds the limits', () => {
    const limited = expect.objectContaining({ code: 'CORE_ERR_FRAME_LIMIT', httpStatus: 413 });
    expect(() => inferFrameFromJson([{}, {}], { maxRows: 1 })).toThrow(limited);
    expect(() => inferFrameFromJson({ x: [1, 2] }, { maxRows: 1 })).toThrow(limited);
    expect(() => inferFrameFromJson([{ a: 1 }, { b: 1 }], { maxColumns: 1 })).toThrow(limited);
    // What is absent or null takes room as well: 3 columns of 2 rows; a vector of 3 in 3 rows.
    expect(() => inferFrameFromJson([{ a: 1, b: 1, c: 1 }, {}], { maxBytes: 47 })).toThrow(limited);
    expect(inferFrameFromJson([{ a: 1, b: 1, c: 1 }, {}], { maxBytes: 48 }).rows).toBe(2);
    expect(() => inferFrameFromJson([{ v: [1, 2, 3] }, {}, {}], { maxBytes: 71 })).toThrow(limited);
    expect(() => inferFrameFromJson({ a: [1, 2], b: [3, 4] }, { maxBytes: 31 })).toThrow(limited);
  });

  it('refuses records that share too few keys, once there are many', () => {
    const ragged = (rows: number) => Array.from({ length: rows }, (_, i) => ({ [`k${i}`]: i }));
    expect(() => inferFrameFromJson(ragged(1001))).toThrow(
      expect.objectContaining({ code: 'CORE_ERR_FRAME_LIMIT', message: expect.stringContaining('1002001 cells') }),
    );
    expect(inferFrameFromJson(ragged(1000)).names).toHaveLength(1000);
  });

  it('takes __proto__ for a name like any other', () => {
    const frame = inferFrameFromJson(JSON.parse('[{"__proto__": 1}, {"__proto__": 2}]'));
    expect(frame.column('__proto__').toArray()).toEqual([1, 2]);
  });
});
