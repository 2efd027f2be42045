import { LENGTH, FIXED64, VARINT, type WireReader } from '../../wire/wire-reader.js';
import { wholeOf } from '../../wire/decode-message.js';
import type { Parameter, Parameters } from '../infer-types.js';
import { oipError } from '../oip.errors.js';
import { requestError } from './malformed.js';

const KEY = 1 * 8 + LENGTH;
const VALUE = 2 * 8 + LENGTH;
const BOOL = 1 * 8 + VARINT;
const INT64 = 2 * 8 + VARINT;
const STRING = 3 * 8 + LENGTH;
const DOUBLE = 4 * 8 + FIXED64;
const UINT64 = 5 * 8 + VARINT;
const NAME_CHARS = 64;

export type MutableParameters = Record<string, Parameter>;

/**
 * Reads the next entry of a `map<string, InferParameter>`; gives the map. Whole numbers that a number cannot hold come as bigint.
 * @throws {OIP_ERR_REQUEST} for an entry without a value.
 * @throws {OIP_ERR_UNSUPPORTED} for shared memory.
 */
export function readParameter(reader: WireReader, into: Parameters | undefined): MutableParameters {
  const parameters = (into as MutableParameters | undefined) ?? (Object.create(null) as MutableParameters);
  const outer = reader.limit;
  const end = (reader.limit = reader.block());
  let name = '';
  let value: Parameter | undefined;
  while (reader.pos < end) {
    const tag = reader.tag();
    if (tag === KEY) name = textOf(reader);
    else if (tag === VALUE) value = choiceOf(reader, value);
    else reader.skip(tag);
  }
  reader.limit = outer;
  if (value === undefined) throw requestError(`parameter '${name.slice(0, NAME_CHARS)}' has no value`);
  if (name.startsWith('shared_memory_'))
    throw oipError('OIP_ERR_UNSUPPORTED', `parameter '${name.slice(0, NAME_CHARS)}': shared memory is not supported`);
  parameters[name] = value;
  return parameters;
}

/** The last member of the oneof counts. */
function choiceOf(reader: WireReader, before: Parameter | undefined): Parameter | undefined {
  const outer = reader.limit;
  const end = (reader.limit = reader.block());
  let value = before;
  while (reader.pos < end) {
    const tag = reader.tag();
    switch (tag) {
      case BOOL:
        reader.varint();
        value = (reader.lo | reader.hi) !== 0;
        break;
      case INT64:
        reader.varint();
        value = wholeOf(reader);
        break;
      case UINT64:
        reader.varint();
        value = unsignedOf(reader);
        break;
      case STRING:
        value = textOf(reader);
        break;
      case DOUBLE:
        value = reader.double();
        break;
      default:
        reader.skip(tag);
    }
  }
  reader.limit = outer;
  return value;
}

function unsignedOf({ lo, hi }: WireReader): number | bigint {
  const number = (hi >>> 0) * 0x1_0000_0000 + (lo >>> 0);
  return Number.isSafeInteger(number) ? number : (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}

/** Reads a string. */
export function textOf(reader: WireReader): string {
  const start = reader.text();
  return reader.bytes.toString('utf8', start, reader.pos);
}
