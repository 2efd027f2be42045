import type { InferRequest, InferTensor, Parameter, Parameters, RequestedOutput } from '../infer-types.js';
import { oipError } from '../oip.errors.js';
import { BYTES_OF, elementCount, isDatatype, printShape } from '../tensor/datatype.js';
import { rawValues } from '../tensor/raw-decode.js';
import { JsonCursor } from './json/json-cursor.js';
import { jsonValues } from './json/tensor-data.js';

/** What of a request stands in its body. */
export type InferBody = Pick<InferRequest, 'id' | 'parameters' | 'inputs' | 'outputs'>;

export interface BodyLimits {
  /** What all tensors of a request may take in memory. Bytes. */
  readonly maxDecodedBytes: number;
}

const EMPTY = Buffer.alloc(0);
const MAX_RANK = 32;
/** Members of the request and of its tensors. Each takes time on the thread that answers everybody; no model has so many inputs. */
const MAX_MEMBERS = 100_000;
/** All parameters of a request together, as they are written: what they become takes many times as much. */
const MAX_PARAMETER_BYTES = 1024 * 1024;
/** What a string takes beside its characters, roughly. */
const STRING_BYTES = 32;

/**
 * The body of an inference request: JSON alone, or JSON of `jsonLength` bytes and then the bytes of the tensors that say
 * `binary_data_size`. Tensors are views of the body where their bytes are aligned.
 * @throws {OIP_ERR_REQUEST | OIP_ERR_INPUT | OIP_ERR_TOO_LARGE}
 */
export function decodeInferBody(
  body: Buffer | undefined,
  jsonLength: number | undefined,
  limits: BodyLimits,
): InferBody {
  const bytes = body ?? EMPTY;
  const decoder = new BodyDecoder(
    new JsonCursor(jsonLength === undefined ? bytes : bytes.subarray(0, jsonLength)),
    jsonLength === undefined ? undefined : bytes.subarray(jsonLength),
    limits.maxDecodedBytes,
  );
  return decoder.decode();
}

/** A tensor as its members come, in any order. */
interface Draft {
  name: string | undefined;
  shape: number[] | undefined;
  datatype: string | undefined;
  parameters: Parameters | undefined;
  /** Where its data begins, where the members before it did not say what it is. */
  dataAt: number;
  data: InferTensor['data'] | undefined;
}

class BodyDecoder {
  private id: string | undefined;
  private parameters: Parameters | undefined;
  private readonly inputs: InferTensor[] = [];
  private outputs: RequestedOutput[] | undefined;
  private binaryAt = 0;
  private hasInputs = false;
  private membersLeft = MAX_MEMBERS;
  private parameterBytesLeft = MAX_PARAMETER_BYTES;

  constructor(
    private readonly cursor: JsonCursor,
    private readonly binary: Buffer | undefined,
    private bytesLeft: number,
  ) {}

  decode(): InferBody {
    const { cursor } = this;
    cursor.object((key) => this.member(key));
    cursor.end();
    if (!this.hasInputs) throw requestError("the request has no 'inputs': it must be an array of tensors");
    const unused = (this.binary?.length ?? 0) - this.binaryAt;
    if (unused > 0)
      throw requestError(`unexpected additional input data for model: ${unused} bytes belong to no input`);
    const { id, parameters, inputs, outputs } = this;
    return { id, parameters, inputs, outputs };
  }

  private member(key: string): void {
    const { cursor } = this;
    this.countMember();
    switch (key) {
      case 'id':
        this.id = this.text("'id'");
        break;
      case 'parameters':
        this.parameters = this.readParameters('the request');
        break;
      case 'inputs':
        this.hasInputs = true;
        this.inputs.length = 0;
        this.binaryAt = 0;
        this.requireOpen(0x5b, "'inputs' must be an array of tensors");
        cursor.array(() => this.inputs.push(this.tensor()));
        break;
      case 'outputs':
        this.outputs = [];
        this.requireOpen(0x5b, "'outputs' must be an array of objects with a name");
        cursor.array(() => this.outputs!.push(this.output()));
        break;
      default:
        cursor.pass();
    }
  }

