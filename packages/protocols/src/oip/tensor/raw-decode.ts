import { isUtf8 } from 'node:buffer';
import type { TensorData } from '@witan/inference';
import type { Datatype } from '../infer-types.js';
import { oipError } from '../oip.errors.js';
import { BYTES_OF, elementCount, printShape } from './datatype.js';

const ARRAYS = {
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP16: Uint16Array,
  BF16: Uint16Array,
  FP32: Float32Array,
  FP64: Float64Array,
} as const;

/**
 * A tensor's values from the binary form of both transports: little-endian, row-major, BYTES as four bytes of length
 * before each value. Gives a view of `bytes` where they are aligned for it, otherwise a copy.
 * @throws {OIP_ERR_INPUT} when the bytes are not as many as the shape needs, or text is not UTF-8.
 */
export function rawValues(name: string, datatype: Datatype, shape: readonly number[], bytes: Uint8Array): TensorData {
  if (datatype === 'BYTES') return texts(name, shape, bytes);
  const expected = elementCount(shape) * BYTES_OF[datatype];
  if (bytes.byteLength !== expected) {
    throw oipError(
      'OIP_ERR_INPUT',
      `input byte size mismatch for input '${name}': expected ${expected} bytes for ${datatype} ${printShape(shape)}, got ${bytes.byteLength}`,
    );
  }
  switch (datatype) {
    case 'UINT8':
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    case 'BOOL':
      return flags(bytes);
    case 'INT8':
      return new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  const Values = ARRAYS[datatype];
  const length = bytes.byteLength / Values.BYTES_PER_ELEMENT;
  if (bytes.byteOffset % Values.BYTES_PER_ELEMENT === 0)
    return new Values(bytes.buffer as ArrayBuffer, bytes.byteOffset, length);
  const copy = Buffer.allocUnsafeSlow(bytes.byteLength);
  copy.set(bytes);
  return new Values(copy.buffer as ArrayBuffer, 0, length);
}

/** The bytes as they are, unless some flag is set by another bit pattern than 1. */
function flags(bytes: Uint8Array): Uint8Array {
  for (let i = 0; i < bytes.length; i++) if (bytes[i]! > 1) return Uint8Array.from(bytes, (byte) => (byte ? 1 : 0));
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function texts(name: string, shape: readonly number[], bytes: Uint8Array): string[] {
  const count = elementCount(shape);
  const wrong = (why: string): Error => oipError('OIP_ERR_INPUT', `input '${name}': ${why}`);
  if (count * 4 > bytes.byteLength)
    throw wrong(
      `its ${bytes.byteLength} bytes cannot hold the ${count} values of BYTES ${printShape(shape)}, each with 4 bytes of length`,
    );
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = new Array<string>(count);
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 4 > buffer.length) throw wrong(`value ${i} of ${count} has no length: the bytes end before it`);
    const length = buffer.readUInt32LE(at);
    at += 4;
    if (length > buffer.length - at)
      throw wrong(`value ${i} says that it has ${length} bytes, and only ${buffer.length - at} are left`);
    out[i] = text(buffer, at, at + length, i, wrong);
    at += length;
  }
  if (at < buffer.length) throw wrong(`${buffer.length - at} bytes are left after its ${count} values`);
  return out;
}

function text(buffer: Buffer, start: number, end: number, index: number, wrong: (why: string) => Error): string {
  const decoded = buffer.toString('utf8', start, end);
  // What does not decode becomes U+FFFD; only then is it worth a look at the bytes.
  if (decoded.includes('\ufffd') && !isUtf8(buffer.subarray(start, end))) {
    throw wrong(`value ${index} is not UTF-8: models here take text, and other bytes cannot be given to them`);
  }
  return decoded;
}

/** BYTES that a transport left as bytes, as text. @throws {OIP_ERR_INPUT} for what is not UTF-8. */
export function textsOfBytes(name: string, values: readonly Uint8Array[]): string[] {
  const wrong = (why: string): Error => oipError('OIP_ERR_INPUT', `input '${name}': ${why}`);
  return values.map((value, i) => {
    const buffer = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    return text(buffer, 0, buffer.length, i, wrong);
  });
}
