import type { ColumnSpec } from '../schema/spec.js';
import { Column, type NumericArray } from './column.js';
import { columnOf, isNumericArray } from './column-of.js';
import type { DType } from './dtype.js';
import { frameError, shownValue } from './frame.errors.js';
import { inferColumn, keysOf, pluck } from './infer.js';

/** What a column can be made of: a typed array (its dtype follows), plain values (inferred), or a finished column. */
export type ColumnSource = Column | NumericArray | readonly unknown[];

const DTYPE_OF_ARRAY: Readonly<Record<string, DType>> = {
  Int8Array: 'i8',
  Int16Array: 'i16',
  Int32Array: 'i32',
  BigInt64Array: 'i64',
  Uint8Array: 'u8',
  Uint16Array: 'u16',
  Uint32Array: 'u32',
  BigUint64Array: 'u64',
  Float32Array: 'f32',
  Float64Array: 'f64',
};

export function columnFrom(name: string, source: ColumnSource): Column {
  if (source instanceof Column) return source;
  if (Array.isArray(source)) return inferColumn(name, source);
  // A Buffer's tag is Uint8Array too, which is what it is.
  const dtype = isNumericArray(source)
    ? DTYPE_OF_ARRAY[(source as unknown as { [Symbol.toStringTag]: string })[Symbol.toStringTag]]
    : undefined;
  if (!dtype)
    throw frameError(
      'CORE_ERR_FRAME_VALUE',
      `column '${name}': got ${shownValue(source)}, expected a typed array, an array or a Column`,
    );
  return new Column({ dtype, data: source as NumericArray, length: (source as NumericArray).length });
}

/** Columns of records whose types the schema's columns say. */
export function columnsBySpec(records: readonly object[], specs: readonly ColumnSpec[]): Map<string, Column> {
  const columns = new Map<string, Column>();
  for (const { name, dtype, shape, nullable, default: fallback } of specs) {
    columns.set(
      name,
      columnOf(dtype, pluck(records, name), { shape, nullable, default: fallback, name: `column '${name}'` }),
    );
  }
  return columns;
}

/** Columns of records whose types the values say. */
export function columnsByValues(records: readonly object[]): Map<string, Column> {
  const columns = new Map<string, Column>();
  for (const name of keysOf(records)) columns.set(name, inferColumn(name, pluck(records, name)));
  return columns;
}
