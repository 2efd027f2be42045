import type { Tensor, TensorData } from '@witan/inference';
import type { InferTensor } from '../infer-types.js';
import { oipError } from '../oip.errors.js';
import { elementCount, printShape } from '../tensor/datatype.js';
import { textsOfBytes } from '../tensor/raw-decode.js';
import { isRunnable, type ModelFace, type TensorFace } from './model-face.js';

/**
 * The request's tensors in the order of the model's inputs, checked. Messages are Triton's where clients look for them.
 * `maxRows` bounds the first dimension, and every dimension of a tensor without values: neither costs bytes on the wire.
 * @throws {OIP_ERR_INPUT | OIP_ERR_TOO_LARGE}
 */
export function checkedInputs(face: ModelFace, given: readonly InferTensor[], maxRows: number): Tensor[] {
  const { inputs, batched } = face;
  const tensors = new Array<Tensor>(inputs.length);
  if (given.length !== inputs.length) throw wrongCount(face, given);
  for (let i = 0; i < inputs.length; i++) {
    const input = inputs[i]!;
    const tensor = given[i]!.name === input.name ? given[i]! : find(face, given, input.name);
    checkInput(face, input, tensor, maxRows);
    if (batched && tensor.shape[0] !== given[0]!.shape[0]) {
      throw inputError(
        `input '${tensor.name}' batch size does not match other inputs for '${face.model.name}': it has ${tensor.shape[0]} rows, '${given[0]!.name}' has ${given[0]!.shape[0]}`,
      );
    }
    tensors[i] = { dtype: input.dtype, dims: tensor.shape, data: dataOf(tensor) };
  }
  return tensors;
}

function find({ inputs, model }: ModelFace, given: readonly InferTensor[], name: string): InferTensor {
  const found = given.find((tensor) => tensor.name === name);
  if (found) return found;
  const unknown = given.find((tensor) => !inputs.some((input) => input.name === tensor.name));
  if (unknown) throw inputError(`unexpected inference input '${unknown.name}' for model '${model.name}'`);
  throw inputError(`input '${name}' is missing for model '${model.name}', another one is given twice`);
}

function checkInput({ model, batched }: ModelFace, input: TensorFace, tensor: InferTensor, maxRows: number): void {
  if (tensor.datatype !== input.datatype) {
    const hint = isRunnable(tensor.datatype) ? '' : `; onnxruntime's binding for Node takes no ${tensor.datatype}`;
    throw inputError(
      `inference input '${input.name}' data-type is '${tensor.datatype}', but model '${model.name}' expects '${input.datatype}'${hint}`,
    );
  }
  if (!fits(input.shape, tensor.shape)) {
    const note = batched ? `. The first dimension is the batch: any number of rows` : '';
    throw inputError(
      `unexpected shape for input '${input.name}' for model '${model.name}'. Expected ${printShape(input.shape)}, got ${printShape(tensor.shape)}${note}`,
    );
  }
  const count = elementCount(tensor.shape);
  if (batched ? tensor.shape[0]! > maxRows : count === 0 && tensor.shape.some((size) => size > maxRows)) {
    throw oipError(
      'OIP_ERR_TOO_LARGE',
      `input '${input.name}' of shape ${printShape(tensor.shape)} has more than the ${maxRows} rows that one request may have: split it`,
    );
  }
  if (batched && count === 0 && tensor.shape[0] !== 0) {
    throw inputError(
      `unexpected shape for input '${input.name}' for model '${model.name}'. Expected ${printShape(input.shape)}, got ${printShape(tensor.shape)}: its rows have no values`,
    );
  }
  if (tensor.data.length !== count) {
    throw inputError(
      `input '${input.name}' has ${tensor.data.length} values, and its shape ${printShape(tensor.shape)} needs ${count}`,
    );
  }
}

function fits(expected: readonly number[], shape: readonly number[]): boolean {
  if (expected.length !== shape.length) return false;
  for (let i = 0; i < shape.length; i++) if (expected[i] !== -1 && expected[i] !== shape[i]) return false;
  return true;
}

function dataOf(tensor: InferTensor): TensorData {
  const { datatype, data, name } = tensor;
  if (datatype !== 'BYTES' || data.length === 0 || typeof data[0] === 'string') return data as TensorData;
  return textsOfBytes(name, data as readonly Uint8Array[]);
}

function wrongCount({ inputs, model }: ModelFace, given: readonly InferTensor[]): Error {
  const unknown = given.find((tensor) => !inputs.some((input) => input.name === tensor.name));
  if (unknown) return inputError(`unexpected inference input '${unknown.name}' for model '${model.name}'`);
  const missing = inputs.filter((input) => !given.some((tensor) => tensor.name === input.name));
  const list = (names: readonly { readonly name: string }[]): string => names.map(({ name }) => `'${name}'`).join(',');
  return inputError(
    `expected ${inputs.length} inputs but got ${given.length} inputs for model '${model.name}'. Got input(s) [${list(given)}]` +
      (missing.length > 0 ? `, but missing required input(s) [${list(missing)}]` : ', one of them twice') +
      `. Please provide all required input(s).`,
  );
}

function inputError(message: string): Error {
  return oipError('OIP_ERR_INPUT', message);
}
