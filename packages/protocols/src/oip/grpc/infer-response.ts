import { FIXED64, LENGTH, VARINT } from '../../wire/wire-reader.js';
import { putVarint, varintBytes, WireWriter } from '../../wire/wire-writer.js';
import type { InferResponse, InferTensor, Parameter, Parameters } from '../infer-types.js';
import { rawBytes } from '../tensor/raw-encode.js';

const MODEL_NAME = 1 * 8 + LENGTH;
const MODEL_VERSION = 2 * 8 + LENGTH;
const ID = 3 * 8 + LENGTH;
const PARAMETERS = 4 * 8 + LENGTH;
const OUTPUTS = 5 * 8 + LENGTH;
const RAW = 6 * 8 + LENGTH;
// Of an output.
const NAME = 1 * 8 + LENGTH;
const DATATYPE = 2 * 8 + LENGTH;
const SHAPE = 3 * 8 + LENGTH;
const OUTPUT_PARAMETERS = 4 * 8 + LENGTH;
// Of a map's entry, and of InferParameter.
const KEY = 1 * 8 + LENGTH;
const VALUE = 2 * 8 + LENGTH;
const BOOL = 1 * 8 + VARINT;
const INT64 = 2 * 8 + VARINT;
const STRING = 3 * 8 + LENGTH;
const DOUBLE = 4 * 8 + FIXED64;
const UINT64 = 5 * 8 + VARINT;
// Of ModelStreamInferResponse.
const ERROR_MESSAGE = 1 * 8 + LENGTH;
const INFER_RESPONSE = 2 * 8 + LENGTH;

const MAX_INT64 = 2n ** 63n - 1n;

/** One for the process: encoding is synchronous. */
const writer = new WireWriter();

/** A ModelInferResponse in one buffer. Tensors go as raw bytes always: Triton's client reads nothing else. */
export function encodeInferResponse(response: InferResponse): Buffer {
  return joined(response, false);
}

/** An answered request of a stream: one ModelStreamInferResponse. */
export function encodeStreamResponse(response: InferResponse): Buffer {
  return joined(response, true);
}

/** A request of a stream that failed; the id says which. */
export function encodeStreamFailure(message: string, request: { model: string; version: string; id: string }): Buffer {
  writer.reset();
  writer.text(ERROR_MESSAGE, message);
  const start = writer.open(INFER_RESPONSE);
  putHead({ ...request, parameters: FINAL, outputs: [] });
  writer.close(start);
  return writer.copy();
}

/** What Triton tells of each answer of a stream: here every request has one. */
const FINAL: Parameters = { triton_final_response: true };

function joined(response: InferResponse, inStream: boolean): Buffer {
  writer.reset();
  putHead(inStream ? { ...response, parameters: { ...response.parameters, ...FINAL } } : response);
  const raw = response.outputs.map(rawBytes);
  let rawLength = 0;
  for (const bytes of raw) rawLength += 1 + varintBytes(bytes.length) + bytes.length;
  const length = writer.length + rawLength;
  const before = inStream ? 1 + varintBytes(length) : 0;
  const out = writer.copy(before, rawLength);
  if (inStream) {
    out[0] = INFER_RESPONSE;
    putVarint(out, 1, length);
  }
  let at = out.length - rawLength;
  for (const bytes of raw) {
    out[at++] = RAW;
    at = putVarint(out, at, bytes.length);
    out.set(bytes, at);
    at += bytes.length;
  }
  return out;
}

function putHead({ model, version, id, parameters, outputs }: InferResponse): void {
  putText(MODEL_NAME, model);
  putText(MODEL_VERSION, version);
  if (id !== undefined) putText(ID, id);
  if (parameters) putParameters(PARAMETERS, parameters);
  for (const output of outputs) putOutput(output);
}

function putOutput({ name, datatype, shape, parameters }: InferTensor): void {
  const start = writer.open(OUTPUTS);
  putText(NAME, name);
  putText(DATATYPE, datatype);
  if (shape.length > 0) {
    const dims = writer.open(SHAPE);
    for (let i = 0; i < shape.length; i++) writer.integer(shape[i]!);
    writer.close(dims);
  }
  if (parameters) putParameters(OUTPUT_PARAMETERS, parameters);
  writer.close(start);
}

function putText(tag: number, value: string): void {
  if (value !== '') writer.text(tag, value);
}

function putParameters(tag: number, parameters: Parameters): void {
  for (const [name, value] of Object.entries(parameters)) {
    const entry = writer.open(tag);
    writer.text(KEY, name);
    const choice = writer.open(VALUE);
    putParameter(value);
    writer.close(choice);
    writer.close(entry);
  }
}

function putParameter(value: Parameter): void {
  if (typeof value === 'string') return writer.text(STRING, value);
  if (typeof value === 'boolean') {
    writer.varint(BOOL);
    return writer.varint(value ? 1 : 0);
  }
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    writer.varint(DOUBLE);
    return writer.double(value);
  }
  writer.varint(value > MAX_INT64 ? UINT64 : INT64);
  writer.integer(value);
}
