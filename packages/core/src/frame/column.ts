import { type Bitmap, countNulls, isValid, sliceBitmap } from './bitmap.js';
import { type DType, type DTypeInfo, isBigIntKind, isNumberKind, parseDType } from './dtype.js';
import { fromFloat16Bits } from './float16.js';

export type NumericArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** What {@link Column.numbers} gives. */
export type NumberArray = Exclude<NumericArray, BigInt64Array | BigUint64Array>;

/** Strings as codes into a list of distinct values (Arrow's dictionary encoding). A null row's code is 0 and means nothing. */
export interface DictionaryData {
  readonly codes: Int32Array;
  readonly values: readonly string[];
}

/** Variable-length cells: row i holds `values` from `offsets[i]` (inclusive) to `offsets[i + 1]` (exclusive). */
export interface ListData {
  /** `length + 1` entries, ascending; the first need not be 0 (a slice shares its parent's values). */
  readonly offsets: Int32Array;
  readonly values: Column;
}

/**
 * The storage of each dtype: bool as 0/1 bytes in a `Uint8Array`; i8..i32, u8..u32, f32, f64 in the typed array of
 * that name; f16 as bits in a `Uint16Array`; i64, timestamp and duration in a `BigInt64Array`, u64 in a
 * `BigUint64Array`; date32 as days since the epoch in an `Int32Array`; utf8 as `string[]` or a dictionary; binary as
 * `Uint8Array[]`; list as offsets and values.
 */
export type ColumnData = NumericArray | readonly string[] | readonly Uint8Array[] | DictionaryData | ListData;

/** What a column is made of; see {@link Column} for the meaning of each part. */
export interface ColumnParts {
  readonly dtype: DType | DTypeInfo;
  readonly data: ColumnData;
  readonly length: number;
  /** @default [] (scalar) */
  readonly shape?: readonly number[];
  readonly validity?: Bitmap;
}

/**
 * One column of a Frame: `length` cells of one dtype, each a scalar (`shape` `[]`) or a row-major block of the inner
 * shape (`[16]`: a vector of 16). Data is contiguous: `length * size` values, where `size` is the product of `shape`.
 * Immutable by convention; slices share storage. A null cell's stored values mean nothing.
 */
export class Column {
  readonly dtype: DTypeInfo;
  readonly length: number;
  readonly shape: readonly number[];
  /** Values per cell: the product of `shape`, 1 for a scalar. */
  readonly size: number;
  readonly data: ColumnData;
  /** Absent when no cell is null. */
  readonly validity: Bitmap | undefined;

  constructor(parts: ColumnParts) {
    this.dtype = typeof parts.dtype === 'string' ? parseDType(parts.dtype) : parts.dtype;
    this.length = parts.length;
    this.shape = parts.shape ?? SCALAR;
    this.size = this.shape === SCALAR ? 1 : this.shape.reduce((product, size) => product * size, 1);
    this.data = parts.data;
    this.validity = parts.validity;
  }

  get nullCount(): number {
    return countNulls(this.validity, this.length);
  }

  isNull(row: number): boolean {
    return !isValid(this.validity, row);
  }

  /** Rows `start` (inclusive) to `end` (exclusive); shares storage. */
  slice(start: number, end: number): Column {
    return new Column({
      dtype: this.dtype,
      shape: this.shape,
      length: end - start,
      data: sliceData(this.data, start, end, this.size),
      validity: this.validity && sliceBitmap(this.validity, start, end),
    });
  }

  /**
   * The numbers of a numeric column as they are stored, row-major: `length * size` of them. A null's place holds 0 or
   * anything else: look at {@link isNull}.
   * @throws {TypeError} for columns that are not stored as JavaScript numbers (use `bigints`, `strings` or `toArray`)
   */
  numbers(): NumberArray {
    if (isNumberKind(this.dtype.kind) && this.dtype.kind !== 'f16') return this.data as NumberArray;
    throw new TypeError(`a ${this.dtype.name} column is not stored as numbers: use toArray()`);
  }

