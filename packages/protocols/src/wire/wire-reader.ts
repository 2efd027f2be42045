import { isUtf8 } from 'node:buffer';

/** The error of a protocol for bytes that are not a message: what is wrong, and at which byte. */
export type Malformed = (what: string, at: number) => Error;

export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH = 2;
const START_GROUP = 3;
const END_GROUP = 4;
export const FIXED32 = 5;

/** Groups within groups beyond this are refused: skipping them recurses. */
const MAX_DEPTH = 100;

/** A cursor over protobuf's wire form that checks everything. Nothing is read past `limit`. */
export class WireReader {
  pos = 0;
  limit: number;
  /** Halves of the last varint, as int32. */
  lo = 0;
  hi = 0;
  readonly view: DataView;

  constructor(
    readonly bytes: Buffer,
    private readonly malformed: Malformed,
  ) {
    this.limit = bytes.length;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Moves to the bytes between `start` and `end`. */
  open(start: number, end: number): this {
    this.pos = start;
    this.limit = end;
    return this;
  }

  /** A tag: at most five bytes, field numbers from 1. */
  tag(): number {
    const at = this.pos;
    const tag = this.uint32('a tag', 15);
    if (tag < 8) throw this.malformed('a field has the number 0', at);
    return tag;
  }

  /** Reads a length and gives the end of the block that follows. */
  block(): number {
    const at = this.pos;
    const end = this.uint32('a length', 7) + this.pos;
    if (end > this.limit) throw this.malformed('a length points past the end', at);
    return end;
  }

  /** Reads a varint of up to ten bytes into `lo` and `hi`. */
  varint(): void {
    const { bytes, limit } = this;
    let { pos } = this;
    let lo = 0;
    let hi = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (pos >= limit) throw this.malformed('a number is cut short', pos);
      const byte = bytes[pos++]!;
      const bits = byte & 0x7f;
      if (shift < 28) lo |= bits << shift;
      else if (shift === 28) {
        lo |= bits << 28;
        hi |= bits >> 4;
      } else hi |= bits << (shift - 32);
      if (byte >= 0x80) continue;
      this.pos = pos;
      this.lo = lo;
      this.hi = hi;
      return;
    }
    throw this.malformed('a number has more than ten bytes', pos);
  }

  float(): number {
    return this.view.getFloat32(this.advance(4), true);
  }

  double(): number {
    return this.view.getFloat64(this.advance(8), true);
  }

  /** Passes a text and gives where it begins; it ends at `pos`. */
  text(): number {
    const end = this.block();
    const start = this.pos;
    if (!isText(this.bytes, start, end)) throw this.malformed('a text is not UTF-8', start);
    this.pos = end;
    return start;
  }

  /** Passes the value of a field that is not known, or not of the type that its number has. */
  skip(tag: number, depth = 0): void {
    switch (tag & 7) {
      case VARINT:
        return this.varint();
      case FIXED64:
        this.advance(8);
        return;
      case LENGTH:
        this.pos = this.block();
        return;
      case START_GROUP:
        return this.skipGroup(tag >>> 3, depth);
      case FIXED32:
        this.advance(4);
        return;
      default:
        throw this.malformed(
          (tag & 7) === END_GROUP ? 'a group ends that never began' : 'an unknown wire type',
          this.pos,
        );
    }
  }

  /** A varint of at most 32 bits: five bytes, the last of them at most `maxFifth`. */
  private uint32(what: string, maxFifth: number): number {
    const at = this.pos;
    let value = 0;
    for (let count = 0; count < 5; count++) {
      if (this.pos >= this.limit) throw this.malformed(`${what} is cut short`, at);
      const byte = this.bytes[this.pos++]!;
      value |= (byte & 0x7f) << (7 * count);
      if (count === 4 && byte > maxFifth) break;
      if (byte < 0x80) return value >>> 0;
    }
    throw this.malformed(`${what} is too large`, at);
  }

  private advance(count: number): number {
    const at = this.pos;
    if (at + count > this.limit) throw this.malformed('a value is cut short', at);
    this.pos = at + count;
    return at;
  }

  private skipGroup(number: number, depth: number): void {
    if (depth >= MAX_DEPTH) throw this.malformed(`groups are nested more than ${MAX_DEPTH} deep`, this.pos);
    for (;;) {
      if (this.pos >= this.limit) throw this.malformed('a group is cut short', this.pos);
      const tag = this.tag();
      if ((tag & 7) !== END_GROUP) this.skip(tag, depth + 1);
      else if (tag >>> 3 === number) return;
      else throw this.malformed('a group ends with the wrong number', this.pos);
    }
  }
}

/** Up to here a loop over ASCII bytes beats the call into native code. */
const SHORT_TEXT = 24;

/** Whether the bytes are UTF-8. */
export function isText(bytes: Buffer, start: number, end: number): boolean {
  if (end - start <= SHORT_TEXT) {
    let at = start;
    while (at < end && bytes[at]! < 0x80) at++;
    if (at === end) return true;
  }
  return isUtf8(bytes.subarray(start, end));
}