  private tensor(): InferTensor {
    const draft: Draft = {
      name: undefined,
      shape: undefined,
      datatype: undefined,
      parameters: undefined,
      dataAt: -1,
      data: undefined,
    };
    this.requireOpen(0x7b, "each of 'inputs' must be an object");
    this.countMember();
    this.cursor.object((key) => this.tensorMember(draft, key));
    const { name, shape, datatype, parameters } = draft;
    if (name === undefined) throw requestError("an input has no 'name'");
    if (shape === undefined) throw requestError(`input '${name}' has no 'shape'`);
    if (datatype === undefined) throw requestError(`input '${name}' has no 'datatype'`);
    if (!isDatatype(datatype))
      throw requestError(`input '${name}' has the unknown datatype '${datatype.slice(0, 32)}'`);
    const size = parameters?.['binary_data_size'];
    const data = size === undefined ? this.dataOf(draft, datatype) : this.binaryOf(draft, size);
    return { name, datatype, shape, data, ...(parameters && { parameters }) };
  }

  private tensorMember(draft: Draft, key: string): void {
    const { cursor } = this;
    this.countMember();
    // What is said twice counts as it was said last, for the data too: it is read once more at the end.
    if (key === 'datatype' || key === 'shape') draft.data = undefined;
    switch (key) {
      case 'name':
        draft.name = this.text("an input's 'name'");
        break;
      case 'datatype':
        draft.datatype = this.text("an input's 'datatype'");
        break;
      case 'shape':
        draft.shape = this.readShape(draft.name);
        break;
      case 'parameters':
        draft.parameters = this.readParameters(`input '${draft.name ?? ''}'`);
        break;
      case 'data':
        this.readData(draft);
        break;
      default:
        cursor.pass();
    }
  }

  /** At once where it is known what it is; otherwise it is stepped over and read when the tensor ends. */
  private readData(draft: Draft): void {
    const { cursor } = this;
    const { name, shape, datatype } = draft;
    cursor.peek();
    draft.dataAt = cursor.at;
    if (name !== undefined && shape && datatype !== undefined && isDatatype(datatype)) {
      this.requireOpen(0x5b, `input '${name}': 'data' must be an array`);
      this.charge(name, shape, BYTES_OF[datatype] || STRING_BYTES);
      draft.data = jsonValues(cursor, name, datatype, shape);
    } else cursor.pass();
  }

  private dataOf(draft: Draft, datatype: InferTensor['datatype']): InferTensor['data'] {
    if (draft.data) return draft.data;
    const name = draft.name!;
    if (draft.dataAt < 0) throw requestError(`input '${name}' has neither 'data' nor the parameter 'binary_data_size'`);
    const { cursor } = this;
    const end = cursor.at;
    cursor.at = draft.dataAt;
    this.requireOpen(0x5b, `input '${name}': 'data' must be an array`);
    this.charge(name, draft.shape!, BYTES_OF[datatype] || STRING_BYTES);
    const data = jsonValues(cursor, name, datatype, draft.shape!);
    cursor.at = end;
    return data;
  }

  private binaryOf(draft: Draft, size: Parameter): InferTensor['data'] {
    const name = draft.name!;
    if (draft.dataAt >= 0)
      throw requestError(`input '${name}' has both 'data' and 'binary_data_size': send one of them`);
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
      throw requestError(`input '${name}': 'binary_data_size' must be a whole number of bytes`);
    const { binary, binaryAt } = this;
    if (!binary)
      throw requestError(
        `must specify valid 'Inference-Header-Content-Length' in request header and 'binary_data_size' when passing inputs in binary data format: input '${name}' has the size, the header is missing`,
      );
    if (size > binary.length - binaryAt)
      throw requestError(
        `unexpected size for input '${name}': 'binary_data_size' is ${size}, and ${binary.length - binaryAt} bytes are left of the body`,
      );
    this.binaryAt += size;
    const datatype = draft.datatype as InferTensor['datatype'];
    if (datatype === 'BYTES') this.charge(name, [Math.floor(size / 4)], STRING_BYTES);
    return rawValues(name, datatype, draft.shape!, binary.subarray(binaryAt, binaryAt + size));
  }

