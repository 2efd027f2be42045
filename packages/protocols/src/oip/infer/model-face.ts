import type { ModelConfig, ServedModel, TensorDType } from '@witan/inference';
import type { Datatype, TensorMetadata } from '../infer-types.js';
import { datatypeOf } from '../tensor/datatype.js';

/** One input or output of a model, in the protocol's words. */
export interface TensorFace extends TensorMetadata {
  readonly dtype: TensorDType;
  /** The names of an output's classes. */
  readonly labels?: readonly string[];
}

/** A loaded model as the protocol sees it. */
export interface ModelFace {
  readonly model: ServedModel;
  readonly inputs: readonly TensorFace[];
  readonly outputs: readonly TensorFace[];
  readonly outputNames: readonly string[];
  /** The first dimension of every tensor is rows, which are joined with those of other callers. */
  readonly batched: boolean;
}

/** What the protocol says of a model follows from its file, and from `max_batch_size` in its configuration. */
export function modelFace(model: ServedModel, config: ModelConfig | undefined): ModelFace {
  const { signature } = model;
  const batched = takesBatches(model, config);
  const shapeOf = (dims: readonly (number | null)[]): number[] =>
    dims.map((size, i) => (batched && i === 0 ? -1 : (size ?? -1)));
  const faceOf = (spec: (typeof signature.outputs)[number]): TensorFace => ({
    name: spec.name,
    dtype: spec.dtype,
    datatype: datatypeOf(spec.dtype),
    shape: shapeOf(spec.dims),
    ...labelsOf(config?.labels?.[spec.name] ?? spec.labels),
  });
  const outputs = signature.outputs.map(faceOf);
  return {
    model,
    inputs: signature.inputs.map(faceOf),
    outputs,
    outputNames: outputs.map(({ name }) => name),
    batched,
  };
}

function takesBatches({ signature, isBatched }: ServedModel, config: ModelConfig | undefined): boolean {
  return signature.batch.kind !== 'none' && isBatched && config?.maxBatchSize !== 0;
}

function labelsOf(labels: readonly string[] | undefined): { readonly labels?: readonly string[] } {
  return labels ? { labels } : {};
}

/** The configuration that is in force: the gate's options may have been set in code, and changed since. */
export function configInForce({ model, batched }: ModelFace, config: ModelConfig): ModelConfig {
  if (!batched) return { ...config, maxBatchSize: 0 };
  const { maxRows, maxDelayMs, maxQueueRows } = model.gate.options;
  return { ...config, maxBatchSize: maxRows, batch: { ...config.batch, maxRows, maxDelayMs, maxQueueRows } };
}

/** Whether the runtime has tensors of this type at all. */
export function isRunnable(datatype: Datatype): boolean {
  return datatype !== 'BF16';
}

/** Whether a request for the one can be answered by the other: the same inputs and outputs, of any sizes that fit. */
export function isAlike(one: ModelFace, other: ModelFace): boolean {
  if (one === other) return true;
  return one.batched === other.batched && areAlike(one.inputs, other.inputs) && areAlike(one.outputs, other.outputs);
}

function areAlike(ones: readonly TensorFace[], others: readonly TensorFace[]): boolean {
  return (
    ones.length === others.length &&
    ones.every(({ name, datatype, shape }, i) => {
      const other = others[i]!;
      const fits = shape.every((size, axis) => size === other.shape[axis] || size === -1 || other.shape[axis] === -1);
      return name === other.name && datatype === other.datatype && shape.length === other.shape.length && fits;
    })
  );
}
