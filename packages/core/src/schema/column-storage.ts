import type { ColumnData, NumericArray } from '../frame/column.js';
import type { DTypeInfo } from '../frame/dtype.js';
import { toFloat16Bits } from '../frame/float16.js';
import type { Converted } from './cell-converter.js';

/** Where a column's values go while a Frame is made: its final typed array, or an array for text and bytes. */
export type Storage = NumericArray | (string | Uint8Array)[];

/** The typed array class of a dtype (by name, for generated code too); `undefined` for utf8 and binary. */
export const ARRAY_OF: Readonly<Partial<Record<DTypeInfo['kind'], `${string}Array`>>> = {
  bool: 'Uint8Array',
  i8: 'Int8Array',
  i16: 'Int16Array',
  i32: 'Int32Array',
  i64: 'BigInt64Array',
  u8: 'Uint8Array',
  u16: 'Uint16Array',
  u32: 'Uint32Array',
  u64: 'BigUint64Array',
  f16: 'Uint16Array',
  f32: 'Float32Array',
  f64: 'Float64Array',
  date32: 'Int32Array',
  timestamp: 'BigInt64Array',
  duration: 'BigInt64Array',
};

/** Room for `count` values; text and bytes start as empty ones, which is what a null row keeps. */
export function newStorage(dtype: DTypeInfo, count: number): Storage {
  const array = ARRAY_OF[dtype.kind];
  if (array) return new (globalThis as unknown as Record<string, new (count: number) => NumericArray>)[array]!(count);
  return new Array<string | Uint8Array>(count).fill(dtype.kind === 'utf8' ? '' : EMPTY);
}

const EMPTY = new Uint8Array(0);

/** Writes one converted value. */
export function store(dtype: DTypeInfo, storage: Storage, index: number, value: Converted): void {
  const target = storage as Converted[];
  if (dtype.kind === 'bool') target[index] = value ? 1 : 0;
  else if (dtype.kind === 'f16') target[index] = toFloat16Bits(value as number);
  else target[index] = value;
}

export const asColumnData = (storage: Storage): ColumnData => storage as ColumnData;

