import { sinksError } from '../sinks.errors.js';

/** Reads what ByteWriter wrote; nothing that the bytes say makes it read or allocate beyond them. */
export class ByteReader {
  private readonly view: DataView;

  constructor(
    private readonly bytes: Uint8Array,
    public at = 0,
    readonly end: number = bytes.length,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.end - this.at;
  }

  /** @throws {SINK_ERR_RECORD} */
  damaged(what: string): never {
    throw sinksError('SINK_ERR_RECORD', `byte ${this.at} of ${this.end} of records: ${what}`);
  }

  /** Moves on by `bytes`; gives where they begin. */
  take(bytes: number): number {
    if (bytes > this.left) this.damaged(`${bytes} bytes are said to follow, and ${this.left} do`);
    const { at } = this;
    this.at += bytes;
    return at;
  }

  u8(): number {
    return this.bytes[this.take(1)]!;
  }

  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  f64(): number {
    return this.view.getFloat64(this.take(8), true);
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value <= 0xffff_ffff ? value : this.damaged('a number beyond 32 bits');
    }
    return this.damaged('a number beyond 32 bits');
  }

  string(): string {
    const length = this.varint();
    const at = this.take(length);
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + at, length).toString('utf8');
  }

  blob(): Uint8Array {
    return this.raw(this.varint());
  }

  /** A copy, so that a record does not keep its whole batch alive, and typed arrays are aligned. */
  raw(length: number): Uint8Array {
    const at = this.take(length);
    return new Uint8Array(this.bytes.subarray(at, at + length));
  }
}
