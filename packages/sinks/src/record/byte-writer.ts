const START_BYTES = 4_096;
/** Longer strings are left to Buffer; shorter ones are quicker by hand while they are ASCII. */
const SHORT = 48;

/** Thrown inside the encoder; callers see it as a record that is too large. */
export class TooLarge extends Error {
  constructor(readonly maxBytes: number) {
    super(`more than ${maxBytes} bytes`);
  }
}

/** A growing buffer, reused from batch to batch: numbers little-endian, lengths as LEB128, strings as UTF-8. */
export class ByteWriter {
  at = 0;
  buffer: Buffer = Buffer.allocUnsafeSlow(START_BYTES);
  private view = new DataView(this.buffer.buffer, this.buffer.byteOffset, this.buffer.byteLength);
  /** {@link at} may not go beyond it. */
  limit = Infinity;

  /** Makes room for `bytes` more. @throws TooLarge beyond {@link limit} */
  need(bytes: number): void {
    const wanted = this.at + bytes;
    if (wanted <= this.buffer.length) return;
    if (wanted > this.limit) throw new TooLarge(this.limit);
    const grown = Buffer.allocUnsafeSlow(Math.max(wanted, this.buffer.length * 2));
    this.buffer.copy(grown, 0, 0, this.at);
    this.buffer = grown;
    this.view = new DataView(grown.buffer, grown.byteOffset, grown.byteLength);
  }

  /** Empties it, and lets go of a buffer that one large batch has made. */
  reset(keepBytes: number): void {
    this.at = 0;
    if (this.buffer.length <= keepBytes) return;
    this.buffer = Buffer.allocUnsafeSlow(START_BYTES);
    this.view = new DataView(this.buffer.buffer, this.buffer.byteOffset, this.buffer.byteLength);
  }

  u8(value: number): void {
    this.need(1);
    this.buffer[this.at++] = value;
  }

  u32(value: number): void {
    this.need(4);
    this.view.setUint32(this.at, value, true);
    this.at += 4;
  }

  setU32(at: number, value: number): void {
    this.view.setUint32(at, value, true);
  }

  f64(value: number): void {
    this.need(8);
    this.view.setFloat64(this.at, value, true);
    this.at += 8;
  }

  /** Up to 2^32 - 1. */
  varint(value: number): void {
    this.need(5);
    let rest = value;
    while (rest > 0x7f) {
      this.buffer[this.at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.buffer[this.at++] = rest;
  }

  /** With its length before it. */
  string(text: string): void {
    const { length } = text;
    if (length <= SHORT && this.ascii(text, length)) return;
    const bytes = Buffer.byteLength(text);
    this.varint(bytes);
    this.need(bytes);
    this.at += this.buffer.write(text, this.at);
  }

  /** With their length before them. */
  blob(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.raw(bytes);
  }

  raw(bytes: Uint8Array): void {
    this.need(bytes.length);
    this.buffer.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** The stored bytes of a typed array. */
  storage(data: ArrayBufferView): void {
    this.need(data.byteLength);
    if (data instanceof Float32Array && data.length <= 8) {
      for (let i = 0; i < data.length; i++, this.at += 4) this.view.setFloat32(this.at, data[i]!, true);
    } else if (data instanceof Float64Array && data.length <= 8) {
      for (let i = 0; i < data.length; i++, this.at += 8) this.view.setFloat64(this.at, data[i]!, true);
    } else {
      this.buffer.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), this.at);
      this.at += data.byteLength;
    }
  }

  private ascii(text: string, length: number): boolean {
    this.need(length + 1);
    const { buffer, at } = this;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      buffer[at + 1 + i] = code;
    }
    buffer[at] = length;
    this.at = at + 1 + length;
    return true;
  }
}
