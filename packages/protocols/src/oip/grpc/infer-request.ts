import { LENGTH, VARINT, WireReader } from '../../wire/wire-reader.js';
import type { InferRequest, InferTensor, Parameters, RequestedOutput } from '../infer-types.js';
import { oipError } from '../oip.errors.js';
import { BYTES_OF, elementCount, isDatatype, printShape } from '../tensor/datatype.js';
import { rawValues } from '../tensor/raw-decode.js';
import { readParameter, textOf } from './infer-parameters.js';
import { malformed, requestError } from './malformed.js';
import { typedValues } from './tensor-contents.js';

const EMPTY = Buffer.alloc(0);

const MODEL_NAME = 1 * 8 + LENGTH;
const MODEL_VERSION = 2 * 8 + LENGTH;
const ID = 3 * 8 + LENGTH;
const PARAMETERS = 4 * 8 + LENGTH;
const INPUTS = 5 * 8 + LENGTH;
const OUTPUTS = 6 * 8 + LENGTH;
const RAW = 7 * 8 + LENGTH;
// Of an input; name and parameters of an output.
const NAME = 1 * 8 + LENGTH;
const DATATYPE = 2 * 8 + LENGTH;
const DIMENSION = 3 * 8 + VARINT;
const SHAPE = 3 * 8 + LENGTH;
const INPUT_PARAMETERS = 4 * 8 + LENGTH;
const CONTENTS = 5 * 8 + LENGTH;
const OUTPUT_PARAMETERS = 2 * 8 + LENGTH;

const MAX_RANK = 32;
/** Inputs, outputs, parameters and pieces of one request: each takes far more memory than its bytes. */
const MAX_PARTS = 65_536;
/** What a string takes beside its characters, roughly. */
const STRING_BYTES = 32;

export interface InferLimits {
  /** What all tensors of a request may take in memory. Bytes. */
  readonly maxDecodedBytes: number;
}

/** An input as its fields come. */
interface Draft {
  name: string;
  datatype: string;
  readonly shape: number[];
  parameters: Parameters | undefined;
  /** Start and end of each piece of its contents. */
  contents: number[] | undefined;
}

/**
 * Decodes a ModelInferRequest straight into the tensors that a model takes. Raw tensors are views of the message where
 * their bytes are aligned, so they live as long as it does.
 */
export class InferRequestDecoder {
  private readonly reader: WireReader;
  private model = '';
  private version = '';
  private parameters: Parameters | undefined;
  private readonly inputs: Draft[] = [];
  private outputs: RequestedOutput[] | undefined;
  /** Start and end of each. */
  private readonly raw: number[] = [];
  private parts = 0;
  private bytesLeft: number;
  /** The request's id as far as it was read, also where the rest cannot be. */
  id = '';

  constructor(
    private readonly message: Buffer,
    limits: InferLimits,
  ) {
    this.reader = new WireReader(message, malformed);
    this.bytesLeft = limits.maxDecodedBytes;
  }

  /** @throws {OIP_ERR_REQUEST | OIP_ERR_INPUT | OIP_ERR_TOO_LARGE | OIP_ERR_UNSUPPORTED} */
  decode(): InferRequest {
    const { reader } = this;
    while (reader.pos < reader.limit) this.field(reader.tag());
    const { model, version, id, parameters, outputs } = this;
    return {
      model,
      version: version === '' ? undefined : version,
      id: id === '' ? undefined : id,
      parameters,
      inputs: this.tensors(),
      outputs,
    };
  }

  private field(tag: number): void {
    const { reader } = this;
    switch (tag) {
      case MODEL_NAME:
        this.model = textOf(reader);
        break;
      case MODEL_VERSION:
        this.version = textOf(reader);
        break;
      case ID:
        this.id = textOf(reader);
        break;
      case PARAMETERS:
        this.count();
        this.parameters = readParameter(reader, this.parameters);
        break;
      case INPUTS:
        this.count();
        this.inputs.push(this.input());
        break;
      case OUTPUTS:
        this.count();
        (this.outputs ??= []).push(this.output());
        break;
      case RAW:
        this.count();
        this.pass(this.raw);
        break;
      default:
        reader.skip(tag);
    }
  }

  private input(): Draft {
    const { reader } = this;
    const draft: Draft = { name: '', datatype: '', shape: [], parameters: undefined, contents: undefined };
    const outer = reader.limit;
    const end = (reader.limit = reader.block());
    while (reader.pos < end) this.inputField(reader.tag(), draft);
    reader.limit = outer;
    return draft;
  }

