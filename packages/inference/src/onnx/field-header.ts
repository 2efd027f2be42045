/** Where a field of a protobuf message lies: its payload is from {@link from} to before {@link to}. */
export interface FieldHeader {
  readonly number: number;
  readonly wireType: number;
  readonly from: number;
  readonly to: number;
}

/** A tag and a length, each of at most ten bytes. */
export const MAX_HEADER_BYTES = 20;

const START_GROUP = 3;
const END_GROUP = 4;

/**
 * The field that begins at `at`, relative to `bytes`; its payload may go on beyond them. A group's payload, which has
 * no length, is empty: what is in it follows as fields of its own, up to an END_GROUP, which is one too.
 * @throws {RangeError} when it is no protobuf
 */
export function readHeader(bytes: Uint8Array, at: number): FieldHeader {
  const tag = readVarint(bytes, at);
  const wireType = tag.value % 8;
  const number = Math.floor(tag.value / 8);
  if (number === 0) throw new RangeError('not a protobuf message: field number 0');
  const header = (from: number, length: number): FieldHeader => ({ number, wireType, from, to: from + length });
  if (wireType === 0) return header(tag.end, readVarint(bytes, tag.end).end - tag.end);
  if (wireType === 1) return header(tag.end, 8);
  if (wireType === 5) return header(tag.end, 4);
  if (wireType === START_GROUP || wireType === END_GROUP) return header(tag.end, 0);
  if (wireType !== 2) throw new RangeError(`not a protobuf message: wire type ${wireType}`);
  const length = readVarint(bytes, tag.end);
  return header(length.end, length.value);
}

function readVarint(bytes: Uint8Array, at: number): { value: number; end: number } {
  let value = 0;
  for (let i = 0; i < 10 && at + i < bytes.length; i++) {
    const byte = bytes[at + i]!;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, end: at + i + 1 };
  }
  throw new RangeError('not a protobuf message: a varint does not end');
}

/** How deep in groups one is after this field. Groups are unknown fields to onnx.proto: what is in them means nothing. */
export function groupDepth(depth: number, { wireType }: FieldHeader): number {
  return wireType === START_GROUP ? depth + 1 : wireType === END_GROUP ? depth - 1 : depth;
}
