import { fromFloat16Bits } from '@witan/core/frame';
import type { TensorMap } from '../../tensor/tensor.js';
import type { NamedOutput } from './named-output.js';

const STRING_BYTES = 32;

/** Tensors without rows in common, as one row each. */
export function outputsOfTensors(tensors: TensorMap): NamedOutput[] {
  return Object.entries(tensors).map(([name, { dtype, data }]) => ({
    name,
    rows: 1,
    values: dtype === 'f16' ? Float32Array.from(data as Uint16Array, fromFloat16Bits) : data,
  }));
}

export function bytesOfTensors(tensors: TensorMap): number {
  let bytes = 0;
  for (const { data } of Object.values(tensors))
    bytes += ArrayBuffer.isView(data) ? data.byteLength : data.length * STRING_BYTES;
  return bytes;
}
