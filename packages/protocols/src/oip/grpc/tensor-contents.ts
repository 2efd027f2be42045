import { FIXED32, FIXED64, isText, LENGTH, VARINT, type WireReader } from '../../wire/wire-reader.js';
import type { Datatype, InferTensor } from '../infer-types.js';
import { oipError } from '../oip.errors.js';
import { malformed } from './malformed.js';

/** The lists of InferTensorContents by number: what one value is on the wire, and what Triton calls it. */
const LISTS = [
  undefined,
  { wire: VARINT, type: 'BOOL' },
  { wire: VARINT, type: 'INT32' },
  { wire: VARINT, type: 'INT64' },
  { wire: VARINT, type: 'UINT32' },
  { wire: VARINT, type: 'UINT64' },
  { wire: FIXED32, type: 'FP32' },
  { wire: FIXED64, type: 'FP64' },
  { wire: LENGTH, type: 'BYTES' },
] as const;

/** In which list a datatype's values are; 0: in none. */
const LIST_OF: Readonly<Record<Datatype, number>> = {
  BOOL: 1,
  INT8: 2,
  INT16: 2,
  INT32: 2,
  INT64: 3,
  UINT8: 4,
  UINT16: 4,
  UINT32: 4,
  UINT64: 5,
  FP32: 6,
  FP64: 7,
  BYTES: 8,
  FP16: 0,
  BF16: 0,
};

/** An input whose values stand in `contents`. */
export interface TypedInput {
  readonly name: string;
  readonly datatype: Datatype;
  readonly model: string;
  /** Start and end of each piece of `contents` in the message: protobuf joins them. */
  readonly spans: readonly number[];
}

/**
 * The values of `contents`, packed or not, as typed arrays; BYTES as text.
 * @param charge is told how many there are before they take memory.
 * @throws {OIP_ERR_INPUT} for values of another type than the datatype, or outside of its range.
 */
export function typedValues(
  reader: WireReader,
  input: TypedInput,
  charge: (count: number) => void,
): InferTensor['data'] {
  const { spans } = input;
  let count = 0;
  for (let i = 0; i < spans.length; i += 2) count += countIn(reader.open(spans[i]!, spans[i + 1]!), input);
  charge(count);
  const values = VALUES[input.datatype](count, input);
  let at = 0;
  for (let i = 0; i < spans.length; i += 2) at = fill(reader.open(spans[i]!, spans[i + 1]!), input, values, at);
  return values.data;
}

/** Where values go, one by one. */
interface Values {
  readonly data: InferTensor['data'];
  /** Reads one. */
  put(reader: WireReader, at: number): void;
}

function countIn(reader: WireReader, input: TypedInput): number {
  const wanted = LIST_OF[input.datatype];
  let count = 0;
  while (reader.pos < reader.limit) {
    const tag = reader.tag();
    const list = tag >>> 3;
    const { wire } = LISTS[list] ?? {};
    if (wire === undefined || ((tag & 7) !== wire && (tag & 7) !== LENGTH)) {
      reader.skip(tag);
      continue;
    }
    const found = (tag & 7) === wire ? countOne(reader, tag) : countPacked(reader, wire);
    if (list === wanted) count += found;
    else if (found > 0) throw wrongList(input, list);
  }
  return count;
}

function countOne(reader: WireReader, tag: number): number {
  reader.skip(tag);
  return 1;
}

function countPacked(reader: WireReader, wire: number): number {
  const end = reader.block();
  const start = reader.pos;
  reader.pos = end;
  const size = wire === FIXED32 ? 4 : 8;
  if (wire !== VARINT) {
    if ((end - start) % size !== 0) throw malformed('a value is cut short', end);
    return (end - start) / size;
  }
  const { bytes } = reader;
  let count = 0;
  for (let at = start; at < end; at++) if (bytes[at]! < 0x80) count++;
  if (end > start && bytes[end - 1]! >= 0x80) throw malformed('a number is cut short', end);
  return count;
}

