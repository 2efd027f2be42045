/** Messages up to this size are copied out, so that the scratch buffer is used again. */
const COPY_BYTES = 16 * 1024;
const SCRATCH_BYTES = 32 * 1024;
const SHORT_TEXT = 32;

/**
 * Writes a protobuf message from its end to its start: the length of a nested message is known once it is written,
 * so nothing is measured beforehand. Write the last field first.
 */
export class ProtoWriter {
  private bytes = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  private view = new DataView(this.bytes.buffer);
  private pos = SCRATCH_BYTES;

  /** Bytes written so far. */
  get length(): number {
    return this.bytes.length - this.pos;
  }

  /** The message; the writer is empty again. */
  finish(): Buffer {
    const message = this.bytes.subarray(this.pos);
    if (message.length <= COPY_BYTES) {
      this.pos = this.bytes.length;
      return Buffer.from(message);
    }
    this.bytes = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
    this.view = new DataView(this.bytes.buffer);
    this.pos = SCRATCH_BYTES;
    return message;
  }

  /** Forgets what was written, after an error. */
  reset(): void {
    this.pos = this.bytes.length;
  }

  /**
   * Makes room for `count` more bytes and moves the cursor there. `bytes` and `view` may be others afterwards: call it
   * before either is named in an expression.
   */
  private back(count: number): number {
    if (count > this.pos) this.grow(count);
    return (this.pos -= count);
  }

  private grow(count: number): void {
    const { length } = this;
    const bytes = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, length + count + SCRATCH_BYTES));
    this.bytes.copy(bytes, bytes.length - length, this.pos);
    this.pos = bytes.length - length;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }

  /** A varint of an unsigned 32-bit number: lengths, tags, uint32. */
  uint32(value: number): void {
    if (value < 0x80) {
      const at = this.back(1);
      this.bytes[at] = value;
      return;
    }
    const count = value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5;
    let at = this.back(count);
    for (let left = count; left > 1; left--) {
      this.bytes[at++] = (value & 0x7f) | 0x80;
      value >>>= 7;
    }
    this.bytes[at] = value;
  }

  int32(value: number): void {
    if (value >= 0) this.uint32(value);
    else this.varint64(value, -1);
  }

  /** A varint of the 64 bits whose halves are `lo` and `hi`. */
  varint64(lo: number, hi: number): void {
    if (hi === 0) return this.uint32(lo >>> 0);
    let count = 5;
    for (let rest = hi >>> 3; rest !== 0; rest >>>= 7) count++;
    let at = this.back(count);
    for (let left = count; left > 1; left--) {
      this.bytes[at++] = (lo & 0x7f) | 0x80;
      lo = ((lo >>> 7) | (hi << 25)) >>> 0;
      hi >>>= 7;
    }
    this.bytes[at] = lo & 0x7f;
  }

  float(value: number): void {
    const at = this.back(4);
    this.view.setFloat32(at, value, true);
  }

  double(value: number): void {
    const at = this.back(8);
    this.view.setFloat64(at, value, true);
  }

  /** UTF-8 text with its length before it; half a surrogate pair becomes U+FFFD. */
  string(text: string): void {
    if (text.length <= SHORT_TEXT && this.ascii(text)) return;
    const count = Buffer.byteLength(text, 'utf8');
    const at = this.back(count);
    this.bytes.write(text, at, count, 'utf8');
    this.uint32(count);
  }

  private ascii(text: string): boolean {
    const { length } = text;
    const at = this.back(length);
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) {
        this.pos += length;
        return false;
      }
      this.bytes[at + i] = code;
    }
    this.uint32(length);
    return true;
  }

  /** Bytes with their length before them. */
  block(bytes: Uint8Array): void {
    this.raw(bytes);
    this.uint32(bytes.length);
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): void {
    const at = this.back(bytes.length);
    this.bytes.set(bytes, at);
  }
}
