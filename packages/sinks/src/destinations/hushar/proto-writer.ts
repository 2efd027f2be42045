/** Protobuf's wire types. */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

/** Writes protobuf fields into a buffer that grows. */
export class ProtoWriter {
  private buffer = Buffer.allocUnsafe(4096);
  private at = 0;

  bytes(): Buffer {
    return Buffer.from(this.buffer.subarray(0, this.at));
  }

  /** A text; none for an empty one, as proto3 has it outside of a oneof. */
  text(field: number, value: string, always = false): void {
    if (value === '' && !always) return;
    const length = Buffer.byteLength(value);
    this.prefix(field, LENGTH, length);
    this.at += this.buffer.write(value, this.at, length, 'utf8');
  }

  double(field: number, value: number): void {
    this.tag(field, FIXED64, 8);
    this.at = this.buffer.writeDoubleLE(value, this.at);
  }

  float(field: number, value: number): void {
    this.tag(field, FIXED32, 4);
    this.at = this.buffer.writeFloatLE(value, this.at);
  }

  /** int32 and int64: two's complement of 64 bits, as protobuf has it. */
  integer(field: number, value: number | bigint): void {
    this.tag(field, VARINT, 10);
    this.varint64(value);
  }

  packedDoubles(field: number, values: ArrayLike<number>): void {
    if (values.length === 0) return;
    this.prefix(field, LENGTH, 8 * values.length);
    for (let i = 0; i < values.length; i++) this.at = this.buffer.writeDoubleLE(values[i]!, this.at);
  }

  packedFloats(field: number, values: ArrayLike<number>): void {
    if (values.length === 0) return;
    this.prefix(field, LENGTH, 4 * values.length);
    for (let i = 0; i < values.length; i++) this.at = this.buffer.writeFloatLE(values[i]!, this.at);
  }

  packedIntegers(field: number, values: ArrayLike<number | bigint>): void {
    if (values.length === 0) return;
    this.message(field, () => {
      this.reserve(10 * values.length);
      for (let i = 0; i < values.length; i++) this.varint64(values[i]!);
    });
  }

  /** A message inside: written first, then moved to make room for its length. */
  message(field: number, write: () => void): void {
    this.tag(field, LENGTH, 5);
    const start = this.at;
    write();
    const length = this.at - start;
    const shift = lengthBytes(length);
    this.reserve(shift);
    this.buffer.copyWithin(start + shift, start, this.at);
    this.at = start;
    this.varint(length);
    this.at += length;
  }

  private prefix(field: number, wire: number, length: number): void {
    this.tag(field, wire, 5 + length);
    this.varint(length);
  }

  private tag(field: number, wire: number, more: number): void {
    this.reserve(5 + more);
    this.varint(field * 8 + wire);
  }

  private varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.buffer[this.at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.buffer[this.at++] = rest;
  }

  private varint64(value: number | bigint): void {
    if (typeof value === 'number' && value >= 0) return this.varint(value);
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest >= 0x80n) {
      this.buffer[this.at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.buffer[this.at++] = Number(rest);
  }

  private reserve(bytes: number): void {
    if (this.at + bytes <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.buffer.length, this.at + bytes));
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
  }
}

function lengthBytes(length: number): number {
  let count = 1;
  for (let rest = length; rest >= 0x80; rest = Math.floor(rest / 0x80)) count++;
  return count;
}
