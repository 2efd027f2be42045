import type { TensorDType } from '@witan/inference';
import type { Datatype } from '../infer-types.js';

/** Bytes of one value; 0 for BYTES, whose values say themselves how long they are. */
export const BYTES_OF: Readonly<Record<Datatype, number>> = {
  BOOL: 1,
  UINT8: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  FP16: 2,
  FP32: 4,
  FP64: 8,
  BF16: 2,
  BYTES: 0,
};

const OF_DTYPE: Readonly<Record<TensorDType, Datatype>> = {
  bool: 'BOOL',
  u8: 'UINT8',
  u16: 'UINT16',
  u32: 'UINT32',
  u64: 'UINT64',
  i8: 'INT8',
  i16: 'INT16',
  i32: 'INT32',
  i64: 'INT64',
  f16: 'FP16',
  f32: 'FP32',
  f64: 'FP64',
  utf8: 'BYTES',
};

/** The protocol's name of a tensor's element type. */
export function datatypeOf(dtype: TensorDType): Datatype {
  return OF_DTYPE[dtype];
}

export function isDatatype(text: string): text is Datatype {
  return Object.hasOwn(BYTES_OF, text);
}

/** `[-1,4]`: a shape as the protocol's messages print it. */
export function printShape(shape: readonly number[]): string {
  return `[${shape.join(',')}]`;
}

/** How many values a shape holds. */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (let i = 0; i < shape.length; i++) count *= shape[i]!;
  return count;
}