/** Its bytes were checked when they were counted, but for numbers that are too long. */
function fill(reader: WireReader, { datatype }: TypedInput, values: Values, from: number): number {
  const list = LIST_OF[datatype];
  const { wire } = LISTS[list] ?? {};
  let at = from;
  while (reader.pos < reader.limit) {
    const tag = reader.tag();
    if (tag >>> 3 !== list) reader.skip(tag);
    else if ((tag & 7) === wire) values.put(reader, at++);
    else if ((tag & 7) !== LENGTH) reader.skip(tag);
    else {
      const end = reader.block();
      if (wire !== VARINT) at = copyPacked(reader, end, values.data as Float32Array, at);
      else while (reader.pos < end) values.put(reader, at++);
    }
  }
  return at;
}

function copyPacked(reader: WireReader, end: number, data: Float32Array | Float64Array, at: number): number {
  const size = data.BYTES_PER_ELEMENT;
  new Uint8Array(data.buffer, data.byteOffset).set(reader.bytes.subarray(reader.pos, end), at * size);
  const count = (end - reader.pos) / size;
  reader.pos = end;
  return at + count;
}

/** Whole numbers of at most 32 bits. */
function numbers(
  data: Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Uint32Array,
  { name, datatype }: TypedInput,
): Values {
  const isUnsigned = datatype.startsWith('U');
  return {
    data,
    put(reader, at) {
      reader.varint();
      const value = isUnsigned ? reader.lo >>> 0 : reader.lo;
      data[at] = value;
      if (data[at] !== value)
        throw oipError('OIP_ERR_INPUT', `input '${name}': value ${at} is ${value}, which is no ${datatype}`);
    },
  };
}

function flags(count: number): Values {
  const data = new Uint8Array(count);
  return {
    data,
    put(reader, at) {
      reader.varint();
      data[at] = (reader.lo | reader.hi) === 0 ? 0 : 1;
    },
  };
}

function halves(data: BigInt64Array | BigUint64Array): Values {
  const words = new Int32Array(data.buffer);
  return {
    data,
    put(reader, at) {
      reader.varint();
      words[2 * at] = reader.lo;
      words[2 * at + 1] = reader.hi;
    },
  };
}

function floats(data: Float32Array | Float64Array): Values {
  const isSingle = data instanceof Float32Array;
  return { data, put: (reader, at) => void (data[at] = isSingle ? reader.float() : reader.double()) };
}

function texts(count: number, { name }: TypedInput): Values {
  const data = new Array<string>(count);
  return {
    data,
    put(reader, at) {
      const end = reader.block();
      const { bytes, pos } = reader;
      if (!isText(bytes, pos, end))
        throw oipError(
          'OIP_ERR_INPUT',
          `input '${name}': value ${at} is not UTF-8: models here take text, and other bytes cannot be given to them`,
        );
      data[at] = bytes.toString('utf8', pos, end);
      reader.pos = end;
    },
  };
}

const VALUES: Readonly<Record<Datatype, (count: number, input: TypedInput) => Values>> = {
  BOOL: flags,
  INT8: (count, input) => numbers(new Int8Array(count), input),
  INT16: (count, input) => numbers(new Int16Array(count), input),
  INT32: (count, input) => numbers(new Int32Array(count), input),
  INT64: (count) => halves(new BigInt64Array(count)),
  UINT8: (count, input) => numbers(new Uint8Array(count), input),
  UINT16: (count, input) => numbers(new Uint16Array(count), input),
  UINT32: (count, input) => numbers(new Uint32Array(count), input),
  UINT64: (count) => halves(new BigUint64Array(count)),
  FP32: (count) => floats(new Float32Array(count)),
  FP64: (count) => floats(new Float64Array(count)),
  BYTES: texts,
  // No list is theirs, so there is nothing to put.
  FP16: (count, input) => numbers(new Uint16Array(count), input),
  BF16: (count, input) => numbers(new Uint16Array(count), input),
};

function wrongList({ name, model, datatype }: TypedInput, list: number): Error {
  const hint = LIST_OF[datatype] === 0 ? `; ${datatype} is sent in raw_input_contents` : '';
  return oipError(
    'OIP_ERR_INPUT',
    `unexpected explicit tensor data for input tensor '${name}' for model '${model}' of type '${LISTS[list]!.type}', expected datatype '${datatype}'${hint}`,
  );
}
