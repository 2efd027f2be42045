import { Column, columnOf, type ColumnSource, type DType, Frame } from '@witan/core/frame';
import { type TypedValue, valueOf, vectorizedFixture, vectorWorkload } from '@witan-libs/testing';
import { describe, expect, it } from 'vitest';
import { Vectorizer } from './vectorizer.js';

const DTYPES: Readonly<Record<string, string>> = {
  double: 'f64',
  float: 'f32',
  int32: 'i32',
  int64: 'i64',
  string: 'utf8',
};

/** A column of one cell; arrays as lists, or as vectors. */
function cell(typed: TypedValue, arrays: 'list' | 'vector'): Column {
  const dtype = DTYPES[typed[0].replace('[]', '')]!;
  const value = valueOf(typed);
  if (!Array.isArray(value)) return columnOf(dtype as DType, [value]);
  if (arrays === 'list') return columnOf(`list<${dtype}>` as DType, [value]);
  return columnOf(dtype as DType, [value], { shape: [value.length] });
}

const simple = (more: Record<string, object>) =>
  Vectorizer.of({ feature_transformations: more, feature_order: Object.keys(more) });
const one = (vectorizer: Vectorizer, columns: Record<string, ColumnSource>) => [
  ...vectorizer.vectorize(Frame.fromColumns(columns)),
];
const IDENTITY = { type: 'identity', default_val: [0.5] };
const MIN_MAX = { type: 'min_max_scaling32', min: 0, max: 2, default_val: [0.5] };
const STANDARD64 = { type: 'standardization64', mean: 1, std_dev: 2, default_val: [0.5] };
const ONE_HOT = { type: 'one_hot_encoding', categories: ['b', 'a'], default_val: [7, 8] };
const PAIRS = { type: 'embedding', embeddings: { x: [1, 2], y: [3, 4] }, default_val: [9, 8, 7, 6] };

describe('numbers, computed by numpy', () => {
  const { config, rows } = vectorizedFixture();
  const vectorizer = Vectorizer.of(config);

  it.each(['list', 'vector'] as const)('are given bit for bit, arrays as %ss', (arrays) => {
    for (const { features, expected } of rows) {
      const columns = Object.fromEntries(Object.entries(features).map(([name, typed]) => [name, cell(typed, arrays)]));
      const frame = new Frame(new Map(Object.entries(columns)), 1);
      expect(vectorizer.vectorize(frame)).toEqual(expected);
    }
  });

  it('are given to a model as its input', () => {
    const { vectorizationPath, rows: records } = vectorWorkload('w3');
    return Vectorizer.load(vectorizationPath, { width: 230 }).then((w3) => {
      const frame = Frame.fromRecords(
        records.map((row) => row.features),
        w3.schema,
      );
      const input = w3.toInput(frame, 'input');
      expect(input.names).toEqual(['input']);
      expect(input.column('input')).toMatchObject({ length: 32, shape: [230], dtype: { name: 'f32' } });
      expect(w3.stats()).toEqual({ rows: 32, defaulted: { std_4: 1 }, unknown: { oh_3: 1, emb_2: 1 } });
    });
  });
});

