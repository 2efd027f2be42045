import { describe, expect, it } from 'vitest';

import { Column } from '../column.js';
import { columnOf } from '../column-of.js';
import { Frame } from '../frame.js';
import { encodeJsonColumns, encodeJsonRecords } from './encode.js';

const one = (column: Column): string => encodeJsonRecords(Frame.fromColumns({ x: column })).slice('[{"x":'.length, -2);

describe('JSON of each dtype', () => {
  it.each<[string, Column, string]>([
    ['bool', columnOf('bool', [true]), 'true'],
    ['i8', columnOf('i8', [-128]), '-128'],
    ['u32', columnOf('u32', [4294967295]), '4294967295'],
    ['i64 beyond a double', columnOf('i64', [-(2n ** 63n)]), '-9223372036854775808'],
    ['i64 at 2 ** 53 + 1', columnOf('i64', [2n ** 53n + 1n]), '9007199254740993'],
    ['i64 just negative', columnOf('i64', [-1n]), '-1'],
    ['i64 of 11 digits', columnOf('i64', [-40000000005n]), '-40000000005'],
    ['u64', columnOf('u64', [2n ** 64n - 1n]), '18446744073709551615'],
    ['f16', columnOf('f16', [0.1]), '0.099975586'],
    ['f32', columnOf('f32', [0.1]), '0.1'],
    ['f64', columnOf('f64', [0.1]), '0.1'],
    ['f64 in full', columnOf('f64', [0.1 + 0.2]), '0.30000000000000004'],
    ['f64 of 14 digits', columnOf('f64', [-1234567.0000001]), '-1234567.0000001'],
    ['small f64', columnOf('f64', [0.00000123456789012]), '0.00000123456789012'],
    ['NaN', columnOf('f64', [NaN]), '"NaN"'],
    ['Infinity', columnOf('f32', [Infinity]), '"Infinity"'],
    ['-Infinity', columnOf('f16', [-Infinity]), '"-Infinity"'],
    ['-0', columnOf('f64', [-0]), '0'],
    ['utf8', columnOf('utf8', ['a "quoted" \\ ü 😀\n\u2028']), '"a \\"quoted\\" \\\\ ü 😀\\n\u2028"'],
    ['half a character', columnOf('utf8', ['\ud800']), '"\\ud800"'],
    [
      'dictionary',
      new Column({ dtype: 'utf8', length: 1, data: { codes: Int32Array.of(1), values: ['a', 'b'] } }),
      '"b"',
    ],
    ['binary', columnOf('binary', [Uint8Array.of(255, 254, 1)]), '"//4B"'],
    ['date32', columnOf('date32', [new Date('2026-01-31')]), '"2026-01-31"'],
    ['date32 before year 0', columnOf('date32', [new Date('-000044-03-15')]), '"-000044-03-15"'],
    ['date32 beyond Date', columnOf('date32', [2 ** 31 - 1]), '2147483647'],
    ['timestamp(s)', columnOf('timestamp(s)', [new Date('2026-01-31T10:00:00Z')]), '"2026-01-31T10:00:00.000Z"'],
    ['timestamp(ms, zone)', columnOf('timestamp(ms, Europe/Berlin)', [new Date(1)]), '"1970-01-01T00:00:00.001Z"'],
    ['timestamp(ms) beyond Date', columnOf('timestamp(ms)', [2n ** 62n]), '4611686018427387904'],
    ['timestamp(us)', columnOf('timestamp(us)', [2n ** 62n + 1n]), '4611686018427387905'],
    ['duration', columnOf('duration(ns)', [-5n]), '-5'],
    ['vector', columnOf('f32', [[1.5, NaN]], { shape: [2] }), '[1.5,"NaN"]'],
    ['matrix', columnOf('i32', [[1, 2, 3, 4, 5, 6]], { shape: [2, 3] }), '[[1,2,3],[4,5,6]]'],
    ['empty vector', columnOf('i32', [[]], { shape: [0] }), '[]'],
    ['list', columnOf('list<i64>', [[1n, 2n ** 62n]]), '[1,4611686018427387904]'],
    ['list of text', columnOf('list<utf8>', [['a', 'é']]), '["a","é"]'],
    ['null', columnOf('f32', [null]), 'null'],
  ])('%s', (_, column, expected) => {
    expect(one(column)).toBe(expected);
    expect(encodeJsonColumns(Frame.fromColumns({ x: column }))).toBe(`{"x":[${expected}]}`);
  });

  it('writes several rows and columns, names that need escapes, and none at all', () => {
    const frame = new Frame([
      ['a"ü', columnOf('i8', [1, null])],
      ['__proto__', columnOf('utf8', ['x', 'y'])],
    ]);
    expect(encodeJsonRecords(frame)).toBe('[{"a\\"ü":1,"__proto__":"x"},{"a\\"ü":null,"__proto__":"y"}]');
    expect(encodeJsonColumns(frame)).toBe('{"a\\"ü":[1,null],"__proto__":["x","y"]}');
    expect(encodeJsonRecords(frame.slice(0, 0))).toBe('[]');
    expect(encodeJsonColumns(new Frame([]))).toBe('{}');
    expect(encodeJsonRecords(new Frame([], 2))).toBe('[{},{}]');
  });

  it('writes texts and answers larger than its buffer', () => {
    const texts = ['a'.repeat(100_000), 'ü'.repeat(70_000), '"'.repeat(50_000)];
    expect(JSON.parse(encodeJsonRecords(Frame.fromColumns({ texts })))).toEqual(texts.map((text) => ({ texts: text })));
    const x = Float32Array.from({ length: 50_000 }, (_, i) => i / 7);
    expect(Float32Array.from(JSON.parse(encodeJsonColumns(Frame.fromColumns({ x }))).x)).toEqual(x);
    const v = columnOf('binary', [new Uint8Array(200_000)]);
    expect(JSON.parse(one(v))).toHaveLength(Math.ceil(200_000 / 3) * 4);
  });
});

