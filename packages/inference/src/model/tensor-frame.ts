import { Column, Frame } from '@witan/core/frame';
import { inferenceError } from '../inference.errors.js';
import { type ModelSignature, printTensorSpec } from '../runner/signature.js';
import { holds, type TensorMap } from '../tensor/tensor.js';
import { checkTexts } from './whole-texts.js';

/**
 * Tensors given to a model, checked against its inputs.
 * @throws {INF_ERR_INPUT} for a missing or unknown input, a wrong dtype, rank or size, data that does not fill its dims, or a text with a zero byte.
 */
export function checkTensors(signature: ModelSignature, tensors: TensorMap, who: string): void {
  const refuse = (why: string): never => {
    const inputs = signature.inputs.map(printTensorSpec).join('; ');
    throw inferenceError('INF_ERR_INPUT', `${who}: ${why}. It takes ${inputs}`);
  };
  const unknown = Object.keys(tensors).find((name) => !signature.inputs.some((input) => input.name === name));
  if (unknown !== undefined) refuse(`it has no input '${unknown}'`);
  for (const input of signature.inputs) {
    const tensor = Object.hasOwn(tensors, input.name) ? tensors[input.name] : undefined;
    if (!tensor) return refuse(`the input '${input.name}' is missing`);
    if (tensor.dtype !== input.dtype || !holds(tensor.dtype, tensor.data))
      refuse(`the input '${input.name}' is given as ${tensor.dtype}`);
    const fits =
      tensor.dims.length === input.dims.length &&
      input.dims.every((size, i) => size === null || size === tensor.dims[i]);
    const length = tensor.dims.reduce((product, size) => product * size, 1);
    if (!fits && !isBatchOf(signature, input.dims, tensor.dims))
      refuse(`the input '${input.name}' is given as [${tensor.dims.join(', ')}]`);
    if (tensor.data.length !== length)
      refuse(`the input '${input.name}' has ${tensor.data.length} values for [${tensor.dims.join(', ')}]`);
    if (tensor.dtype === 'utf8')
      checkTexts(tensor.data as readonly string[], input.name, length / (tensor.dims[0] ?? 1), who);
  }
}

/** Fewer rows than a fixed batch axis has are padded. */
function isBatchOf(signature: ModelSignature, wanted: readonly (number | null)[], given: readonly number[]): boolean {
  if (signature.batch.kind !== 'fixed' || wanted.length !== given.length) return false;
  return wanted.every((size, i) => i === 0 || size === null || size === given[i]);
}

/** Checked tensors with a common first dimension as a Frame whose columns have the inputs' names. */
export function frameOfTensors(signature: ModelSignature, tensors: TensorMap, who: string): Frame {
  checkTensors(signature, tensors, who);
  const columns = signature.inputs.map(({ name }) => {
    const { dtype, dims, data } = tensors[name]!;
    return [name, new Column({ dtype, shape: dims.slice(1), length: dims[0]!, data })] as const;
  });
  const [[, first] = []] = columns;
  const odd = columns.find(([, column]) => column.length !== first?.length);
  if (odd)
    throw inferenceError(
      'INF_ERR_INPUT',
      `${who}: '${odd[0]}' has ${odd[1].length} rows, '${columns[0]![0]}' has ${first!.length}`,
    );
  return new Frame(new Map(columns));
}
