/**
 * Writes a FlatBuffer from front to back: a table's fields are laid out first, and what they point to follows and is
 * linked. Only what Arrow's metadata needs.
 */
export class FlatWriter {
  private bytes: Buffer;
  private view: DataView;
  private end = 4;

  constructor(capacity: number) {
    this.bytes = Buffer.alloc(capacity);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, capacity);
  }

  /** The finished bytes, padded to a multiple of 8. */
  finish(): Uint8Array {
    this.advance(-this.end & 7);
    return this.bytes.subarray(0, this.end);
  }

  /**
   * Lays out a table whose field `id` takes `sizes[id]` bytes (1, 2, 4, 8; 0: absent) and links it from `from` (the
   * root without one). Gives each field's position.
   */
  table(sizes: readonly number[], from = 0): number[] {
    this.advance(this.end & 1);
    const vtable = this.advance(4 + 2 * sizes.length);
    // Fields go in falling size from start + 4, which is a multiple of 8: each is then aligned without gaps.
    const start = this.end + ((4 - this.end) & 7);
    this.advance(start + 4 - this.end);
    const at = sizes.map(() => 0);
    for (let size = 8; size >= 1; size >>= 1) {
      for (let id = 0; id < sizes.length; id++) if (sizes[id] === size) at[id] = this.advance(size);
    }
    this.view.setUint16(vtable, 4 + 2 * sizes.length, true);
    this.view.setUint16(vtable + 2, this.end - start, true);
    for (let id = 0; id < sizes.length; id++)
      this.view.setUint16(vtable + 4 + 2 * id, at[id] ? at[id]! - start : 0, true);
    this.view.setInt32(start, start - vtable, true);
    this.link(from, start);
    return at;
  }

  int8(at: number, value: number): void {
    this.view.setInt8(at, value);
  }

  int16(at: number, value: number): void {
    this.view.setInt16(at, value, true);
  }

  int32(at: number, value: number): void {
    this.view.setInt32(at, value, true);
  }

  int64(at: number, value: number): void {
    this.view.setUint32(at, value >>> 0, true);
    this.view.setInt32(at + 4, Math.floor(value / 2 ** 32), true);
  }

  text(from: number, text: string): void {
    const size = Buffer.byteLength(text);
    const start = this.vector(from, size, 1, size + 1);
    this.bytes.write(text, start, size);
  }

  /** A vector of `count` links to tables; gives the position of the first. */
  links(from: number, count: number): number {
    return this.vector(from, count, 4);
  }

  /** A vector of structs of 64-bit integers, `perElement` in each. */
  int64s(from: number, values: readonly number[], perElement: number): void {
    const start = this.vector(from, values.length / perElement, 8, values.length * 8);
    for (let i = 0; i < values.length; i++) this.int64(start + 8 * i, values[i]!);
  }

  /** The head of a vector and room for its elements, which stand at a multiple of `align`. */
  private vector(from: number, count: number, align: number, size = count * align): number {
    const head = this.end + ((Math.max(align, 4) - 4 - this.end) & (Math.max(align, 4) - 1));
    this.advance(head + 4 + size - this.end);
    this.view.setUint32(head, count, true);
    this.link(from, head);
    return head + 4;
  }

  private link(from: number, target: number): void {
    this.view.setUint32(from, target - from, true);
  }

  /** Takes `size` zeroed bytes; gives where they begin. */
  private advance(size: number): number {
    const at = this.end;
    this.end += size;
    if (this.end > this.bytes.length) {
      const larger = Buffer.alloc(2 * this.end);
      larger.set(this.bytes);
      this.bytes = larger;
      this.view = new DataView(larger.buffer, larger.byteOffset, larger.length);
    }
    return at;
  }
}
