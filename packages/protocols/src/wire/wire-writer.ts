const FIRST_BYTES = 1024;
/** A buffer that grew beyond this is given back after the message that needed it. */
const KEPT_BYTES = 65_536;
const MAX_VARINT_BYTES = 10;
const TWO_TO_32 = 0x1_0000_0000;

/** Writes protobuf messages front to back into one buffer that grows. Tags are numbers as they stand on the wire. */
export class WireWriter {
  private bytes = Buffer.allocUnsafe(FIRST_BYTES);
  private at = 0;

  /** How much has been written. */
  get length(): number {
    return this.at;
  }

  /** Forgets what was written. */
  reset(): void {
    this.at = 0;
    if (this.bytes.length > KEPT_BYTES) this.bytes = Buffer.allocUnsafe(FIRST_BYTES);
  }

  /** A whole number from 0 to 2^53. */
  varint(value: number): void {
    this.reserve(MAX_VARINT_BYTES);
    let rest = value;
    for (; rest >= TWO_TO_32; rest = Math.floor(rest / 128)) this.bytes[this.at++] = (rest % 128) | 0x80;
    for (rest >>>= 0; rest >= 0x80; rest >>>= 7) this.bytes[this.at++] = (rest & 0x7f) | 0x80;
    this.bytes[this.at++] = rest;
  }

  /** A whole number of 64 bits; negative ones take ten bytes. */
  integer(value: number | bigint): void {
    if (typeof value === 'number' && value >= 0) return this.varint(value);
    this.reserve(MAX_VARINT_BYTES);
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest >= 0x80n; rest >>= 7n) this.bytes[this.at++] = Number(rest & 0x7fn) | 0x80;
    this.bytes[this.at++] = Number(rest);
  }

  double(value: number): void {
    this.reserve(8);
    this.at = this.bytes.writeDoubleLE(value, this.at);
  }

  text(tag: number, value: string): void {
    const length = Buffer.byteLength(value);
    this.varint(tag);
    this.varint(length);
    this.reserve(length);
    this.at += this.bytes.write(value, this.at, length, 'utf8');
  }

  block(tag: number, value: Uint8Array): void {
    this.varint(tag);
    this.varint(value.length);
    this.reserve(value.length);
    this.bytes.set(value, this.at);
    this.at += value.length;
  }

  /** Begins a nested message or packed list; what is given is for {@link close}. */
  open(tag: number): number {
    this.varint(tag);
    this.reserve(1);
    this.at++;
    return this.at;
  }

  /** Ends it. Its length stands before it; one that needs more than one byte moves the content. */
  close(start: number): void {
    const length = this.at - start;
    if (length < 0x80) {
      this.bytes[start - 1] = length;
      return;
    }
    const extra = varintBytes(length) - 1;
    this.reserve(extra);
    this.bytes.copyWithin(start + extra, start, this.at);
    this.at = start - 1;
    this.varint(length);
    this.at += length;
  }

  /** A buffer of the message's own, with room before and after it. */
  copy(before = 0, after = 0): Buffer {
    const out = Buffer.allocUnsafe(before + this.at + after);
    this.bytes.copy(out, before, 0, this.at);
    return out;
  }

  private reserve(count: number): void {
    const needed = this.at + count;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.bytes.length));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
  }
}

/** How many bytes a length takes. */
export function varintBytes(length: number): number {
  let count = 1;
  for (let rest = length >>> 7; rest !== 0; rest >>>= 7) count++;
  return count;
}

/** Writes a length into a buffer; gives where it ends. */
export function putVarint(out: Buffer, at: number, value: number): number {
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) out[at++] = (rest & 0x7f) | 0x80;
  out[at++] = rest;
  return at;
}
