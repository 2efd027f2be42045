import type { Bitmap } from '../bitmap.js';
import { Column, type DictionaryData, isDictionary, type ListData, type NumericArray, spelledOut } from '../column.js';
import { frameError } from '../frame.errors.js';
import { FlatWriter } from './flat-writer.js';
import { MESSAGE } from './format.js';
import { writeMessageHead } from './write-schema.js';

/** Collects the nodes and buffers of one RecordBatch, in the order of the schema. */
export class BatchBody {
  readonly nodes: number[] = [];
  readonly ranges: number[] = [];
  readonly buffers: Uint8Array[] = [];
  bytes = 0;

  /** @param asCodes text goes as codes of a dictionary (the column then holds one) */
  add(column: Column, asCodes: boolean): void {
    this.addLevel(column, 0, column.length, asCodes);
  }

  /** One level of a column's type: each inner size is a level of its own, the cells are the last. */
  private addLevel(column: Column, depth: number, length: number, asCodes: boolean): void {
    const validity = depth === 0 ? column.validity : undefined;
    const nulls = validity ? column.nullCount : 0;
    this.nodes.push(length, nulls);
    this.push(nulls > 0 ? validityBytes(validity!, length) : NO_BYTES);
    if (depth < column.shape.length) return this.addLevel(column, depth + 1, length * column.shape[depth]!, asCodes);
    this.addCells(column, asCodes);
  }

  private addCells({ data, dtype }: Column, asCodes: boolean): void {
    switch (dtype.kind) {
      case 'bool':
        return this.push(packBits(data as Uint8Array));
      case 'utf8':
        if (asCodes) return this.push(bytesOf((data as DictionaryData).codes));
        return this.addText(spelledOut(data));
      case 'binary':
        return this.addBinary(data as readonly Uint8Array[]);
      case 'list':
        return this.addList(data as ListData, asCodes);
      default:
        this.push(bytesOf(data as NumericArray));
    }
  }

  private addText(cells: readonly string[]): void {
    const offsets = new Int32Array(cells.length + 1);
    const text = cells.join('');
    const bytes = Buffer.from(text, 'utf8');
    checkSize(bytes.length);
    const ascii = bytes.length === text.length;
    let end = 0;
    for (let row = 0; row < cells.length; row++) {
      end += ascii ? cells[row]!.length : Buffer.byteLength(cells[row]!);
      offsets[row + 1] = end;
    }
    // Halves of one character in neighbouring cells join into one: then the lengths do not add up.
    const sound = end === bytes.length ? bytes : Buffer.concat(cells.map((cell) => Buffer.from(cell, 'utf8')));
    this.push(bytesOf(offsets));
    this.push(sound);
  }

  private addBinary(cells: readonly Uint8Array[]): void {
    const offsets = new Int32Array(cells.length + 1);
    let end = 0;
    for (let row = 0; row < cells.length; row++) offsets[row + 1] = end = checkSize(end + cells[row]!.length);
    this.push(bytesOf(offsets));
    this.push(Buffer.concat(cells));
  }

  private addList({ offsets, values }: ListData, asCodes: boolean): void {
    const start = offsets[0]!;
    const end = offsets[offsets.length - 1]!;
    this.push(bytesOf(start === 0 ? offsets : offsets.map((offset) => offset - start)));
    this.add(start === 0 && end === values.length ? values : values.slice(start, end), asCodes);
  }

  private push(buffer: Uint8Array): void {
    this.ranges.push(this.bytes, buffer.length);
    this.buffers.push(buffer);
    this.bytes += (buffer.length + 7) & ~7;
  }
}

const NO_BYTES = new Uint8Array(0);

function checkSize(bytes: number): number {
  if (bytes < 2 ** 31) return bytes;
  throw frameError(
    'CORE_ERR_ARROW_ENCODE',
    `a column holds ${bytes} bytes of text or binary: Arrow's Utf8 and Binary end at 2 GiB, slice the frame`,
  );
}

/** Row bits only: what stands behind the last row is zeroed. */
function validityBytes(bitmap: Bitmap, rows: number): Uint8Array {
  const out = bitmap.slice(0, (rows + 7) >> 3);
  if (rows & 7) out[rows >> 3]! &= (1 << (rows & 7)) - 1;
  return out;
}

function packBits(flags: Uint8Array): Uint8Array {
  const out = new Uint8Array((flags.length + 7) >> 3);
  for (let i = 0; i < flags.length; i++) if (flags[i] !== 0) out[i >> 3]! |= 1 << (i & 7);
  return out;
}

function bytesOf(array: NumericArray): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** The metadata of a record batch's message. */
export function writeBatchMessage(rows: number, body: BatchBody): Uint8Array {
  const writer = new FlatWriter(192 + 16 * (body.nodes.length + body.ranges.length));
  writeBatchTable(writer, writeMessageHead(writer, MESSAGE.RECORD_BATCH, body.bytes), rows, body);
  return writer.finish();
}

/** The metadata of a dictionary's message: all its values anew. */
export function writeDictionaryMessage(id: number, rows: number, body: BatchBody): Uint8Array {
  const writer = new FlatWriter(256);
  const [idAt, data] = writer.table([8, 4], writeMessageHead(writer, MESSAGE.DICTIONARY_BATCH, body.bytes));
  writer.int64(idAt!, id);
  writeBatchTable(writer, data!, rows, body);
  return writer.finish();
}

function writeBatchTable(writer: FlatWriter, from: number, rows: number, body: BatchBody): void {
  const [length, nodes, buffers] = writer.table([8, 4, 4], from);
  writer.int64(length!, rows);
  writer.int64s(nodes!, body.nodes, 2);
  writer.int64s(buffers!, body.ranges, 2);
}

/** The strings of a dictionary as a column of their own. */
export function dictionaryColumn({ values }: DictionaryData): Column {
  return new Column({ dtype: 'utf8', data: values, length: values.length });
}

/** The dictionary that a column (or the items of a list) holds; `undefined` for plain text and other dtypes. */
export function dictionaryOf(column: Column): DictionaryData | undefined {
  const data = column.dtype.kind === 'list' ? (column.data as ListData).values.data : column.data;
  return isDictionary(data) ? data : undefined;
}
