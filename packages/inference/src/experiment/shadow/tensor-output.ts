import { fromFloat16Bits } from '@witan/core/frame';
import type { TensorMap } from '../../tensor/tensor.js';
import { bytesOfValues, type NamedOutput } from './named-output.js';

/** Tensors without rows in common, as one row each. */
export function outputsOfTensors(tensors: TensorMap): NamedOutput[] {
  return Object.entries(tensors).map(([name, { dtype, data }]) => ({
    name,
    rows: 1,
    values: dtype === 'f16' ? Float32Array.from(data as Uint16Array, fromFloat16Bits) : data,
  }));
}

export function bytesOfTensors(tensors: TensorMap): number {
  return Object.values(tensors).reduce((sum, { data }) => sum + bytesOfValues(data), 0);
}
