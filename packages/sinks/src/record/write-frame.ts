import type { Column, DTypeInfo, Frame, ListData } from '@witan/core/frame';
import { ByteWriter } from './byte-writer.js';

/** Layouts that are remembered: one encoder serves few points. */
const MAX_LAYOUTS = 16;

/** The columns of a Frame without their values; a point's Frames all have the same, so their bytes are made once. */
interface Layout {
  readonly columns: readonly { name: string; dtype: DTypeInfo; shape: readonly number[] }[];
  readonly bytes: Uint8Array;
}

/** Writes Frames: their layout, the number of rows, then column after column as it is stored. */
export class FrameWriter {
  private readonly layouts: Layout[] = [];

  constructor(private readonly out: ByteWriter) {}

  write(frame: Frame<object>): void {
    const { out } = this;
    out.raw(this.layoutOf(frame).bytes);
    out.varint(frame.rows);
    for (const column of frame.columns.values()) this.values(column);
  }

  private layoutOf(frame: Frame<object>): Layout {
    for (const layout of this.layouts) if (fits(layout, frame.columns)) return layout;
    const layout = newLayout(frame.columns);
    if (this.layouts.length >= MAX_LAYOUTS) this.layouts.shift();
    this.layouts.push(layout);
    return layout;
  }

  private values(column: Column): void {
    const { out } = this;
    const { validity, dtype, length } = column;
    out.u8(validity ? 1 : 0);
    if (validity) out.raw(validity.subarray(0, (length + 7) >> 3));
    if (dtype.kind === 'list') this.lists(column);
    else if (dtype.kind === 'utf8') this.strings(column);
    else if (dtype.kind === 'binary') for (const bytes of column.data as readonly Uint8Array[]) out.blob(bytes);
    else {
      const data = column.data as Uint8Array;
      out.storage(data.length === length * column.size ? data : data.subarray(0, length * column.size));
    }
  }

  private strings(column: Column): void {
    const texts = column.strings();
    for (let i = 0; i < column.length * column.size; i++) this.out.string(texts[i]!);
  }

  private lists({ data, length }: Column): void {
    const { offsets, values } = data as ListData;
    for (let row = 0; row < length; row++) this.out.varint(offsets[row + 1]! - offsets[row]!);
    this.values(values.slice(offsets[0]!, offsets[length]!));
  }
}

function fits({ columns }: Layout, given: ReadonlyMap<string, Column>): boolean {
  if (columns.length !== given.size) return false;
  let i = 0;
  for (const [name, { dtype, shape }] of given) {
    const column = columns[i++]!;
    if (column.name !== name || column.dtype !== dtype || !sameSizes(column.shape, shape)) return false;
  }
  return true;
}

function sameSizes(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true;
  return a.length === b.length && a.every((size, i) => size === b[i]);
}

function newLayout(given: ReadonlyMap<string, Column>): Layout {
  const out = new ByteWriter();
  out.varint(given.size);
  for (const [name, { dtype, shape }] of given) {
    out.string(name);
    out.string(dtype.name);
    out.varint(shape.length);
    for (const size of shape) out.varint(size);
  }
  const columns = [...given].map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  return { columns, bytes: new Uint8Array(out.buffer.subarray(0, out.at)) };
}
