import { type ModelSignature, printTensorSpec, type TensorSpec } from '../../runner/signature.js';
import type { ModelConfig, TensorConfig } from '../model-config.js';
import { datatypeOf } from './datatypes.js';
import { layoutError } from './layout.errors.js';

/**
 * Holds what a configuration declares against what the ONNX file says.
 * @throws {INF_ERR_MODEL_CONFIG} with both sides: a tensor that the file does not have, another datatype, other dims,
 * or batches of a model that takes none
 */
export function checkConfig(config: ModelConfig, signature: ModelSignature): void {
  const faults = [
    ...batchFaults(config, signature),
    ...(config.inputs ?? []).map((declared) => tensorFault('input', declared, config, signature.inputs)),
    ...(config.outputs ?? []).map((declared) => tensorFault('output', declared, config, signature.outputs)),
  ].filter((fault) => fault !== undefined);
  if (faults.length === 0) return;
  const sides = `the configuration has ${printSide(config)}; the ONNX file has ${printSignature(signature)}`;
  throw layoutError('INF_ERR_MODEL_CONFIG', `${config.source ?? 'the configuration'}: ${faults.join('; ')}. ${sides}`);
}

function batchFaults({ maxBatchSize = 0 }: ModelConfig, { batch }: ModelSignature): string[] {
  if (maxBatchSize === 0 || batch.kind !== 'none') return [];
  return [`the largest batch is ${maxBatchSize}, and the inputs have no common first dimension for rows`];
}

function tensorFault(
  kind: 'input' | 'output',
  declared: TensorConfig,
  config: ModelConfig,
  specs: readonly TensorSpec[],
): string | undefined {
  const spec = specs.find(({ name }) => name === declared.name);
  if (!spec) return `the file has no ${kind} '${declared.name}'`;
  const actual = datatypeOf(spec.dtype);
  // MLflow casts doubles for such an input, and declares what its caller had.
  const cast = config.source === 'MLmodel' && declared.datatype === 'FP64' && actual === 'FP32';
  if (declared.datatype !== actual && !cast) return `${kind} '${spec.name}' is ${actual}, not ${declared.datatype}`;
  if (fits(declared.dims, spec, config)) return undefined;
  return `${kind} '${spec.name}' has other dims`;
}

/** Where nothing was said about batches, the dimension of the rows may be written or left out. */
function fits(declared: readonly number[], { dims }: TensorSpec, { maxBatchSize, source }: ModelConfig): boolean {
  // An open size is all that MLflow knows of most dimensions.
  const sizes = source === 'MLmodel' ? declared.map((size, i) => (size === -1 ? (dims[i] ?? -1) : size)) : declared;
  const isWhole = fitsDims(sizes, dims);
  const isRow = dims.length > 0 && fitsDims(sizes, dims.slice(1));
  return maxBatchSize === undefined ? isWhole || isRow : maxBatchSize === 0 ? isWhole : isRow;
}

/** An open size of the file takes every declared one; a fixed one only itself. */
function fitsDims(declared: readonly number[], dims: readonly (number | null)[]): boolean {
  return declared.length === dims.length && dims.every((size, i) => size === null || size === declared[i]);
}

function printSide({ inputs = [], outputs = [], maxBatchSize }: ModelConfig): string {
  const print = ({ name, datatype, dims }: TensorConfig): string => `${name} ${datatype}[${dims.join(', ')}]`;
  const rows = maxBatchSize === undefined ? '' : ` (max batch ${maxBatchSize})`;
  return `${inputs.map(print).join(', ') || 'no inputs'} -> ${outputs.map(print).join(', ') || 'no outputs'}${rows}`;
}

function printSignature({ inputs, outputs }: ModelSignature): string {
  return `${inputs.map(printTensorSpec).join(', ')} -> ${outputs.map(printTensorSpec).join(', ')}`;
}
