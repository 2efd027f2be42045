import { arrayTypeOf, Column, type ColumnData, type DTypeInfo, Frame, tryParseDType } from '@witan/core/frame';
import type { ByteReader } from './byte-reader.js';

/** Sizes of a shape; no tensor has more. */
const MAX_DIMENSIONS = 32;

interface ColumnHead {
  readonly name: string;
  readonly dtype: DTypeInfo;
  readonly shape: readonly number[];
  readonly size: number;
}

/** What FrameWriter wrote. @throws {SINK_ERR_RECORD} */
export function readFrame(from: ByteReader): Frame {
  const count = from.varint();
  if (count > from.left) from.damaged(`${count} columns do not fit`);
  const heads = Array.from({ length: count }, () => readHead(from));
  const rows = from.varint();
  const columns = new Map<string, Column>();
  for (const head of heads) {
    if (columns.has(head.name)) from.damaged('a column stands twice');
    columns.set(head.name, readColumn(from, head, rows));
  }
  return new Frame(columns, rows);
}

function readHead(from: ByteReader): ColumnHead {
  const name = from.string();
  const text = from.string();
  const dtype = tryParseDType(text) ?? from.damaged(`'${text.slice(0, 40)}' is no dtype`);
  const dimensions = from.varint();
  if (dimensions > MAX_DIMENSIONS) from.damaged(`${dimensions} dimensions`);
  const shape = Array.from({ length: dimensions }, () => from.varint());
  return { name, dtype, shape, size: shape.reduce((product, size) => product * size, 1) };
}

function readColumn(from: ByteReader, { dtype, shape, size }: Omit<ColumnHead, 'name'>, rows: number): Column {
  const flags = from.u8();
  if (flags > 1) from.damaged(`flags ${flags}`);
  const validity = flags === 1 ? from.raw((rows + 7) >>> 3) : undefined;
  const values = rows * size;
  return new Column({ dtype, shape, length: rows, data: readData(from, dtype, values), validity });
}

function readData(from: ByteReader, dtype: DTypeInfo, values: number): ColumnData {
  if (dtype.kind === 'list') return readLists(from, dtype.item!, values);
  const Type = arrayTypeOf(dtype);
  if (Type) {
    const bytes = from.raw(values * Type.BYTES_PER_ELEMENT);
    return new Type(bytes.buffer, 0, values);
  }
  // Each has its length before it, which is a byte at least.
  if (values > from.left) from.damaged(`${values} values do not fit`);
  if (dtype.kind === 'utf8') return Array.from({ length: values }, () => from.string());
  return Array.from({ length: values }, () => from.blob());
}

function readLists(from: ByteReader, item: DTypeInfo, rows: number): ColumnData {
  if (rows > from.left) from.damaged(`${rows} lists do not fit`);
  const offsets = new Int32Array(rows + 1);
  let end = 0;
  for (let row = 0; row < rows; row++) {
    end += from.varint();
    if (end > from.end) from.damaged('lists that are longer than everything');
    offsets[row + 1] = end;
  }
  return { offsets, values: readColumn(from, { dtype: item, shape: [], size: 1 }, end) };
}