describe('columns', () => {
  it.each<[DType, unknown, number]>([
    ['bool', true, 1],
    ['i8', -5, -5],
    ['i16', -500, -500],
    ['i32', 16777217, 16777216],
    ['i64', 9007199791611905n, Math.fround(9007200328482816)],
    ['u8', 200, 200],
    ['u16', 60000, 60000],
    ['u32', 4294967295, 4294967296],
    ['u64', 2n ** 64n - 1n, 2 ** 64],
    ['f16', 0.5, 0.5],
    ['f32', 0.1, Math.fround(0.1)],
    ['f64', 0.1, Math.fround(0.1)],
    ['utf8', '0.1', Math.fround(0.1)],
  ])('of %s pass through identity', (dtype, value, expected) => {
    expect(one(simple({ f: IDENTITY }), { f: columnOf(dtype, [value]) })).toEqual([expected]);
  });

  it.each<[string, object, DType, unknown, RegExp | number]>([
    ['f32 in float32', MIN_MAX, 'f32', 1, 0.5],
    ['f16 in float32', MIN_MAX, 'f16', 1, 0.5],
    ['u16 in float32', MIN_MAX, 'u16', 3, 1.5],
    [
      'f64 in float32',
      MIN_MAX,
      'f64',
      1,
      /min_max_scaling32 takes float or int32, or an array of them, not double \(f64\)/,
    ],
    ['i64 in float32', MIN_MAX, 'i64', 1n, /not int64 \(i64\)/],
    ['text in float32', MIN_MAX, 'utf8', '1', /not string \(utf8\)/],
    ['f64 in float64', STANDARD64, 'f64', 2, 0.5],
    ['i64 in float64', STANDARD64, 'i64', 4n, 1.5],
    ['u32 in float64', STANDARD64, 'u32', 4, 1.5],
    ['f32 in float64', STANDARD64, 'f32', 2, /standardization64 takes double or int64/],
    ['i32 in float64', STANDARD64, 'i32', 2, /not int32 \(i32\)/],
    ['a date', IDENTITY, 'date32', new Date(0), /not date32/],
    ['bytes', IDENTITY, 'binary', new Uint8Array(1), /not binary/],
    ['numbers as text', ONE_HOT, 'f32', 1, /one_hot_encoding takes string.*not float \(f32\)/],
  ])('%s are taken or refused as the config says', (_, transformation, dtype, value, expected) => {
    const run = () => one(simple({ f: transformation }), { f: columnOf(dtype, [value]) });
    if (typeof expected === 'number') return expect(run()).toEqual([expected]);
    expect(run).toThrow(
      expect.objectContaining({ code: 'INF_ERR_VECTORIZE_VALUE', category: 'INVALID_ARGUMENT' }) as Error,
    );
    expect(run).toThrow(expected);
  });

  it('are found by name, in any order, and others are ignored', () => {
    const vectorizer = simple({ a: IDENTITY, b: IDENTITY });
    expect(one(vectorizer, { z: ['?'], b: Float32Array.of(2), a: Float32Array.of(1) })).toEqual([1, 2]);
  });

  it('with dictionary codes are read like others', () => {
    const data = { codes: Int32Array.of(1, 0, 2), values: ['a', 'b', 'c'] };
    const column = new Column({ dtype: 'utf8', data, length: 3 });
    expect(one(simple({ f: ONE_HOT }), { f: column })).toEqual([1, 0, 0, 1, 7, 8]);
  });

  it('that are slices begin where the slice does', () => {
    const frame = Frame.fromColumns({
      f: columnOf('list<f32>', [[1, 2], [3, 4], null, [5, 6]]),
      g: columnOf('f32', [1, null, 3, 4]),
    });
    const vectorizer = simple({ f: { type: 'identity', default_val: [0, 0] }, g: IDENTITY });
    expect([...vectorizer.vectorize(frame.slice(1))]).toEqual([3, 4, 0.5, 0, 0, 3, 5, 6, 4]);
  });
});

describe('one-hot lists and embeddings', () => {
  it('may stand in any order', () => {
    expect(one(simple({ f: ONE_HOT }), { f: ['a', 'b'] })).toEqual([0, 1, 1, 0]);
  });

  it('give the default for an unknown text, and count it', () => {
    const vectorizer = simple({ f: ONE_HOT, e: PAIRS });
    const e = columnOf('list<utf8>', [['y', '?']]);
    expect(one(vectorizer, { f: ['?'], e })).toEqual([7, 8, 3, 4, 7, 6]);
    expect(vectorizer.stats()).toEqual({ rows: 1, defaulted: {}, unknown: { f: 1, e: 1 } });
  });
});

describe('arrays', () => {
  const withHole = new Column({
    dtype: 'list<f32>',
    length: 2,
    data: {
      offsets: Int32Array.of(0, 1, 2),
      values: new Column({ dtype: 'f32', data: Float32Array.of(1, 0), length: 2, validity: Uint8Array.of(1) }),
    },
  });

  it.each<[string, object, Column, RegExp]>([
    ['longer', IDENTITY, columnOf('list<f32>', [[1], [1, 2]]), /^row 1, feature "f": gives 2 numbers.*is 1/],
    ['shorter', PAIRS, columnOf('list<utf8>', [['x', 'y'], ['x']]), /^row 1.*gives 2 numbers \(1 of the 2 values\)/],
    ['empty', IDENTITY, columnOf('list<f32>', [[]]), /^row 0.*gives 0 numbers/],
    ['of another size', IDENTITY, columnOf('f32', [[1, 2]], { shape: [2] }), /^row 0.*gives 2 numbers/],
    ['a single value', PAIRS, columnOf('utf8', ['x']), /gives 2 numbers/],
    ['with a hole', IDENTITY, withHole, /^row 1.*null within/],
    ['of another type', MIN_MAX, columnOf('list<f64>', [null, [1]]), /^row 1.*not double \(list<f64>\)/],
    ['of text that is no number', IDENTITY, columnOf('list<utf8>', [['1'], ['0x1']]), /^row 1.*"0x1" is not a number/],
  ])('that are %s are refused with row and feature', (_, transformation, column, message) => {
    const run = () => one(simple({ f: transformation }), { f: column });
    expect(run).toThrow(message);
    expect(run).toThrow(expect.objectContaining({ code: 'INF_ERR_VECTORIZE_VALUE' }) as Error);
  });

  it('tell what is wrong in their details', () => {
    const run = () => one(simple({ 'ä b': IDENTITY }), { 'ä b': ['1', ''] });
    expect(run).toThrow(
      expect.objectContaining({
        details: {
          row: 1,
          feature: 'ä b',
          violations: [expect.objectContaining({ row: 1, column: 'ä b', rule: 'number', value: 'identity' })],
        },
      }) as Error,
    );
  });
});

