import { IsEmail, IsIn, IsPositive, Max, Min } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { WitanError } from '../errors/witan-error.js';
import { Column as FrameColumn } from '../frame/column.js';
import { columnOf } from '../frame/column-of.js';
import type { DType } from '../frame/dtype.js';
import { Frame } from '../frame/frame.js';
import { conformFrame, conformRecords, type ConformOptions } from './conform.js';
import { type DynamicColumn } from './dynamic-schema.js';
import { Column } from './column.decorator.js';
import { Schema } from './schema.decorator.js';
import { schemaOf } from './schema-of.js';
import type { Violation } from './spec.js';

function errorOf(run: () => unknown): WitanError {
  try {
    run();
  } catch (error) {
    if (WitanError.is(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
const schema = (columns: Record<string, DynamicColumn>, unknown: 'ignore' | 'refuse' = 'ignore') =>
  Schema.dynamic({ columns, unknown });
const broken = (run: () => unknown): string[] =>
  (errorOf(run).details!.violations as Violation[]).map(({ row, column, rule }) => `${row} ${column} ${rule}`);
const one = (dtype: DynamicColumn, column: FrameColumn, options?: ConformOptions) =>
  conformFrame(schema({ x: dtype }), new Frame([['x', column]]), options).column('x');
const listOf = (item: DType, offsets: number[], values: FrameColumn, validity?: Uint8Array): FrameColumn =>
  new FrameColumn({
    dtype: `list<${item}>` as DType,
    length: offsets.length - 1,
    data: { offsets: Int32Array.from(offsets), values },
    validity,
  });

describe('conformFrame', () => {
  it('returns a frame that needs nothing as it is', () => {
    const frame = Frame.fromColumns({ x: Float32Array.of(1, 2), n: BigInt64Array.of(1n, 2n) });
    expect(conformFrame(schema({ x: { dtype: 'f32', rules: { min: 0 } }, n: 'i64' }), frame)).toBe(frame);
    expect(conformFrame(schema({ n: 'i64', x: 'f32' }), frame)).toBe(frame);
  });

  it('drops or refuses columns that the schema does not name', () => {
    const frame = Frame.fromColumns({ z: Float32Array.of(1), x: Float32Array.of(2) });
    expect(conformFrame(schema({ x: 'f32' }), frame).names).toEqual(['x']);
    expect(broken(() => conformFrame(schema({ x: 'f32' }, 'refuse'), frame))).toEqual(['-1 z unknown']);
    const instead = Frame.fromColumns({ z: Float32Array.of(1) });
    expect(broken(() => conformFrame(schema({ x: { dtype: 'f32', nullable: true } }, 'refuse'), instead))).toEqual([
      '-1 z unknown',
    ]);
    expect(conformFrame(schema({ x: { dtype: 'f32', nullable: true } }), instead).names).toEqual(['x']);
  });

  it('fills missing columns', () => {
    const frame = Frame.fromColumns({ x: Float32Array.of(1, 2) });
    const filled = conformFrame(
      schema({
        a: { dtype: 'i64', default: 7 },
        x: 'f32',
        v: { dtype: 'f32', shape: [2], default: [1, 2] },
        t: { dtype: 'utf8', nullable: true },
      }),
      frame,
    );
    expect(filled.names).toEqual(['a', 'x', 'v', 't']);
    expect(filled.records()).toEqual([1, 2].map((x) => ({ a: 7n, x, v: Float32Array.of(1, 2), t: null })));
    expect(broken(() => conformFrame(schema({ x: 'f32', y: 'f32' }), frame))).toEqual(['-1 y required']);
  });

  it.each<[DType, unknown[], DType, unknown[]]>([
    ['i8', [-1, 2], 'i32', [-1, 2]],
    ['i8', [-1], 'f16', [-1]],
    ['u8', [255], 'f32', [255]],
    ['i32', [-5], 'i64', [-5n]],
    ['u32', [4294967295], 'u64', [4294967295n]],
    ['i32', [2147483647], 'f64', [2147483647]],
    ['f16', [0.5], 'f32', [0.5]],
    ['f32', [0.5, NaN], 'f64', [0.5, NaN]],
    ['timestamp(s, UTC)', [new Date(5000)], 'timestamp(ms, UTC)', [new Date(5000)]],
    ['timestamp(ms, Europe/Berlin)', [new Date(5)], 'timestamp(ms, UTC)', [new Date(5)]],
    ['duration(ms)', [5n], 'duration(ns)', [5_000_000n]],
    ['list<f32>', [[1, 2], []], 'list<f64>', [Float64Array.of(1, 2), new Float64Array(0)]],
  ])('widens %s %o to %s', (from, values, to, expected) => {
    const column = one(to, columnOf(from, values));
    expect(column.dtype.name).toBe(to);
    expect(values.map((_, row) => column.get(row))).toEqual(expected);
  });

  it.each<[DType, unknown[], DType]>([
    ['i64', [1n], 'i32'],
    ['i32', [1], 'f32'],
    ['i64', [1n], 'f64'],
    ['f64', [1], 'f32'],
    ['u8', [1], 'i8'],
    ['i8', [1], 'u16'],
    ['utf8', ['1'], 'f32'],
    ['f32', [1], 'bool'],
    ['timestamp(ms)', [new Date(1)], 'timestamp(ms, UTC)'],
    ['timestamp(ns, UTC)', [1n], 'timestamp(ms, UTC)'],
    ['duration(s)', [2n ** 62n], 'duration(ns)'],
    ['list<f64>', [[1]], 'list<f32>'],
  ])('refuses %s %o as %s', (from, values, to) => {
    const error = errorOf(() => one(to, columnOf(from, values)));
    expect(error.code).toBe('CORE_ERR_VALIDATION');
    expect(error.message).toContain(`x is ${from}, must be ${to}`);
  });

  it('takes dictionaries for text', () => {
    const column = new FrameColumn({
      dtype: 'utf8',
      length: 3,
      data: { codes: Int32Array.of(1, 0, 1), values: ['a', 'b'] },
    });
    expect(one('utf8', column)).toBe(column);
    expect(broken(() => one({ dtype: 'utf8', rules: { isIn: ['a'] } }, column))).toEqual(['0 x isIn', '2 x isIn']);
  });

  it('runs rules on vectors of dictionary text', () => {
    const data = { codes: Int32Array.of(0, 1, 0, 0), values: ['a', 'b'] };
    const column = new FrameColumn({ dtype: 'utf8', length: 2, shape: [2], data });
    expect(broken(() => one({ dtype: 'utf8', shape: [2], each: { isIn: ['a'] } }, column))).toEqual(['0 x isIn']);
  });

  it('checks shapes', () => {
    const column = columnOf(
      'f32',
      [
        [1, 2],
        [3, 4],
      ],
      { shape: [2] },
    );
    expect(one({ dtype: 'f32', shape: [2] }, column)).toBe(column);
    expect(one({ dtype: 'f32', shape: [null] }, column)).toBe(column);
    expect(broken(() => one({ dtype: 'f32', shape: [3] }, column))).toEqual(['-1 x shape']);
    expect(broken(() => one('f32', column))).toEqual(['-1 x shape']);
  });

  it('takes lists of equal length for vectors, and names the row of another length', () => {
    const values = columnOf('f32', [9, 1, 2, 3, 4, 5]);
    const vector = one({ dtype: 'f32', shape: [2] }, listOf('f32', [1, 3, 5], values));
    expect([vector.shape, Array.from(vector.data as Float32Array)]).toEqual([[2], [1, 2, 3, 4]]);
    const widened = one(
      { dtype: 'f64', shape: [null], nullable: true },
      listOf('f32', [1, 3, 3, 5], values, Uint8Array.of(0b101)),
    );
    expect([widened.get(0), widened.get(1), widened.get(2)]).toEqual([
      Float64Array.of(1, 2),
      null,
      Float64Array.of(3, 4),
    ]);
    expect(broken(() => one({ dtype: 'f32', shape: [2] }, listOf('f32', [0, 2, 5], values)))).toEqual(['1 x shape']);
    expect(broken(() => one({ dtype: 'f32', shape: [2] }, listOf('f64', [0, 2], columnOf('f64', [1, 2]))))).toEqual([
      '-1 x dtype',
    ]);
  });

  it('refuses nulls row by row', () => {
    const column = columnOf('f32', [1, null, 3, null], { nullable: true });
    expect(broken(() => one('f32', column))).toEqual(['1 x null', '3 x null']);
    expect(one({ dtype: 'f32', nullable: true }, column)).toBe(column);
  });

  it('runs rules over columns, skipping nulls', () => {
    @Schema()
    class Ruled {
      @Column('f32', { nullable: true }) @Min(0) @Max(0.1) x!: number | null;
      @Column('i64') @IsPositive() n!: bigint;
      @Column('utf8') @IsEmail() mail!: string;
      @Column('u8', { shape: [2] }) @IsIn([1, 2], { each: true }) v!: Uint8Array;
      @Column('f16') @Max(2) h!: number;
    }
    const frame = (x: (number | null)[], n: bigint[], mail: string[], v: number[][], h: number[]): Frame =>
      new Frame([
        ['x', columnOf('f32', x, { nullable: true })],
        ['n', columnOf('i64', n)],
        ['mail', columnOf('utf8', mail)],
        ['v', columnOf('u8', v, { shape: [2] })],
        ['h', columnOf('f16', h)],
      ]);
    const good = frame(
      [0.1, null],
      [1n, 2n ** 62n],
      ['a@b.de', 'c@d.de'],
      [
        [1, 2],
        [2, 1],
      ],
      [2, -3],
    );
    expect(conformFrame(schemaOf(Ruled), good)).toBe(good);
    const bad = frame(
      [0.2, -1],
      [0n, 1n],
      ['a@b.de', 'c'],
      [
        [1, 3],
        [0, 3],
      ],
      [2.5, NaN],
    );
    expect(broken(() => conformFrame(schemaOf(Ruled), bad))).toEqual([
      '0 x max',
      '1 x min',
      '0 n isPositive',
      '1 mail isEmail',
      '0 v isIn',
      '1 v isIn',
      '0 h max',
      '1 h max',
    ]);
    const [first] = errorOf(() => conformFrame(schemaOf(Ruled), bad)).details!.violations as Violation[];
    expect(first).toMatchObject({ value: '0.2', message: 'x must not be greater than 0.1' });
  });

  it("is INTERNAL for a handler's answer, and prints both sides", () => {
    const error = errorOf(() =>
      conformFrame(schema({ y: 'f64' }), Frame.fromColumns({ x: Float32Array.of(1) }), { role: 'output' }),
    );
    expect([error.code, error.category, error.details]).toEqual(['CORE_ERR_OUTPUT_SCHEMA', 'INTERNAL', undefined]);
    expect(error.message).toMatch(/y is missing[^]*a frame of 1 rows\n {2}x: f32\n[^]*Dynamic\n {2}y: f64/);
  });
});

describe('conformRecords', () => {
  it('takes cells as records hold them', () => {
    const spec = schema({
      n: 'u64',
      d: 'date32',
      t: 'timestamp(ms, UTC)',
      b: 'binary',
      v: { dtype: 'f32', shape: [2] },
      x: 'f32',
      l: 'list<i32>',
      s: 'duration(ns)',
    });
    const record = {
      n: 2n ** 63n,
      d: new Date('2024-02-29'),
      t: new Date(5),
      b: Uint8Array.of(1),
      v: Float32Array.of(1, 2),
      x: Infinity,
      l: Int32Array.of(1),
      s: -5n,
    };
    expect(conformRecords(spec, [record]).records()).toEqual([record]);
    expect(conformRecords(spec, [{ ...record, n: 5, v: [3, 4], x: NaN }]).records()).toEqual([
      { ...record, n: 5n, v: Float32Array.of(3, 4), x: NaN },
    ]);
  });

  it('says what a handler got wrong', () => {
    const spec = schema({ x: 'f32', n: 'i32' }, 'refuse');
    const error = errorOf(() => conformRecords(spec, [{ x: 1, n: 2n, z: 1 }, null], { role: 'output' }));
    expect(error.code).toBe('CORE_ERR_OUTPUT_SCHEMA');
    expect(error.message).toMatch(/row 0, column 'n', value 2: n must be an integer/);
    expect(broken(() => conformRecords(spec, [{ x: 1, n: 2n, z: 1 }, null, { x: 1e39, n: 1 }]))).toEqual([
      '0 n dtype',
      '0 z unknown',
      '1  dtype',
      '2 x range',
    ]);
  });

  it('refuses times that a column cannot hold', () => {
    expect(broken(() => conformRecords(schema({ d: 'date32' }), [{ d: new Date(5) }, { d: new Date(NaN) }]))).toEqual([
      '0 d dtype',
      '1 d dtype',
    ]);
    expect(broken(() => conformRecords(schema({ t: 'timestamp(s)' }), [{ t: new Date(1500) }]))).toEqual(['0 t dtype']);
  });
});
