import { malformed } from './limits.js';

/**
 * One table of a FlatBuffer whose bytes are not trusted: every position is checked before it is read.
 * (FlatBuffers' own runtime reads wherever an offset points.)
 */
export class FlatTable {
  private readonly vtable: number;
  private readonly vtableSize: number;

  constructor(
    private readonly view: DataView,
    private readonly start: number,
  ) {
    this.check(start, 4);
    this.vtable = start - view.getInt32(start, true);
    this.check(this.vtable, 4);
    this.vtableSize = view.getUint16(this.vtable, true);
    this.check(this.vtable, this.vtableSize);
  }

  /** The root table of a FlatBuffer. */
  static root(bytes: Uint8Array): FlatTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.byteLength < 8) throw malformed('its metadata is too short');
    return new FlatTable(view, view.getUint32(0, true));
  }

  int8(id: number, missing = 0): number {
    const at = this.field(id, 1);
    return at ? this.view.getInt8(at) : missing;
  }

  int16(id: number, missing = 0): number {
    const at = this.field(id, 2);
    return at ? this.view.getInt16(at, true) : missing;
  }

  int32(id: number, missing = 0): number {
    const at = this.field(id, 4);
    return at ? this.view.getInt32(at, true) : missing;
  }

  /** A 64-bit integer that must be a safe one; 0 when absent. */
  int64(id: number): number {
    const at = this.field(id, 8);
    return at ? safeInt64(this.view, at) : 0;
  }

  /** `undefined` when absent. Invalid UTF-8 becomes U+FFFD. */
  text(id: number): string | undefined {
    const vector = this.vector(id, 1);
    if (!vector) return undefined;
    return Buffer.from(this.view.buffer, this.view.byteOffset + vector.start, vector.length).toString('utf8');
  }

  /** A table that this one points to; `undefined` when absent. */
  table(id: number): FlatTable | undefined {
    const at = this.field(id, 4);
    return at ? new FlatTable(this.view, at + this.view.getUint32(at, true)) : undefined;
  }

  /** Where a vector of `width`-byte elements begins, and how many there are. */
  vector(id: number, width: number): { start: number; length: number } | undefined {
    const at = this.field(id, 4);
    if (!at) return undefined;
    const head = at + this.view.getUint32(at, true);
    this.check(head, 4);
    const length = this.view.getUint32(head, true);
    this.check(head + 4, length * width);
    return { start: head + 4, length };
  }

  tableCount(id: number): number {
    return this.vector(id, 4)?.length ?? 0;
  }

  /** The `index`-th table of a vector of tables. */
  tableAt(id: number, index: number): FlatTable {
    const at = this.vector(id, 4)!.start + 4 * index;
    return new FlatTable(this.view, at + this.view.getUint32(at, true));
  }

  /** A vector of 64-bit integers, or of structs made of them, as safe integers. */
  int64s(id: number, perElement: number): number[] {
    const vector = this.vector(id, 8 * perElement);
    const out: number[] = [];
    if (vector)
      for (let i = 0; i < vector.length * perElement; i++) out.push(safeInt64(this.view, vector.start + 8 * i));
    return out;
  }

  /** Where a field of `size` bytes stands; 0 when absent. */
  private field(id: number, size: number): number {
    const slot = 4 + 2 * id;
    if (slot + 2 > this.vtableSize) return 0;
    const offset = this.view.getUint16(this.vtable + slot, true);
    if (offset === 0) return 0;
    this.check(this.start + offset, size);
    return this.start + offset;
  }

  private check(at: number, size: number): void {
    if (at < 0 || at + size > this.view.byteLength) throw malformed('its metadata points outside itself');
  }
}

function safeInt64(view: DataView, at: number): number {
  const high = view.getInt32(at + 4, true);
  if (high > 0x1f_ffff || high < -0x20_0000) throw malformed('a length or offset is no safe integer');
  return high * 2 ** 32 + view.getUint32(at, true);
}
