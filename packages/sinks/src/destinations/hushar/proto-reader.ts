/** Reads protobuf fields; what lies outside of the bytes is a RangeError. */
export class ProtoReader {
  private readonly view: DataView;

  constructor(
    private readonly bytes: Uint8Array,
    private at = 0,
    private readonly end = bytes.length,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get more(): boolean {
    return this.at < this.end;
  }

  tag(): { readonly field: number; readonly wire: number } {
    const tag = Number(this.varint());
    return { field: Math.floor(tag / 8), wire: tag % 8 };
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw new RangeError('a varint of more than ten bytes');
  }

  double(): number {
    return this.view.getFloat64(this.take(8), true);
  }

  float(): number {
    return this.view.getFloat32(this.take(4), true);
  }

  text(): string {
    const { bytes, at, end } = this.message();
    return Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at).toString('utf8');
  }

  /** A reader of a field that has a length. */
  message(): ProtoReader {
    const length = Number(this.varint());
    if (length < 0) throw new RangeError('a field of negative length');
    const start = this.take(length);
    return new ProtoReader(this.bytes, start, start + length);
  }

  skip(wire: number): void {
    if (wire === 0) this.varint();
    else if (wire === 1) this.take(8);
    else if (wire === 2) this.message();
    else if (wire === 5) this.take(4);
    else throw new RangeError(`a field of wire type ${wire}`);
  }

  private byte(): number {
    return this.bytes[this.take(1)]!;
  }

  private take(count: number): number {
    const start = this.at;
    if (start + count > this.end) throw new RangeError('the message breaks off');
    this.at += count;
    return start;
  }
}