describe('JSON of numbers', () => {
  /** Bit patterns all over the range, always the same. */
  function* patterns(count: number): Generator<number> {
    for (let i = 0, bits = 1; i < count; i++) yield (bits = (Math.imul(bits, 1664525) + 1013904223) >>> 0);
  }
  const parsed = (text: string): number[] => JSON.parse(text).x.map(Number);

  it('reads back as the same float32, with at most nine digits', () => {
    const values = new Float32Array(Uint32Array.from(patterns(50_000)).buffer);
    const text = encodeJsonColumns(Frame.fromColumns({ x: values }));
    expect(Float32Array.from(parsed(text))).toEqual(values.map((value) => (value === 0 ? 0 : value)));
    for (const number of text.slice(6, -2).split(',')) {
      if (number.startsWith('"')) continue;
      const digits = number.replace(/e.*/, '').replace(/[-.]/g, '').replace(/^0+/, '');
      if (!/^-?\d{10,}$/.test(number)) expect(digits.length).toBeLessThanOrEqual(9);
    }
  });

  it('prints float32 measurements as they were typed', () => {
    for (let i = 1; i < 20_000; i++) {
      const text = `${i / 100}`;
      expect(one(columnOf('f32', [i / 100]))).toBe(text);
    }
  });

  it('prints every float64 as JSON.stringify does, in value', () => {
    const [low, high] = [
      [...patterns(40_000)].filter((_, i) => i % 2 === 0),
      [...patterns(40_000)].filter((_, i) => i % 2),
    ];
    const random = new Float64Array(Uint32Array.from(low.flatMap((bits, i) => [bits, high[i]!])).buffer);
    const typed = Float64Array.from(low, (bits, i) => (bits % 10_000_000) / 10 ** (i % 14));
    for (const values of [random, typed]) {
      const wanted = Array.from(values, (value) => (value === 0 ? 0 : value));
      expect(parsed(encodeJsonColumns(Frame.fromColumns({ x: values })))).toEqual(wanted);
    }
  });

  it('prints short float64 decimals with as few digits as JavaScript does', () => {
    for (const text of [
      '5.1',
      '0.001',
      '123456.789',
      '99999999',
      '123456789012',
      '0.1234567890123',
      '1000000',
      '2.5',
      '12345678.25',
    ]) {
      expect(one(columnOf('f64', [Number(text)]))).toBe(text);
      expect(one(columnOf('f64', [-Number(text)]))).toBe(`-${text}`);
    }
  });
});
