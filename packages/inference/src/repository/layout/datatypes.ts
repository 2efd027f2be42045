import type { TensorDType } from '../../tensor/tensor.js';

/** The Open Inference Protocol's names of Witan's element types. */
const DATATYPES: Readonly<Record<TensorDType, string>> = {
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

const KNOWN = new Set([...Object.values(DATATYPES), 'BF16']);

/** `FP32` for `f32`, `BYTES` for `utf8`. */
export function datatypeOf(dtype: TensorDType): string {
  return DATATYPES[dtype];
}

/** Whether the protocol has an element type of that name. */
export function isDatatype(name: string): boolean {
  return KNOWN.has(name);
}

/** `FP32` for Triton's `TYPE_FP32`, `BYTES` for its `TYPE_STRING`. */
export function datatypeOfTriton(type: string): string {
  return type === 'TYPE_STRING' ? 'BYTES' : type.slice('TYPE_'.length);
}

/** Triton's name of a datatype. */
export function tritonTypeOf(datatype: string): string {
  return datatype === 'BYTES' ? 'TYPE_STRING' : `TYPE_${datatype}`;
}
