import type { ColumnData, NumericArray } from '../frame/column.js';
import type { DTypeInfo } from '../frame/dtype.js';
import { toFloat16Bits } from '../frame/float16.js';
import { arrayTypeOf } from '../frame/storage.js';
import type { Converted } from './cell-converter.js';

/** Where a column's values go while a Frame is made: its final typed array, or an array for text and bytes. */
export type Storage = NumericArray | (string | Uint8Array)[];

/** Room for `count` values; text and bytes start as empty ones, which is what a null row keeps. */
export function newStorage(dtype: DTypeInfo, count: number): Storage {
  const TypedArray = arrayTypeOf(dtype);
  if (TypedArray) return new TypedArray(count);
  return new Array<string | Uint8Array>(count).fill(dtype.kind === 'utf8' ? '' : EMPTY);
}

/** Bytes that one stored value takes; a reference for text and bytes. */
export function bytesPerValue(dtype: DTypeInfo): number {
  return arrayTypeOf(dtype)?.BYTES_PER_ELEMENT ?? 8;
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
