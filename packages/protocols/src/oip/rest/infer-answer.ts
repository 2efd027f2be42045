import { JsonTextWriter, SCALAR_BYTES } from '@witan/core/frame';
import type { InferRequest, InferResponse, InferTensor, Parameter, Parameters } from '../infer-types.js';
import { oipError } from '../oip.errors.js';
import { rawBytes } from '../tensor/raw-encode.js';

/** The body of an answer; with `jsonLength` it is JSON of that length and then the tensors' bytes. */
export interface InferAnswer {
  readonly body: Buffer | string;
  readonly jsonLength: number | undefined;
}

/** One for the process: encoding is synchronous. */
const writer = new JsonTextWriter();
const COMMA = 0x2c;
const OPEN = 0x5b;
const CLOSE = 0x5d;
/** What the bytes behind the JSON are aligned to, so that callers can read them in place. */
const ALIGNMENT = 8;

type Asked = Pick<InferRequest, 'parameters' | 'outputs'>;

/**
 * @throws {OIP_ERR_OUTPUT} for FP16 that was not asked for as bytes.
 * @throws {OIP_ERR_REQUEST} for a form of outputs that is no boolean.
 */
export function encodeInferAnswer(response: InferResponse, asked: Asked): InferAnswer {
  const byDefault = flag('binary_data_output', asked.parameters?.['binary_data_output'], false);
  const { outputs } = response;
  const raw: (Uint8Array | undefined)[] = new Array(outputs.length);
  let rawLength = 0;
  let isBinary = false;
  for (let i = 0; i < outputs.length; i++) {
    if (!isWantedRaw(outputs[i]!, asked, byDefault)) continue;
    isBinary = true;
    raw[i] = rawBytes(outputs[i]!);
    rawLength += raw[i]!.length;
  }
  const text = jsonOf(response, raw);
  return isBinary ? joined(text, raw, rawLength) : { body: text, jsonLength: undefined };
}

function isWantedRaw({ name }: InferTensor, { outputs }: Asked, byDefault: boolean): boolean {
  if (!outputs || outputs.length === 0) return byDefault;
  for (let i = outputs.length - 1; i >= 0; i--) {
    if (outputs[i]!.name === name) return flag('binary_data', outputs[i]!.parameters?.['binary_data'], byDefault);
  }
  return byDefault;
}

function flag(name: string, value: Parameter | undefined, otherwise: boolean): boolean {
  if (value === undefined) return otherwise;
  if (typeof value === 'boolean') return value;
  throw oipError('OIP_ERR_REQUEST', `parameter '${name}' must be true or false`);
}

function joined(text: string, raw: readonly (Uint8Array | undefined)[], rawLength: number): InferAnswer {
  const length = Buffer.byteLength(text);
  const jsonLength = Math.ceil(length / ALIGNMENT) * ALIGNMENT;
  const body = Buffer.allocUnsafe(jsonLength + rawLength);
  body.write(text, 0, 'utf8');
  body.fill(0x20, length, jsonLength);
  let at = jsonLength;
  for (const bytes of raw) {
    if (!bytes) continue;
    body.set(bytes, at);
    at += bytes.length;
  }
  return { body, jsonLength };
}

function jsonOf(response: InferResponse, raw: readonly (Uint8Array | undefined)[]): string {
  const { model, version, id, parameters, outputs } = response;
  let text = `{"model_name":${JSON.stringify(model)},"model_version":${JSON.stringify(version)}`;
  if (id !== undefined) text += `,"id":${JSON.stringify(id)}`;
  if (parameters) text += `,"parameters":${parametersText(parameters)}`;
  text += ',"outputs":[';
  for (let i = 0; i < outputs.length; i++) text += (i > 0 ? ',' : '') + outputText(outputs[i]!, raw[i]);
  return `${text}]}`;
}

function outputText(output: InferTensor, raw: Uint8Array | undefined): string {
  const { name, datatype, shape, parameters } = output;
  const head = `{"name":${JSON.stringify(name)},"datatype":"${datatype}","shape":[${shape.join(',')}]`;
  if (raw) return `${head},"parameters":${parametersText({ ...parameters, binary_data_size: raw.length })}}`;
  return `${head}${parameters ? `,"parameters":${parametersText(parameters)}` : ''},"data":${dataText(output)}}`;
}

function parametersText(parameters: Parameters): string {
  const members = Object.entries(parameters).map(
    ([name, value]) => `${JSON.stringify(name)}:${typeof value === 'bigint' ? value : JSON.stringify(value)}`,
  );
  return `{${members.join(',')}}`;
}

/** Flat, row-major. NaN and infinities are the strings that they are in every JSON answer of Witan. */
function dataText({ name, datatype, data }: InferTensor): string {
  try {
    writer.reserve(SCALAR_BYTES);
    writer.byte(OPEN);
    WRITE[datatype](data as never, name);
    writer.reserve(SCALAR_BYTES);
    writer.byte(CLOSE);
  } catch (error) {
    writer.take();
    throw error;
  }
  return writer.take();
}

/** Room for the next number and its comma. */
function next(i: number): void {
  writer.reserve(2 * SCALAR_BYTES);
  if (i > 0) writer.byte(COMMA);
}

function floats32(data: Float32Array): void {
  for (let i = 0; i < data.length; i++) {
    next(i);
    writer.f32(data[i]!);
  }
}

function floats64(data: Float64Array): void {
  for (let i = 0; i < data.length; i++) {
    next(i);
    writer.f64(data[i]!);
  }
}

function integers(data: Int32Array): void {
  for (let i = 0; i < data.length; i++) {
    next(i);
    writer.int(data[i]!);
  }
}

function flags(data: Uint8Array): void {
  for (let i = 0; i < data.length; i++) {
    next(i);
    writer.bool(data[i]!);
  }
}

function signed64({ buffer, byteOffset, length }: BigInt64Array): void {
  const halves = new Int32Array(buffer, byteOffset, 2 * length);
  for (let i = 0; i < length; i++) {
    next(i);
    writer.i64(halves[2 * i]!, halves[2 * i + 1]!);
  }
}

function unsigned64({ buffer, byteOffset, length }: BigUint64Array): void {
  const halves = new Int32Array(buffer, byteOffset, 2 * length);
  for (let i = 0; i < length; i++) {
    next(i);
    writer.u64(halves[2 * i]!, halves[2 * i + 1]!);
  }
}

function texts(data: readonly string[]): void {
  for (let i = 0; i < data.length; i++) {
    next(i);
    writer.text(data[i]!);
  }
}

function refuse16(_data: unknown, name: string): never {
  throw oipError(
    'OIP_ERR_OUTPUT',
    `sending FP16 data via JSON is not supported. Please use the binary data format for output '${name}'`,
  );
}

const WRITE: Readonly<Record<InferTensor['datatype'], (data: never, name: string) => void>> = {
  BOOL: flags,
  UINT8: integers,
  UINT16: integers,
  UINT32: integers,
  UINT64: unsigned64,
  INT8: integers,
  INT16: integers,
  INT32: integers,
  INT64: signed64,
  FP16: refuse16,
  BF16: refuse16,
  FP32: floats32,
  FP64: floats64,
  BYTES: texts,
};