  private inputField(tag: number, draft: Draft): void {
    const { reader } = this;
    switch (tag) {
      case NAME:
        draft.name = textOf(reader);
        break;
      case DATATYPE:
        draft.datatype = textOf(reader);
        break;
      case DIMENSION:
        this.dimension(draft);
        break;
      case SHAPE:
        for (const shapeEnd = reader.block(); reader.pos < shapeEnd;) {
          this.dimension(draft);
          if (reader.pos > shapeEnd) throw malformed('a number is cut short', shapeEnd);
        }
        break;
      case INPUT_PARAMETERS:
        this.count();
        draft.parameters = readParameter(reader, draft.parameters);
        break;
      case CONTENTS:
        this.count();
        this.pass((draft.contents ??= []));
        break;
      default:
        reader.skip(tag);
    }
  }

  private output(): RequestedOutput {
    const { reader } = this;
    let name = '';
    let parameters: Parameters | undefined;
    const outer = reader.limit;
    const end = (reader.limit = reader.block());
    while (reader.pos < end) {
      const tag = reader.tag();
      if (tag === NAME) name = textOf(reader);
      else if (tag === OUTPUT_PARAMETERS) {
        this.count();
        parameters = readParameter(reader, parameters);
      } else reader.skip(tag);
    }
    reader.limit = outer;
    return { name, ...(parameters && { parameters }) };
  }

  /** Keeps where a block lies. */
  private pass(spans: number[]): void {
    const { reader } = this;
    const end = reader.block();
    spans.push(reader.pos, end);
    reader.pos = end;
  }

  private dimension({ name, shape }: Draft): void {
    const { reader } = this;
    reader.varint();
    const { lo, hi } = reader;
    const size = hi * 0x1_0000_0000 + (lo >>> 0);
    if (Number.isSafeInteger(size) && size >= 0 && shape.push(size) <= MAX_RANK) return;
    throw requestError(
      `input '${name}': its shape must have at most ${MAX_RANK} dimensions, none of them negative or above 2^53`,
    );
  }

  private tensors(): InferTensor[] {
    const { inputs, raw } = this;
    const rawCount = raw.length / 2;
    if (rawCount > inputs.length)
      throw requestError(
        `unexpected additional input data for model '${this.model}': ${rawCount} raw_input_contents for ${inputs.length} inputs`,
      );
    return inputs.map((draft, i) => {
      const { name, datatype, shape, parameters } = draft;
      if (!isDatatype(datatype))
        throw requestError(`input '${name}' has the unknown datatype '${datatype.slice(0, 32)}'`);
      if (!Number.isSafeInteger(elementCount(shape)))
        throw requestError(`input '${name}': its shape ${printShape(shape)} is too large`);
      const data = rawCount > 0 ? this.rawData(draft, datatype, i) : this.typedData(draft, datatype);
      return { name, datatype, shape, data, ...(parameters && { parameters }) };
    });
  }

  private rawData(draft: Draft, datatype: InferTensor['datatype'], index: number): InferTensor['data'] {
    const { name, shape, contents } = draft;
    if (contents)
      throw requestError(
        `contents field must not be specified when using raw_input_contents for '${name}' for model '${this.model}'`,
      );
    if (2 * index >= this.raw.length) throw this.withoutData(name);
    const start = this.raw[2 * index]!;
    const end = this.raw[2 * index + 1]!;
    if (datatype === 'BYTES') this.charge(draft, Math.floor((end - start) / 4) * STRING_BYTES);
    return rawValues(name, datatype, shape, this.message.subarray(start, end));
  }

  private typedData(draft: Draft, datatype: InferTensor['datatype']): InferTensor['data'] {
    const { name, shape, contents } = draft;
    const { model, reader } = this;
    // No values at all need no contents.
    if (!contents && elementCount(shape) > 0) throw this.withoutData(name);
    if (!contents) return rawValues(name, datatype, shape, EMPTY);
    const bytesEach = BYTES_OF[datatype] || STRING_BYTES;
    return typedValues(reader, { name, datatype, model, spans: contents }, (count) =>
      this.charge(draft, count * bytesEach),
    );
  }

  private withoutData(name: string): Error {
    return requestError(`unable to find data for input tensor '${name}' for model '${this.model}' in request.`);
  }

  private count(): void {
    if (++this.parts <= MAX_PARTS) return;
    throw oipError(
      'OIP_ERR_TOO_LARGE',
      `the request has more than ${MAX_PARTS} inputs, outputs, parameters and contents together`,
    );
  }

  private charge({ name, shape }: Draft, bytes: number): void {
    this.bytesLeft -= bytes;
    if (this.bytesLeft >= 0) return;
    throw oipError(
      'OIP_ERR_TOO_LARGE',
      `input '${name}' of shape ${printShape(shape)} does not fit into what one request may take in memory: send fewer rows, or raise grpc.maxDecodedBytes`,
    );
  }
}
