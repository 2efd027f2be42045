import { describe, expect, it } from 'vitest';
import { WitanError } from '../errors/witan-error.js';
import type { Frame } from '../frame/frame.js';
import { type DynamicColumn } from './dynamic-schema.js';
import { type DecodeLimits, jsonDecoderOf } from './json-decoder.js';
import { Schema } from './schema.decorator.js';
import type { Violation } from './spec.js';

type Columns = Record<string, DynamicColumn>;

const decode = (columns: Columns, body: unknown, limits?: DecodeLimits, unknown: 'ignore' | 'refuse' = 'ignore') =>
  jsonDecoderOf(Schema.dynamic({ columns, unknown })).decode(
    Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
    limits,
  );

function errorOf(run: () => unknown): WitanError {
  try {
    run();
  } catch (error) {
    if (WitanError.is(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** `row column rule` of each violation. */
function violations(columns: Columns, body: unknown, unknown?: 'ignore' | 'refuse'): string[] {
  const error = errorOf(() => decode(columns, body, undefined, unknown));
  expect([error.code, error.httpStatus, error.category]).toEqual(['CORE_ERR_VALIDATION', 422, 'INVALID_ARGUMENT']);
  return (error.details!.violations as Violation[]).map(({ row, column, rule }) => `${row} ${column} ${rule}`);
}

/** The one cell of a scalar column, after decoding `json`. */
const cell = (dtype: DynamicColumn, json: string): unknown =>
  decode({ x: dtype }, `[{"x":${json}}]`).frame.column('x').get(0);
const cellFault = (dtype: DynamicColumn, json: string): string => violations({ x: dtype }, `[{"x":${json}}]`).join(';');

const POINTS: Columns = { x: 'f32', y: 'i32' };
const pointsOf = (frame: Frame) => [
  Array.from(frame.column('x').data as Float32Array),
  Array.from(frame.column('y').data as Int32Array),
];

describe('the forms of a JSON request', () => {
  const rows = [
    { x: 0.5, y: 1 },
    { x: 2, y: -3 },
  ];
  it.each<[string, unknown, string]>([
    ['an array of records', rows, 'array'],
    ['an envelope of records', { records: rows }, 'records'],
    ['an envelope with an id', { id: 'a', records: rows }, 'records'],
    ['columns', { columns: { x: [0.5, 2], y: [1, -3] } }, 'columns'],
    ['records that are JSON text', rows.map((row) => JSON.stringify(row)), 'array'],
    ['records as text in an envelope', { records: [rows[0], JSON.stringify(rows[1])] }, 'records'],
  ])('reads %s', (_, body, form) => {
    const decoded = decode(POINTS, body);
    expect(decoded.form).toBe(form);
    expect(decoded.frame.rows).toBe(2);
    expect(pointsOf(decoded.frame)).toEqual([
      [0.5, 2],
      [1, -3],
    ]);
  });

  it('reads a string body and a byte order mark', () => {
    expect(jsonDecoderOf(Schema.dynamic({ columns: POINTS })).decode('\uFEFF[{"x":1,"y":2}]').frame.rows).toBe(1);
  });

  it.each<[string, unknown]>([
    ['an array', []],
    ['records', { records: [] }],
    ['columns', { columns: { x: [], y: [] } }],
  ])('takes zero rows as %s', (_, body) => {
    const { frame } = decode(POINTS, body);
    expect([frame.rows, frame.names]).toEqual([0, ['x', 'y']]);
  });

  it.each<[string, unknown, RegExp]>([
    ['a single record', { x: 1, y: 2 }, /single record.*array/],
    ['another object', { rows: [] }, /the keys "rows"/],
    ['an empty object', {}, /empty object/],
    ['both forms', { records: [], columns: {} }, /both/],
    ['records that are no array', { records: {} }, /must be an array/],
    ['columns that are no object', { columns: [] }, /must be an object/],
    ['a number', 3, /got a number/],
    ['null', 'null', /got null/],
    ['text', '"abc"', /got a string/],
  ])('refuses %s with 400 and a hint', (_, body, text) => {
    const error = errorOf(() => decode(POINTS, body));
    expect([error.code, error.httpStatus]).toEqual(['CORE_ERR_JSON_FORM', 400]);
    expect(error.message).toMatch(text);
  });

  it.each<[string, string | Buffer, RegExp]>([
    ['an empty body', '', /empty/],
    ['a truncated body', '[{"x":1,"y"', /ends too early at position 11/],
    ['trailing garbage', '[{"x":1,"y":2}]]', /unexpected "\]" at position 15/],
    ['bytes that are not UTF-8', Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]), /UTF-8/],
    ['a bare NaN', '[{"x":NaN,"y":1}]', /unexpected "NaN,.* at position 6/],
  ])('refuses %s with 400', (_, body, text) => {
    const error = errorOf(() => jsonDecoderOf(Schema.dynamic({ columns: POINTS })).decode(Buffer.from(body as string)));
    expect([error.code, error.httpStatus]).toEqual(['CORE_ERR_JSON_MALFORMED', 400]);
    expect(error.message).toMatch(text);
  });

  it('names the limit of rows', () => {
    const error = errorOf(() => decode(POINTS, { columns: { x: [1, 2, 3], y: [1, 2, 3] } }, { maxRows: 2 }));
    expect([error.code, error.httpStatus, error.category]).toEqual(['CORE_ERR_ROWS_LIMIT', 413, 'RESOURCE_EXHAUSTED']);
    expect(error.message).toMatch(/3 rows.*at most 2/);
    expect(errorOf(() => decode(POINTS, `[${'0,'.repeat(1e6)}0]`)).message).toMatch(/more than 1000000 rows.*1000000/);
  });
});

describe('nesting', () => {
  const deep = (levels: number, inner = '1'): string => '['.repeat(levels) + inner + ']'.repeat(levels);
  it.each<[string, string]>([
    ['the whole body', deep(100)],
    ['a known column', `[{"x":${deep(100)},"y":1}]`],
    ['an unknown column', `[{"x":1,"y":1,"z":${deep(100)}}]`],
    ['an unknown column of objects', `[{"x":1,"y":1,"z":${'{"a":'.repeat(100)}1${'}'.repeat(100)}}]`],
    ['an unknown key of columns', `{"columns":{"x":[1],"y":[1],"z":${deep(100)}}}`],
    ['beside the records', `{"records":[],"z":${deep(100)}}`],
    ['a hundred thousand levels', deep(100_000)],
    ['a record in text', JSON.stringify([`{"x":1,"y":1,"z":${deep(100)}}`])],
  ])('that is too deep is refused in %s', (_, body) => {
    const error = errorOf(() => decode(POINTS, body));
    expect([error.code, error.httpStatus]).toEqual(['CORE_ERR_JSON_DEPTH', 400]);
    expect(error.message).toContain('32 levels');
  });

  it('counts the array and the record', () => {
    expect(decode(POINTS, `[{"x":1,"y":1,"z":${deep(2)}}]`, { maxDepth: 4 }).frame.rows).toBe(1);
    expect(errorOf(() => decode(POINTS, `[{"x":1,"y":1,"z":${deep(3)}}]`, { maxDepth: 4 })).code).toBe(
      'CORE_ERR_JSON_DEPTH',
    );
  });
});

describe('what cells take', () => {
  it.each<[DynamicColumn, string, unknown]>([
    ['bool', 'true', true],
    ['bool', 'false', false],
    ['i8', '-128', -128],
    ['u8', '255', 255],
    ['i32', '1.0', 1],
    ['i32', '1e3', 1000],
    ['i32', '-0', 0],
    ['u32', '4294967295', 4294967295],
    ['f32', '0.1', Math.fround(0.1)],
    ['f32', '3.4028235e38', 3.4028234663852886e38],
    ['f16', '65504', 65504],
    ['f16', '0.1', 0.0999755859375],
    ['f64', '0.1', 0.1],
    ['f64', '12345678901234567890', 12345678901234567890],
    ['f64', '"NaN"', NaN],
    ['f32', '"Infinity"', Infinity],
    ['f16', '"-Infinity"', -Infinity],
    ['i64', '9223372036854775807', 9223372036854775807n],
    ['i64', '-9223372036854775808', -9223372036854775808n],
    ['i64', '"9007199254740993"', 9007199254740993n],
    ['i64', '1e3', 1000n],
    ['i64', '7.0', 7n],
    ['u64', '18446744073709551615', 18446744073709551615n],
    ['utf8', '"é\\n\\ud83d\\ude00"', 'é\n😀'],
    ['utf8', '""', ''],
    ['binary', '"AAEC"', new Uint8Array([0, 1, 2])],
    ['binary', '""', new Uint8Array(0)],
    ['date32', '"2024-02-29"', new Date('2024-02-29')],
    ['date32', '"1969-12-31"', new Date('1969-12-31')],
    ['date32', '19782', new Date('2024-02-29')],
    ['timestamp(ms, UTC)', '"2024-02-29T12:34:56.789Z"', new Date('2024-02-29T12:34:56.789Z')],
    ['timestamp(ms, UTC)', '"2024-02-29T12:34:56+02:00"', new Date('2024-02-29T10:34:56Z')],
    ['timestamp(ms, UTC)', '1709210096789', new Date(1709210096789)],
    ['timestamp(s)', '"2024-02-29T12:34:56"', new Date('2024-02-29T12:34:56Z')],
    ['timestamp(ns, UTC)', '"2024-02-29T12:34:56.123456789Z"', 1709210096123456789n],
    ['timestamp(ns, UTC)', '1709210096123456789', 1709210096123456789n],
    ['timestamp(us, UTC)', '"1969-12-31T23:59:59.999999Z"', -1n],
    ['duration(ns)', '9007199254740993', 9007199254740993n],
    ['duration(ms)', '"-5"', -5n],
    ['list<utf8>', '["a","b"]', ['a', 'b']],
    ['list<i64>', '[9007199254740993]', BigInt64Array.of(9007199254740993n)],
    ['list<f32>', '[]', new Float32Array(0)],
    [{ dtype: 'f32', shape: [3] }, '[1,2,3]', Float32Array.of(1, 2, 3)],
    [{ dtype: 'f32', shape: [2, 2] }, '[[1,2],[3,4]]', Float32Array.of(1, 2, 3, 4)],
    [{ dtype: 'f32', shape: [2, 2] }, '[1,2,3,4]', Float32Array.of(1, 2, 3, 4)],
    [{ dtype: 'f64', shape: [2] }, '["NaN",1]', Float64Array.of(NaN, 1)],
    [{ dtype: 'u64', shape: [1] }, '[18446744073709551615]', BigUint64Array.of(18446744073709551615n)],
    [{ dtype: 'bool', shape: [2] }, '[true,false]', [true, false]],
    [{ dtype: 'utf8', shape: [2] }, '["a","b"]', ['a', 'b']],
    [{ dtype: 'f32', nullable: true }, 'null', null],
    [{ dtype: 'utf8', nullable: true }, 'null', null],
    [{ dtype: 'list<f32>', nullable: true }, 'null', null],
  ])('%j takes %s', (dtype, json, expected) => {
    expect(cell(dtype, json)).toEqual(expected);
    const [frame] = [decode({ x: dtype }, `{"columns":{"x":[${json}]}}`).frame];
    expect(frame.column('x').get(0)).toEqual(expected);
  });

  it.each<[DynamicColumn, string, string]>([
    ['bool', '1', 'dtype'],
    ['bool', '"true"', 'dtype'],
    ['i8', '300', 'range'],
    ['i8', '-129', 'range'],
    ['u8', '-1', 'range'],
    ['u32', '4294967296', 'range'],
    ['i32', '1.5', 'dtype'],
    ['i32', '"1"', 'dtype'],
    ['i32', 'true', 'dtype'],
    ['i32', '[1]', 'dtype'],
    ['f32', '3.5e38', 'range'],
    ['f32', '"1"', 'dtype'],
    ['f32', '"nan"', 'dtype'],
    ['f32', '{}', 'dtype'],
    ['f64', '1e400', 'range'],
    ['f16', '65520', 'range'],
    ['f32', 'null', 'null'],
    ['i64', '9223372036854775808', 'range'],
    ['i64', '1.5', 'dtype'],
    ['i64', '1e300', 'dtype'],
    ['i64', '123456789012345678e3', 'dtype'],
    ['i64', '""', 'dtype'],
    ['i64', '" 1"', 'dtype'],
    ['i64', '"0x10"', 'dtype'],
    ['i64', '"007"', 'dtype'],
    ['u64', '-1', 'range'],
    ['u64', '18446744073709551616', 'range'],
    ['u64', '1'.repeat(5000), 'range'],
    ['utf8', '1', 'dtype'],
    ['utf8', '"\\ud800"', 'dtype'],
    ['utf8', '"a\\udc00b"', 'dtype'],
    ['binary', '"AAE"', 'dtype'],
    ['binary', '"A-_="', 'dtype'],
    ['binary', '"AB=="', 'dtype'],
    ['binary', '"AA==\\n"', 'dtype'],
    ['date32', '"2023-02-29"', 'dtype'],
    ['date32', '"2024-13-01"', 'dtype'],
    ['date32', '"2024-1-1"', 'dtype'],
    ['date32', '"2024-01-01T00:00:00Z"', 'dtype'],
    ['date32', '1e12', 'range'],
    ['timestamp(ms, UTC)', '"2024-02-29T12:34:56"', 'dtype'],
    ['timestamp(ms, UTC)', '"2024-02-29"', 'dtype'],
    ['timestamp(ms, UTC)', '"2024-02-29T24:00:00Z"', 'dtype'],
    ['timestamp(ms, UTC)', '"2024-02-29T12:34:56.7891Z"', 'dtype'],
    ['timestamp(ms, UTC)', '9223372036854775807', 'range'],
    ['timestamp(ns, UTC)', '"2500-01-01T00:00:00Z"', 'range'],
    ['timestamp(s)', '1.5', 'dtype'],
    ['duration(ms)', '"PT1S"', 'dtype'],
    ['list<f32>', '1', 'dtype'],
    ['list<f32>', '[null]', 'null'],
    ['list<i8>', '[1,300]', 'range'],
    [{ dtype: 'f32', shape: [3] }, '[1,2]', 'shape'],
    [{ dtype: 'f32', shape: [3] }, '[1,2,3,4]', 'shape'],
    [{ dtype: 'f32', shape: [3] }, '[1,null,3]', 'null'],
    [{ dtype: 'f32', shape: [3] }, '[1,"2",3]', 'dtype'],
    [{ dtype: 'f32', shape: [3] }, '[[1,2,3]]', 'shape'],
    [{ dtype: 'f32', shape: [3] }, '"abc"', 'dtype'],
    [{ dtype: 'f32', shape: [2, 2] }, '[[1,2],[3]]', 'shape'],
    [{ dtype: 'f32', shape: [2, 2] }, '[[1,2],3]', 'shape'],
    [{ dtype: 'f32', shape: [2, 2] }, '[1,[2],3,4]', 'dtype'],
    [{ dtype: 'f32', shape: [null, null] }, '[1,2,3,4]', 'shape'],
  ])('%j refuses %s as %s', (dtype, json, rule) => {
    expect(cellFault(dtype, json)).toBe(`0 x ${rule}`);
    expect(violations({ x: dtype }, `{"columns":{"x":[${json}]}}`)).toEqual([`0 x ${rule}`]);
  });

  it('keeps an open size equal within a request, and lets it differ between requests', () => {
    const columns: Columns = { x: { dtype: 'f32', shape: [null, 2] } };
    expect(
      decode(columns, [
        { x: [1, 2, 3, 4] },
        {
          x: [
            [5, 6],
            [7, 8],
          ],
        },
      ]).frame.column('x').shape,
    ).toEqual([2, 2]);
    expect(decode(columns, [{ x: [1, 2] }]).frame.column('x').shape).toEqual([1, 2]);
    expect(violations(columns, [{ x: [1, 2] }, { x: [1, 2, 3, 4] }, { x: [1, 2, 3] }])).toEqual([
      '1 x shape',
      '2 x shape',
    ]);
    expect(decode(columns, []).frame.column('x').shape).toEqual([0, 2]);
  });

  it('reads lists into offsets and values', () => {
    const { frame } = decode({ x: { dtype: 'list<i16>', nullable: true } }, [{ x: [1, 2] }, {}, { x: [] }, { x: [3] }]);
    expect([0, 1, 2, 3].map((row) => frame.column('x').get(row))).toEqual([
      Int16Array.of(1, 2),
      null,
      new Int16Array(0),
      Int16Array.of(3),
    ]);
  });
});

describe('missing, null and unknown', () => {
  const columns: Columns = {
    a: 'f32',
    b: { dtype: 'i64', nullable: true },
    c: { dtype: 'i8', default: 7 },
    d: { dtype: 'f32', shape: [2], default: [1, 2] },
  };

  it('fills defaults and nulls', () => {
    const { frame } = decode(columns, [{ a: 1 }, { a: 2, b: 5, c: 1, d: [3, 4] }]);
    expect(frame.records()).toEqual([
      { a: 1, b: null, c: 7, d: Float32Array.of(1, 2) },
      { a: 2, b: 5n, c: 1, d: Float32Array.of(3, 4) },
    ]);
  });

  it('fills them for absent columns too', () => {
    const { frame } = decode(columns, { columns: { a: [1, 2] } });
    expect(frame.records()).toEqual([1, 2].map((a) => ({ a, b: null, c: 7, d: Float32Array.of(1, 2) })));
  });

  it('says which are missing', () => {
    expect(violations(columns, [{}, { a: null, c: null }])).toEqual(['0 a required', '1 a null', '1 c null']);
    expect(violations(columns, { columns: { c: [1] } })).toEqual(['-1 a required']);
  });

  it('ignores unknown columns, or refuses them', () => {
    expect(decode(POINTS, [{ x: 1, y: 2, z: { deep: [1] } }]).frame.names).toEqual(['x', 'y']);
    expect(
      violations(
        POINTS,
        [
          { x: 1, y: 2 },
          { x: 1, y: 2, z: 3, toString: 4 },
        ],
        'refuse',
      ),
    ).toEqual(['1 z unknown', '1 toString unknown']);
    expect(violations(POINTS, { columns: { x: [1], y: [2], z: [3] } }, 'refuse')).toEqual(['-1 z unknown']);
    expect(violations(POINTS, [{ x: 1, z: 2 }], 'refuse')).toEqual(['0 y required', '0 z unknown']);
  });

  it('reads schemas of very many columns as those of few', () => {
    const names = Array.from({ length: 600 }, (_, i) => `c${i}`);
    const wide = Object.fromEntries(
      names.map((name, i) => [name, i % 2 === 0 ? 'f32' : { dtype: 'i64', nullable: true }]),
    ) as Columns;
    const record = Object.fromEntries(names.map((name, i) => [name, i]));
    const { c1: _, ...without } = record;
    const { frame } = decode(wide, [record, JSON.stringify(without)]);
    expect(frame.names).toEqual(names);
    expect([frame.column('c599').get(1), frame.column('c598').get(1), frame.column('c1').get(1)]).toEqual([
      599n,
      598,
      null,
    ]);
    const broken: Record<string, unknown> = { ...record, c0: 'no', z: 1 };
    delete broken.c598;
    expect(violations(wide, [3, broken], 'refuse')).toEqual([
      '0  dtype',
      '1 c0 dtype',
      '1 c598 required',
      '1 z unknown',
    ]);
  });

  it('refuses columns of unequal length', () => {
    expect(violations(POINTS, { columns: { x: [1, 2], y: [1] } })).toEqual(['-1 y shape']);
    expect(violations(POINTS, { columns: { x: [1, 2], y: 3 } })).toEqual(['-1 y dtype']);
  });

  it('says when a row is no record', () => {
    expect(violations(POINTS, [1, null, [1], 'x', '[1]', { x: 1, y: 1 }])).toEqual([
      '0  dtype',
      '1  dtype',
      '2  dtype',
      '3  dtype',
      '4  dtype',
    ]);
  });

  it('takes the last of duplicate keys, big integers included', () => {
    const { frame } = decode({ x: 'f32', id: 'i64' }, '[{"x":1,"id":9007199254740993,"x":2,"id":9007199254740995}]');
    expect(frame.records()).toEqual([{ x: 2, id: 9007199254740995n }]);
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('is not fooled by a key %s', (key) => {
    const polluted = decode(POINTS, `[{"x":1,"y":2,"${key}":{"x":9,"polluted":true}}]`).frame;
    expect(polluted.records()).toEqual([{ x: 1, y: 2 }]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(violations({ x: 'f32' }, `[{"${key}":{"x":9}}]`)).toEqual(['0 x required']);
  });

  it('has columns of names that every object inherits', () => {
    const columns = { constructor: 'f32', toString: { dtype: 'utf8', nullable: true } } as unknown as Columns;
    expect(
      decode(columns, '[{"constructor":1,"toString":"a"},{"constructor":2}]').frame.column('toString').get(1),
    ).toBeNull();
    expect(violations(columns, '[{}]')).toEqual(['0 constructor required']);
  });

  it('has columns whose names are no identifiers', () => {
    const columns = { 'a b"\\\n\u2028': 'f32', '`${1}`': 'i8' } as Columns;
    const record = { 'a b"\\\n\u2028': 1, '`${1}`': 2 };
    expect(decode(columns, [record]).frame.records()).toEqual([record]);
  });
});

describe('violations', () => {
  it('name row, column, value and rule in the message and the details', () => {
    const error = errorOf(() =>
      decode({ age: { dtype: 'i32', rules: { min: 0 } } }, [{ age: 1 }, { age: -4 }, { age: 'x'.repeat(100) }]),
    );
    expect(error.message).toContain(
      "row 1, column 'age', value -4: age must not be less than 0 (min); 1 more in details",
    );
    const [, second] = error.details!.violations as Violation[];
    expect(second).toMatchObject({ row: 2, column: 'age', rule: 'dtype', message: 'age must be an integer' });
    expect(second!.value.length).toBeLessThanOrEqual(64);
  });

  it('shows big integers as they were sent', () => {
    const error = errorOf(() => decode({ id: 'i64' }, '[{"id":99999999999999999999}]'));
    expect(error.details!.violations).toMatchObject([{ value: '99999999999999999999' }]);
  });

  it('stop at the limit', () => {
    const rows = Array.from({ length: 5000 }, () => ({ x: 'no' }));
    const error = errorOf(() => decode({ x: 'f32' }, rows));
    expect(error.details).toMatchObject({ truncated: true });
    expect(error.details!.violations).toHaveLength(100);
    const exact = errorOf(() => decode({ x: 'f32' }, rows.slice(0, 3), { maxViolations: 3 }));
    expect(exact.details).toMatchObject({ truncated: false });
    expect(errorOf(() => decode({ x: 'f32' }, rows.slice(0, 4), { maxViolations: 3 })).details).toMatchObject({
      truncated: true,
    });
  });
});
