import type { OipServer } from '../infer-types.js';
import { oipError } from '../oip.errors.js';
import { BYTES_OF, elementCount, printShape } from '../tensor/datatype.js';
import { rawValues, textsOfBytes } from '../tensor/raw-decode.js';
import type { InferBody } from './infer-body.js';

const EMPTY = Buffer.alloc(0);

/**
 * A body that is nothing but one tensor's bytes: one request to a model with one input, of which at most one dimension
 * is open. All outputs are answered as bytes.
 * @throws {OIP_ERR_REQUEST | OIP_ERR_INPUT | OIP_ERR_MODEL_NOT_FOUND}
 */
export async function rawRequest(
  server: OipServer,
  model: string,
  version: string | undefined,
  body: Buffer = EMPTY,
): Promise<InferBody> {
  const { inputs } = await server.modelMetadata(model, version);
  const config = await server.modelConfig(model, version);
  if (inputs.length !== 1)
    throw requestError(
      `raw input data is taken by models with one input only, and model '${model}' has ${inputs.length}`,
    );
  const { name, datatype, shape } = inputs[0]!;
  const batched = Number(config['max_batch_size']) > 0;
  const dims = batched ? [1, ...shape.slice(1)] : shape;
  const full =
    datatype === 'BYTES'
      ? dims.map((size) => (size === -1 ? 1 : size))
      : filled(dims, body.length / BYTES_OF[datatype], name);
  if (datatype === 'BYTES' && elementCount(full) !== 1)
    throw requestError(`raw input data is one string, and input '${name}' takes ${printShape(shape)}`);
  const data = datatype === 'BYTES' ? textsOfBytes(name, [body]) : rawValues(name, datatype, full, body);
  return {
    id: undefined,
    parameters: { binary_data_output: true },
    inputs: [{ name, datatype, shape: full, data }],
    outputs: undefined,
  };
}

/** The one open dimension is what the bytes leave for it. */
function filled(dims: readonly number[], values: number, name: string): number[] {
  const open = dims.filter((size) => size === -1).length;
  if (open > 1)
    throw requestError(`raw input data needs an input with at most one open dimension, and '${name}' has ${open}`);
  const known = elementCount(dims.filter((size) => size !== -1));
  return dims.map((size) => (size === -1 ? Math.max(0, Math.floor(values / Math.max(1, known))) : size));
}

function requestError(message: string): Error {
  return oipError('OIP_ERR_REQUEST', message);
}
