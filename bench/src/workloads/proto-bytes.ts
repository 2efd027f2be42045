/** Just enough of protobuf's wire format to write requests and models without a library. */

const VARINT = 0;
const LENGTH = 2;
const FIXED32 = 5;

export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

const tag = (field: number, type: number): Buffer => varint(field * 8 + type);

export const integer = (field: number, value: number): Buffer => Buffer.concat([tag(field, VARINT), varint(value)]);

/** The head of a length-delimited field whose `bytes` bytes follow. */
export const head = (field: number, bytes: number): Buffer => Buffer.concat([tag(field, LENGTH), varint(bytes)]);

export function block(field: number, ...parts: readonly (Buffer | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
  return Buffer.concat([head(field, body.length), body]);
}

export function float(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([tag(field, FIXED32), bytes]);
}

export function packedFloats(field: number, values: ArrayLike<number>): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (let i = 0; i < values.length; i++) bytes.writeFloatLE(values[i]!, i * 4);
  return block(field, bytes);
}

/** A message as gRPC sends it: not compressed, its length, then itself. */
export function grpcFrame(message: Buffer): Buffer {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  message.copy(frame, 5);
  return frame;
}
