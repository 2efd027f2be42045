import type { NumericArray } from './column.js';
import type { DTypeInfo, DTypeKind } from './dtype.js';

export type NumericArrayType = {
  new (length: number): NumericArray;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): NumericArray;
  readonly BYTES_PER_ELEMENT: number;
};

const ARRAY_TYPES: Readonly<Partial<Record<DTypeKind, NumericArrayType>>> = {
  bool: Uint8Array,
  i8: Int8Array,
  i16: Int16Array,
  i32: Int32Array,
  i64: BigInt64Array,
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  u64: BigUint64Array,
  f16: Uint16Array,
  f32: Float32Array,
  f64: Float64Array,
  date32: Int32Array,
  timestamp: BigInt64Array,
  duration: BigInt64Array,
};

/** The typed array that stores a kind of dtype; `undefined` for utf8, binary and list. */
export function arrayTypeOfKind(kind: DTypeKind): NumericArrayType | undefined {
  return ARRAY_TYPES[kind];
}

/** The typed array that stores a dtype; `undefined` for utf8, binary and list. */
export function arrayTypeOf(dtype: DTypeInfo): NumericArrayType | undefined {
  return ARRAY_TYPES[dtype.kind];
}
