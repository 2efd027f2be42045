/**
 * Just enough of the protobuf wire format to look into an ONNX file and to replace parts of it. Parts that nobody
 * looks at are copied as bytes, so nothing that this reader does not know is lost.
 */
export interface Field {
  readonly number: number;
  /** The value of a varint field; -1 for others. Exact up to 2^53. */
  readonly varint: number;
  /** The payload of a length-delimited field; empty for others. */
  readonly bytes: Uint8Array;
  /** Tag and payload, for copying. */
  readonly whole: Uint8Array;
}

const NOTHING: Uint8Array = new Uint8Array(0);

class Cursor {
  at = 0;
  constructor(readonly bytes: Uint8Array) {}

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= this.bytes.length) break;
      const byte = this.bytes[this.at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('not a protobuf message: a varint does not end');
  }

  skip(count: number): void {
    this.at += count;
    if (this.at > this.bytes.length) throw new RangeError('not a protobuf message: it ends inside a field');
  }
}

function readField(cursor: Cursor): Field {
  const start = cursor.at;
  const tag = cursor.varint();
  const wireType = tag % 8;
  let varint = -1;
  let bytes: Uint8Array = NOTHING;
  if (wireType === 0) varint = cursor.varint();
  else if (wireType === 1) cursor.skip(8);
  else if (wireType === 5) cursor.skip(4);
  else if (wireType === 2) {
    const length = cursor.varint();
    const from = cursor.at;
    cursor.skip(length);
    bytes = cursor.bytes.subarray(from, cursor.at);
  } else throw new RangeError(`not a protobuf message: wire type ${wireType}`);
  return { number: Math.floor(tag / 8), varint, bytes, whole: cursor.bytes.subarray(start, cursor.at) };
}

/**
 * The fields of a message, in order.
 * @throws {RangeError} when the bytes are no protobuf message.
 */
export function readFields(message: Uint8Array): Field[] {
  const cursor = new Cursor(message);
  const fields: Field[] = [];
  while (cursor.at < message.length) fields.push(readField(cursor));
  return fields;
}

/** The payload of the first field with that number. */
export function findBytes(fields: readonly Field[], number: number): Uint8Array | undefined {
  return fields.find((field) => field.number === number)?.bytes;
}

/** The texts of every field with that number. */
export function findTexts(fields: readonly Field[], number: number): string[] {
  return fields.filter((field) => field.number === number).map((field) => textOf(field.bytes));
}

export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function varintBytes(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return bytes;
}

/** A varint field. */
export function writeVarint(number: number, value: number): Uint8Array {
  return Uint8Array.from([...varintBytes(number * 8), ...varintBytes(value)]);
}

/** A length-delimited field around `parts`. */
export function writeBytes(number: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([Uint8Array.from([...varintBytes(number * 8 + 2), ...varintBytes(length)]), ...parts]);
}

export function writeText(number: number, text: string): Uint8Array {
  return writeBytes(number, Buffer.from(text, 'utf8'));
}