  private output(): RequestedOutput {
    let name: string | undefined;
    let parameters: Parameters | undefined;
    this.requireOpen(0x7b, "each of 'outputs' must be an object");
    this.countMember();
    this.cursor.object((key) => {
      this.countMember();
      if (key === 'name') name = this.text("an output's 'name'");
      else if (key === 'parameters') parameters = this.readParameters(`output '${name ?? ''}'`);
      else this.cursor.pass();
    });
    if (name === undefined) throw requestError("an output has no 'name'");
    return { name, ...(parameters && { parameters }) };
  }

  private readShape(name: string | undefined): number[] {
    const shape: number[] = [];
    const { cursor } = this;
    this.requireOpen(0x5b, `input '${name ?? ''}': 'shape' must be an array of whole numbers`);
    cursor.array(() => {
      cursor.peek();
      const text = cursor.scalarText(cursor.at);
      if (!/^\d{1,15}$/.test(text) || shape.push(Number(text)) > MAX_RANK)
        throw requestError(
          `input '${name ?? ''}': 'shape' must be an array of at most ${MAX_RANK} whole numbers, none of them negative`,
        );
    });
    if (!Number.isSafeInteger(elementCount(shape)))
      throw requestError(`input '${name ?? ''}': its shape ${printShape(shape)} is too large`);
    return shape;
  }

  private readParameters(whose: string): Parameters {
    this.requireOpen(0x7b, `the parameters of ${whose} must be an object`);
    const start = this.cursor.at;
    const parameters = this.cursor.value(this.parameterBytesLeft) as Record<string, Parameter> | undefined;
    if (!parameters)
      throw tooLarge(`the request's parameters take more than ${MAX_PARAMETER_BYTES} bytes, which is the limit`);
    this.parameterBytesLeft -= this.cursor.at - start;
    for (const name of Object.keys(parameters)) {
      const type = typeof parameters[name];
      if (type !== 'string' && type !== 'number' && type !== 'boolean')
        throw requestError(`parameter '${name.slice(0, 64)}' of ${whose} must be a string, a number or a boolean`);
      if (name.startsWith('shared_memory_'))
        throw oipError(
          'OIP_ERR_UNSUPPORTED',
          `parameter '${name.slice(0, 64)}' of ${whose}: shared memory is not supported`,
        );
    }
    return parameters;
  }

  private countMember(): void {
    if (--this.membersLeft < 0)
      throw tooLarge(
        `the request has more than ${MAX_MEMBERS} inputs, outputs and members of them, which is the limit`,
      );
  }

  private text(what: string): string {
    if (this.cursor.peek() !== 0x22) throw requestError(`${what} must be a string`);
    return this.cursor.string();
  }

  private requireOpen(code: number, otherwise: string): void {
    const seen = this.cursor.peek();
    if (seen === code) return;
    if (seen === -1) throw this.cursor.malformed();
    throw requestError(otherwise);
  }

  private charge(name: string, shape: readonly number[], bytesEach: number): void {
    // More values than the body has bytes are refused by whoever reads them.
    this.bytesLeft -= Math.min(elementCount(shape), this.cursor.bytes.length + (this.binary?.length ?? 0)) * bytesEach;
    if (this.bytesLeft >= 0) return;
    throw tooLarge(
      `input '${name}' of shape ${printShape(shape)} does not fit into what one request may take in memory: send fewer rows, or raise http.maxDecodedBytes`,
    );
  }
}

function requestError(message: string): Error {
  return oipError('OIP_ERR_REQUEST', message);
}

function tooLarge(message: string): Error {
  return oipError('OIP_ERR_TOO_LARGE', message);
}
