import { isUtf8 } from 'node:buffer';
import { END_GROUP, FIXED32, FIXED64, LENGTH, START_GROUP, VARINT } from '../proto/scalar-type.js';
import { malformed } from './malformed.js';

/** Groups within groups beyond this are refused: skipping them recurses. */
const MAX_DEPTH = 100;
/** Up to here a loop over ASCII bytes beats the call into native code. */
const SHORT_TEXT = 24;

/**
 * A cursor over the bytes of one protobuf message. Nothing is read past `limit`; every malformed byte sequence gives
 * CORE_ERR_PROTO_MALFORMED. The low and high half of a 64-bit value come in `lo` and `hi` (as int32), so that no
 * bigint is made.
 */
export class ProtoReader {
  pos = 0;
  limit: number;
  lo = 0;
  hi = 0;
  private readonly view: DataView;

  constructor(readonly bytes: Buffer) {
    this.limit = bytes.length;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** A varint's low 32 bits, as a signed number. */
  int32(): number {
    if (this.pos < this.limit) {
      const byte = this.bytes[this.pos]!;
      if (byte < 0x80) {
        this.pos++;
        return byte;
      }
    }
    this.varint64();
    return this.lo;
  }

  bool(): number {
    this.varint64();
    return (this.lo | this.hi) === 0 ? 0 : 1;
  }

  /** Reads a varint of up to ten bytes into `lo` and `hi`. */
  varint64(): void {
    const { bytes, limit } = this;
    let { pos } = this;
    let lo = 0;
    let hi = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (pos >= limit) throw malformed('a number is cut short', pos);
      const byte = bytes[pos++]!;
      const bits = byte & 0x7f;
      if (shift < 28) lo |= bits << shift;
      else if (shift === 28) {
        lo |= bits << 28;
        hi |= bits >> 4;
      } else if (shift < 63) hi |= bits << (shift - 32);
      else hi |= bits << 31;
      if (byte < 0x80) {
        this.pos = pos;
        this.lo = lo;
        this.hi = hi;
        return;
      }
    }
    throw malformed('a number has more than ten bytes', pos);
  }

  float(): number {
    const at = this.pos;
    if (at + 4 > this.limit) throw malformed('a float is cut short', at);
    this.pos = at + 4;
    return this.view.getFloat32(at, true);
  }

  double(): number {
    const at = this.pos;
    if (at + 8 > this.limit) throw malformed('a double is cut short', at);
    this.pos = at + 8;
    return this.view.getFloat64(at, true);
  }

  /** Reads a length and gives the end of the block that follows. */
  block(): number {
    const at = this.pos;
    const length = this.int32();
    const end = this.pos + length;
    if (length < 0 || end > this.limit) throw malformed('a length points past the end', at);
    return end;
  }

  string(): string {
    const end = this.block();
    const start = this.pos;
    this.pos = end;
    const { bytes } = this;
    if (end - start <= SHORT_TEXT) {
      let text = '';
      let at = start;
      for (; at < end && bytes[at]! < 0x80; at++) text += String.fromCharCode(bytes[at]!);
      if (at === end) return text;
    }
    if (!isUtf8(bytes.subarray(start, end))) throw malformed('a string is not UTF-8', start);
    return bytes.toString('utf8', start, end);
  }

  /** A copy: the message's own bytes may be reused once the call is over. */
  copyBytes(): Uint8Array {
    const end = this.block();
    const copy = new Uint8Array(end - this.pos);
    copy.set(this.bytes.subarray(this.pos, end));
    this.pos = end;
    return copy;
  }

  /** The next tag, as an unsigned number; field number 0 is malformed. */
  tag(): number {
    const at = this.pos;
    const tag = this.int32() >>> 0;
    if (tag < 8) throw malformed('a field has the number 0', at);
    return tag;
  }

  /** Skips the value of a field that the schema does not know. */
  skip(tag: number, depth = 0): void {
    const at = this.pos;
    switch (tag & 7) {
      case VARINT:
        return this.varint64();
      case FIXED64:
        return this.advance(8);
      case LENGTH:
        this.pos = this.block();
        return;
      case START_GROUP:
        return this.skipGroup(tag >>> 3, depth);
      case FIXED32:
        return this.advance(4);
      default:
        throw malformed((tag & 7) === END_GROUP ? 'a group ends that never began' : 'an unknown wire type', at);
    }
  }

  private advance(count: number): void {
    if (this.pos + count > this.limit) throw malformed('a value is cut short', this.pos);
    this.pos += count;
  }

  private skipGroup(number: number, depth: number): void {
    if (depth >= MAX_DEPTH) throw malformed(`groups are nested more than ${MAX_DEPTH} deep`, this.pos);
    for (;;) {
      if (this.pos >= this.limit) throw malformed('a group is cut short', this.pos);
      const tag = this.tag();
      if ((tag & 7) !== END_GROUP) this.skip(tag, depth + 1);
      else if (tag >>> 3 === number) return;
      else throw malformed('a group ends with the wrong number', this.pos);
    }
  }
}
