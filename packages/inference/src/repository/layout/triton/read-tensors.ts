import type { TensorConfig } from '../../model-config.js';
import { MAX_DIMS, MAX_TENSORS } from '../config/limits.js';
import { datatypeOfTriton } from '../datatypes.js';
import { isSafeFile, quoted } from '../names.js';
import type { TritonReading, TritonTensor } from './triton-config.js';

/** The inputs or outputs that a ModelConfig declares. */
export function readTensors(
  kind: 'input' | 'output',
  tensors: readonly TritonTensor[] | undefined,
  reading: TritonReading,
): readonly TensorConfig[] | undefined {
  if (!tensors) return undefined;
  if (tensors.length > MAX_TENSORS) reading.fail(`more than ${MAX_TENSORS} ${kind}s`);
  const names = new Set<string>();
  return tensors.map((tensor) => {
    const read = readTensor(kind, tensor, reading);
    if (names.has(read.name)) reading.fail(`${kind} ${quoted(read.name)} is declared twice`);
    names.add(read.name);
    return read;
  });
}

function readTensor(kind: string, tensor: TritonTensor, reading: TritonReading): TensorConfig {
  const { name = '', data_type: type = 'TYPE_INVALID', label_filename: labelFile } = tensor;
  const label = `${kind} ${quoted(name)}`;
  if (name === '') reading.fail(`an ${kind} has no name`);
  if (type === 'TYPE_INVALID') reading.fail(`${label} has no data_type`);
  if (labelFile && !isSafeFile(labelFile))
    reading.fail(`${label} has label_filename ${quoted(labelFile)}: it must lie below the model's folder`);
  const dims = readDims(label, tensor, reading);
  sayIgnored(label, tensor, reading);
  return { name, datatype: datatypeOfTriton(type), dims, ...(labelFile && { labelFile }) };
}

/** With a reshape, the model's own side of it: requests are held against the model. */
function readDims(label: string, { dims, reshape }: TritonTensor, reading: TritonReading): readonly number[] {
  if (!dims && !reshape) reading.fail(`${label} has no dims`);
  const own = (reshape ? reshape.shape : dims) ?? [];
  if (own.length > MAX_DIMS || own.some((size) => size < -1 || size === 0 || !Number.isSafeInteger(size))) {
    reading.fail(
      `${label} has dims [${own.slice(0, MAX_DIMS).join(', ')}]: each is -1 or above 0, ${MAX_DIMS} at most`,
    );
  }
  if (reshape) reading.ignore(`${label}.reshape: requests have the model's own shape [${own.join(', ')}]`);
  return own;
}

function sayIgnored(label: string, tensor: TritonTensor, { ignore }: TritonReading): void {
  if (tensor.format && tensor.format !== 'FORMAT_NONE') ignore(`${label}.format: it changes nothing for onnxruntime`);
  if (tensor.is_shape_tensor) ignore(`${label}.is_shape_tensor: only TensorRT has shape tensors`);
  if (tensor.allow_ragged_batch) ignore(`${label}.allow_ragged_batch: only requests of one shape share a batch`);
  if (tensor.optional) ignore(`${label}.optional: whether an input may be left out, the ONNX file says`);
}