  /**
   * The stored 64-bit integers of an i64, u64, timestamp or duration column, row-major.
   * @throws {TypeError} for other columns
   */
  bigints(): BigInt64Array | BigUint64Array {
    if (isBigIntKind(this.dtype.kind)) return this.data as BigInt64Array | BigUint64Array;
    throw new TypeError(`a ${this.dtype.name} column is not stored as 64-bit integers: use toArray()`);
  }

  /**
   * The strings of a utf8 column, a dictionary spelled out. A null's place holds some string: look at {@link isNull}.
   * @throws {TypeError} for other columns
   */
  strings(): readonly string[] {
    if (this.dtype.kind !== 'utf8') throw new TypeError(`a ${this.dtype.name} column does not hold strings`);
    return spelledOut(this.data);
  }

  /** Every cell as it stands in a record. */
  toArray(): unknown[] {
    return Array.from({ length: this.length }, (_, row) => this.get(row));
  }

  /** The cell as it stands in a record (see `ScalarValue` and `VectorValue`); `null` for a null. */
  get(row: number): unknown {
    if (!isValid(this.validity, row)) return null;
    if (this.dtype.kind === 'list') {
      const { offsets, values } = this.data as ListData;
      return flatValues(values, offsets[row]!, offsets[row + 1]!);
    }
    if (this.shape.length > 0) return flatValues(this, row * this.size, (row + 1) * this.size);
    return scalarValue(this, row);
  }
}

const SCALAR: readonly number[] = Object.freeze([]);

export function isDictionary(data: ColumnData): data is DictionaryData {
  return 'codes' in data;
}

/** The strings of a utf8 column's storage, a dictionary's codes replaced by their values (`''` for a null's code 0 in an empty one). */
export function spelledOut(data: ColumnData): readonly string[] {
  if (!isDictionary(data)) return data as readonly string[];
  const { codes, values } = data;
  return Array.from(codes, (code) => values[code] ?? '');
}

function sliceData(data: ColumnData, start: number, end: number, size: number): ColumnData {
  if (ArrayBuffer.isView(data)) return data.subarray(start * size, end * size);
  if (Array.isArray(data)) return data.slice(start * size, end * size);
  if (isDictionary(data as ColumnData)) {
    const { codes, values } = data as DictionaryData;
    return { codes: codes.subarray(start * size, end * size), values };
  }
  const { offsets, values } = data as ListData;
  return { offsets: offsets.subarray(start, end + 1), values };
}

const MS_PER_DAY = 86_400_000;

/** The `index`-th stored value (counting through inner shapes) as it stands in a record. */
export function scalarValue(column: Column, index: number): unknown {
  const data = column.data;
  switch (column.dtype.kind) {
    case 'bool':
      return (data as Uint8Array)[index] !== 0;
    case 'f16':
      return fromFloat16Bits((data as Uint16Array)[index]!);
    case 'date32':
      return new Date((data as Int32Array)[index]! * MS_PER_DAY);
    case 'timestamp': {
      const count = (data as BigInt64Array)[index]!;
      if (column.dtype.unit === 'ms') return new Date(Number(count));
      if (column.dtype.unit === 's') return new Date(Number(count) * 1000);
      return count;
    }
    case 'utf8':
      return isDictionary(data) ? data.values[data.codes[index]!] : (data as readonly string[])[index];
    default:
      return (data as NumericArray)[index];
  }
}

function flatValues(column: Column, start: number, end: number): unknown {
  const { kind } = column.dtype;
  const data = column.data;
  if (kind === 'f16') return Float32Array.from((data as Uint16Array).subarray(start, end), fromFloat16Bits);
  const asIs =
    ArrayBuffer.isView(data) && kind !== 'bool' && kind !== 'date32' && kind !== 'timestamp' && kind !== 'duration';
  if (asIs) return (data as NumericArray).subarray(start, end);
  if (kind === 'duration' || (kind === 'timestamp' && column.dtype.unit !== 'ms' && column.dtype.unit !== 's')) {
    return Array.from((data as BigInt64Array).subarray(start, end));
  }
  return Array.from({ length: end - start }, (_, i) => scalarValue(column, start + i));
}
