import type { TensorDType } from '../tensor/tensor.js';

/** One input or output of a model. */
export interface TensorSpec {
  readonly name: string;
  readonly dtype: TensorDType;
  /** `null` for a size that the model leaves open. */
  readonly dims: readonly (number | null)[];
  /** For an output made from a ZipMap: the key of each column, in order. */
  readonly labels?: readonly string[];
}

/**
 * How a model takes rows: `dynamic` any number in the first dimension; `fixed` exactly `rows` (fewer are padded with
 * zero rows, and the padding's answers dropped); `none`: the inputs have no common first dimension, so frames cannot
 * be run, only tensors.
 */
export type BatchAxis =
  { readonly kind: 'dynamic' } | { readonly kind: 'fixed'; readonly rows: number } | { readonly kind: 'none' };

/** What a model takes and gives, as its file says. */
export interface ModelSignature {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Outputs that are no tensors and cannot be made into one; they are never computed for. */
  readonly omitted: readonly string[];
  readonly batch: BatchAxis;
}

/** The batch axis that the inputs' first dimensions allow. */
export function batchAxisOf(inputs: readonly TensorSpec[]): BatchAxis {
  const first = inputs.map((input) => (input.dims.length === 0 ? undefined : input.dims[0]));
  if (first.length === 0 || first.includes(undefined)) return { kind: 'none' };
  if (first.every((size) => size === null)) return { kind: 'dynamic' };
  const [rows] = first;
  return typeof rows === 'number' && rows > 0 && first.every((size) => size === rows)
    ? { kind: 'fixed', rows }
    : { kind: 'none' };
}

/** `x f32[?, 3]`: one input or output as messages print it. */
export function printTensorSpec(spec: TensorSpec): string {
  return `${spec.name} ${spec.dtype}[${spec.dims.map((size) => size ?? '?').join(', ')}]`;
}
