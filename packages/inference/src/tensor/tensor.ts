import type { NumericArray } from '@witan/core/frame';

/** The element types of tensors that onnxruntime's Node binding takes and gives, by Witan's names. */
export type TensorDType =
  'bool' | 'i8' | 'i16' | 'i32' | 'i64' | 'u8' | 'u16' | 'u32' | 'u64' | 'f16' | 'f32' | 'f64' | 'utf8';

/** bool as 0/1 in a `Uint8Array`, f16 as bits in a `Uint16Array`, 64-bit integers as bigints, utf8 as strings. */
export type TensorData = NumericArray | readonly string[];

/** A tensor as plain data: row-major, `data.length` is the product of `dims` (inputs may carry a longer array). */
export interface Tensor {
  readonly dtype: TensorDType;
  readonly dims: readonly number[];
  readonly data: TensorData;
  /** The runner may take the array's buffer away (transfer it to a worker): nobody else holds it. @default false */
  readonly owned?: boolean;
}

export type TensorMap = Readonly<Record<string, Tensor>>;

/** onnx.proto's TensorProto.DataType, by value. */
const BY_ONNX_TYPE: readonly (TensorDType | undefined)[] = [
  undefined,
  'f32',
  'u8',
  'i8',
  'u16',
  'i16',
  'i32',
  'i64',
  'utf8',
  'bool',
  'f16',
  'f64',
  'u32',
  'u64',
];

const ORT_NAMES: Readonly<Record<TensorDType, string>> = {
  bool: 'bool',
  i8: 'int8',
  i16: 'int16',
  i32: 'int32',
  i64: 'int64',
  u8: 'uint8',
  u16: 'uint16',
  u32: 'uint32',
  u64: 'uint64',
  f16: 'float16',
  f32: 'float32',
  f64: 'float64',
  utf8: 'string',
};
const BY_ORT_NAME = new Map(Object.entries(ORT_NAMES).map(([dtype, name]) => [name, dtype as TensorDType]));

/** The dtype of onnx.proto's element type number; `undefined` for one that cannot be served (bfloat16, complex, int4 …). */
export function dtypeOfOnnxType(type: number): TensorDType | undefined {
  return BY_ONNX_TYPE[type];
}

export function dtypeOfOrtName(name: string): TensorDType | undefined {
  return BY_ORT_NAME.get(name);
}

export function ortNameOf(dtype: TensorDType): string {
  return ORT_NAMES[dtype];
}

const ARRAYS = {
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
} as const;

/** Zeros (empty strings for utf8) for `length` values of a dtype. */
export function zeros(dtype: TensorDType, length: number): NumericArray | string[] {
  return dtype === 'utf8' ? new Array<string>(length).fill('') : new ARRAYS[dtype](length);
}

/** True when `data` is the kind of array that a tensor of this dtype is stored in. */
export function holds(dtype: TensorDType, data: unknown): data is TensorData {
  return dtype === 'utf8' ? Array.isArray(data) : data instanceof ARRAYS[dtype];
}
