import { type JsonTextWriter, SCALAR_BYTES } from '@witan/core/frame';
import { type FrameLayout, readLayout } from './frame-layout.js';

const MAX_LAYOUTS = 64;
const NULL_BYTES = 8;

/** A Frame in the bytes of a record: where its columns begin. */
export interface FrameSpot {
  readonly layout: FrameLayout;
  readonly rows: number;
  /** Of each column its bitmap of nulls, -1: none. */
  readonly validity: Int32Array;
  /** Of each column where its next cell lies. */
  readonly cells: Int32Array;
  /** Behind the last cell. */
  readonly end: number;
}

/** Frames in their binary form made into JSON records, without becoming objects on the way. */
export class FrameText {
  private readonly layouts: FrameLayout[] = [];
  private bytes: Buffer = Buffer.alloc(0);
  private view: DataView = new DataView(new ArrayBuffer(0));
  private at = 0;

  constructor(private readonly out: JsonTextWriter) {}

  /** The bytes that spots are of, from now on. */
  of(bytes: Buffer): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The Frame at `at`; `undefined`: its columns are none of the simple kinds. */
  find(at: number): FrameSpot | undefined {
    const layout = this.layoutAt(at);
    if (!layout) return undefined;
    this.at = at + layout.bytes.length;
    const rows = this.varint();
    const columns = layout.cells.length;
    const [validity, cells] = [new Int32Array(columns), new Int32Array(columns)];
    for (let i = 0; i < columns; i++) {
      const hasNulls = this.bytes[this.at++] === 1;
      validity[i] = hasNulls ? this.at : -1;
      if (hasNulls) this.at += (rows + 7) >>> 3;
      cells[i] = this.at;
      this.skip(rows, layout.sizes[i]!);
    }
    return { layout, rows, validity, cells, end: this.at };
  }

  write({ layout, rows, validity, cells }: FrameSpot): void {
    const { out } = this;
    const { keys, keyBytes } = layout;
    if (!layout.isAscii) out.notAscii();
    out.reserve(SCALAR_BYTES);
    out.byte(0x5b);
    for (let row = 0; row < rows; row++) {
      out.reserve(keyBytes + keys.length * NULL_BYTES + SCALAR_BYTES);
      if (row > 0) out.byte(0x2c);
      if (keys.length === 0) out.byte(0x7b);
      for (let i = 0; i < keys.length; i++) {
        out.literal(keys[i]!);
        const nulls = validity[i]!;
        const isNull = nulls !== -1 && (this.bytes[nulls + (row >>> 3)]! & (1 << (row & 7))) === 0;
        this.cell(layout, i, cells, isNull);
        out.reserve(keyBytes + keys.length * NULL_BYTES + SCALAR_BYTES);
      }
      out.byte(0x7d);
    }
    out.byte(0x5d);
  }

  /** Writes a column's next cell and goes behind it. */
  private cell({ cells: kinds, sizes }: FrameLayout, column: number, cells: Int32Array, isNull: boolean): void {
    const { out, view } = this;
    const at = cells[column]!;
    cells[column] = at + sizes[column]!;
    const kind = kinds[column]!;
    if (kind === 'utf8') {
      this.at = at;
      const length = this.varint();
      cells[column] = this.at + length;
      if (!isNull) return out.utf8(this.bytes, this.at, this.at + length);
    }
    if (isNull) return out.null();
    switch (kind) {
      case 'f32':
        return out.f32(view.getFloat32(at, true));
      case 'f64':
        return out.f64(view.getFloat64(at, true));
      case 'bool':
        return out.bool(view.getUint8(at));
      case 'i64':
        return out.i64(view.getInt32(at, true), view.getInt32(at + 4, true));
      case 'u64':
        return out.u64(view.getInt32(at, true), view.getInt32(at + 4, true));
      default:
        return out.int(this.integer(kind, at));
    }
  }

  private integer(kind: string, at: number): number {
    const { view } = this;
    switch (kind) {
      case 'i8':
        return view.getInt8(at);
      case 'i16':
        return view.getInt16(at, true);
      case 'i32':
        return view.getInt32(at, true);
      case 'u8':
        return view.getUint8(at);
      case 'u16':
        return view.getUint16(at, true);
      default:
        return view.getUint32(at, true);
    }
  }

  private layoutAt(at: number): FrameLayout | undefined {
    const { bytes } = this;
    for (const layout of this.layouts) {
      const end = at + layout.bytes.length;
      if (end <= bytes.length && bytes.compare(layout.bytes, 0, layout.bytes.length, at, end) === 0) return layout;
    }
    const layout = readLayout(bytes, at);
    if (!layout) return undefined;
    if (this.layouts.length >= MAX_LAYOUTS) this.layouts.shift();
    this.layouts.push(layout);
    return layout;
  }

  private skip(rows: number, size: number): void {
    if (size > 0) this.at += rows * size;
    else
      for (let row = 0; row < rows; row++) {
        const length = this.varint();
        this.at += length;
      }
  }

  private varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.bytes[this.at++]!;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }
}
