import * as fc from 'fast-check';

import { Column } from './column.js';
import { columnOf } from './column-of.js';
import type { DType, ScalarDType } from './dtype.js';
import { Frame } from './frame.js';

const int = (min: number, max: number) => fc.integer({ min, max });
const big = (min: bigint, max: bigint) => fc.bigInt({ min, max });
const i64 = big(-(2n ** 63n), 2n ** 63n - 1n);

/** A value of each scalar dtype, all over its range. */
const VALUES: Readonly<Partial<Record<ScalarDType, fc.Arbitrary<unknown>>>> = {
  bool: fc.boolean(),
  i8: int(-128, 127),
  i16: int(-32768, 32767),
  i32: int(-(2 ** 31), 2 ** 31 - 1),
  i64,
  u8: int(0, 255),
  u16: int(0, 65535),
  u32: int(0, 2 ** 32 - 1),
  u64: big(0n, 2n ** 64n - 1n),
  f16: fc.double({ min: -65504, max: 65504 }),
  f32: fc.float(),
  f64: fc.double(),
  utf8: fc.string({ unit: 'grapheme', maxLength: 20 }),
  binary: fc.uint8Array({ maxLength: 20 }),
  date32: int(-(2 ** 31), 2 ** 31 - 1),
  'timestamp(s)': i64,
  'timestamp(ms, Europe/Berlin)': i64,
  'timestamp(us, +05:30)': i64,
  'timestamp(ns)': i64,
  'duration(ms)': i64,
  'duration(ns)': i64,
};

const scalarDType = fc.constantFrom(...(Object.keys(VALUES) as ScalarDType[]));

export interface ColumnKind {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly nullable: boolean;
  /** For utf8: as dictionary codes. */
  readonly dictionary: boolean;
  /** One cell as a record holds it. */
  readonly cell: fc.Arbitrary<unknown>;
}

const columnKind: fc.Arbitrary<ColumnKind> = fc
  .record({
    item: scalarDType,
    form: fc.constantFrom('scalar', 'scalar', 'vector', 'list'),
    shape: fc.array(int(0, 3), { minLength: 1, maxLength: 3 }),
    nullable: fc.boolean(),
    dictionary: fc.boolean(),
  })
  .map(({ item, form, shape, nullable, dictionary }) => {
    const value = VALUES[item]!;
    if (form === 'list')
      return {
        dtype: `list<${item}>` as DType,
        shape: [],
        nullable,
        dictionary: false,
        cell: fc.array(value, { maxLength: 4 }),
      };
    if (form === 'scalar')
      return { dtype: item, shape: [], nullable, dictionary: item === 'utf8' && dictionary, cell: value };
    const size = shape.reduce((a, b) => a * b, 1);
    return {
      dtype: item,
      shape,
      nullable,
      dictionary: false,
      cell: fc.array(value, { minLength: size, maxLength: size }),
    };
  });

function asDictionary(column: Column): Column {
  const cells = column.strings();
  const values = [...new Set(cells)].reverse();
  return new Column({
    dtype: 'utf8',
    length: column.length,
    validity: column.validity,
    data: { codes: Int32Array.from(cells, (cell) => values.indexOf(cell)), values },
  });
}

const column = ({ dtype, shape, nullable, dictionary, cell }: ColumnKind, rows: number): fc.Arbitrary<Column> =>
  fc.array(nullable ? fc.option(cell) : cell, { minLength: rows, maxLength: rows }).map((cells) => {
    const built = columnOf(dtype, cells, { shape });
    return dictionary ? asDictionary(built) : built;
  });

const name = fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom('__proto__', 'constructor', 'ü"\\', ''));

/** Up to five columns of any dtype, shape and storage. */
export const columnKinds: fc.Arbitrary<readonly (readonly [string, ColumnKind])[]> = fc.uniqueArray(
  fc.tuple(name, columnKind),
  {
    maxLength: 5,
    selector: ([key]) => key,
  },
);

/** A Frame of these columns. */
export function frameOf(kinds: readonly (readonly [string, ColumnKind])[], rows: number): fc.Arbitrary<Frame> {
  return fc.tuple(...kinds.map(([, kind]) => column(kind, rows))).map(
    (columns) =>
      new Frame(
        kinds.map(([key], i) => [key, columns[i] as Column] as const),
        rows,
      ),
  );
}

/** Any Frame of up to 20 rows; often a slice, so that nothing relies on storage that begins at 0. */
export const anyFrame: fc.Arbitrary<Frame> = fc
  .tuple(columnKinds, int(0, 20))
  .chain(([kinds, rows]) => fc.tuple(frameOf(kinds, rows), int(0, rows), int(0, rows)))
  .map(([frame, a, b]) => frame.slice(Math.min(a, b), Math.max(a, b)));

/** Several Frames of the same columns. */
export const frames: fc.Arbitrary<Frame[]> = fc
  .tuple(columnKinds, fc.array(int(0, 9), { minLength: 1, maxLength: 5 }))
  .chain(([kinds, sizes]) => fc.tuple(...sizes.map((rows) => frameOf(kinds, rows))));