describe('a feature that a row lacks', () => {
  const vectorizer = simple({ a: IDENTITY, b: ONE_HOT });

  it('gets its default, whether the column or the cell is missing', () => {
    expect(one(vectorizer, { a: columnOf('f32', [1, null]) })).toEqual([1, 7, 8, 0.5, 7, 8]);
    expect(vectorizer.stats()).toEqual({ rows: 2, defaulted: { a: 1, b: 2 }, unknown: {} });
  });

  it('gets its default when all of its column is null, whatever the dtype', () => {
    expect(one(vectorizer, { a: columnOf('binary', [null]), b: ['a'] })).toEqual([0.5, 0, 1]);
  });

  const ask = (frame: Frame, wish: string | undefined, by = vectorizer) => {
    const headers: Record<string, string> = {};
    by.toInput(frame, 'input', {
      header: (name) => (name === 'x-witan-defaults' ? wish : undefined),
      setHeader: (name, value) => void (headers[name] = value),
    });
    return headers['x-witan-defaults'];
  };

  it('is named to a caller that asks, row by row', () => {
    const frame = Frame.fromColumns({ a: columnOf('f32', [1, null, null]), b: columnOf('utf8', ['a', 'b', null]) });
    expect(ask(frame, '1')).toBe('3; 1=a; 2=a,b');
    expect(ask(frame, undefined)).toBeUndefined();
    expect(ask(frame.slice(0, 1), '1')).toBe('0');
  });

  it('is named in at most 4 kB of visible ASCII', () => {
    const odd = simple({ 'größe;, =\n': IDENTITY });
    const text = ask(new Frame(new Map(), 5000), '1', odd)!;
    expect(text).toMatch(/^5000; 0=gr%C3%B6%C3%9Fe%3B%2C%20%3D%0A; 1=[ -~]*; \.\.\.$/);
    expect(text.length).toBeLessThanOrEqual(4096);
  });
});

describe('the input of a model', () => {
  const vectorizer = simple({ a: IDENTITY, b: IDENTITY });
  const vectors = Frame.fromColumns({ input: columnOf('f32', [[1, 2]], { shape: [2] }) });

  it('that is given already is left alone', () => {
    expect(vectorizer.toInput(vectors, 'input')).toBe(vectors);
    expect(vectorizer.apply(vectors)).toBe(vectors);
  });

  it('is made of features, though one has its name', () => {
    const named = simple({ input: { type: 'standardization32', mean: 1, std_dev: 1, default_val: [0, 0] } });
    expect([...(named.toInput(vectors, 'input').column('input').data as Float32Array)]).toEqual([0, 1]);
  });

  it('has no rows when there are none', () => {
    expect(vectorizer.toInput(Frame.fromColumns({ a: new Float32Array(0) }), 'input').rows).toBe(0);
  });

  it("keeps the mark of a handler's batch", () => {
    const frame = Frame.fromColumns({ a: Float32Array.of(1) }).markedAs('gate');
    expect(vectorizer.toInput(frame, 'input').origin).toBe('gate');
  });
});

describe('the schema of a typed service', () => {
  it('has a nullable column for each feature', () => {
    const { columns } = simple({
      a: IDENTITY,
      b: ONE_HOT,
      c: STANDARD64,
      d: PAIRS,
      e: { ...IDENTITY, default_val: [1, 2] },
    }).schema;
    expect(columns.map(({ name, dtype, shape, nullable }) => [name, dtype.name, shape, nullable])).toEqual([
      ['a', 'f32', [], true],
      ['b', 'utf8', [], true],
      ['c', 'f64', [], true],
      ['d', 'utf8', [2], true],
      ['e', 'f32', [2], true],
    ]);
  });
});
