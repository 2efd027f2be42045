import { DynamicTable } from './dynamic-table.js';
import { Field } from './field.js';
import { HpackError } from './hpack-error.js';
import { decodeHuffman } from './huffman-decode.js';
import { FIRST_DYNAMIC, STATIC_TABLE } from './static-table.js';

/** What is told of a header block. */
export interface FieldSink {
  add(field: Field): void;
}

/** SETTINGS_HEADER_TABLE_SIZE as it is unless we say otherwise, and we do not. */
export const HEADER_TABLE_BYTES = 4096;
/** Every integer of a block counts bytes or entries of it. */
const MAX_INTEGER = 0xff_ffff;

let scratch: Buffer = Buffer.allocUnsafeSlow(8192);

/** RFC 7541: one per connection, fed with every header block of it in order. */
export class BlockDecoder {
  readonly table = new DynamicTable(HEADER_TABLE_BYTES);
  private bytes: Buffer = scratch;
  private at = 0;
  private end = 0;

  /** @throws {HpackError} when the connection must end */
  decode(bytes: Buffer, start: number, end: number, sink: FieldSink): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.sizeUpdates();
    while (this.at < end) this.field(bytes[this.at]!, sink);
    this.bytes = scratch;
  }

  private sizeUpdates(): void {
    while (this.at < this.end && (this.bytes[this.at]! & 0xe0) === 0x20) {
      const size = this.integer(0x1f);
      if (size > HEADER_TABLE_BYTES) throw new HpackError('the table is made larger than SETTINGS allow');
      this.table.resize(size);
    }
  }

  private field(first: number, sink: FieldSink): void {
    if (first >= 0x80) return sink.add(this.indexed(this.integer(0x7f)));
    if (first >= 0x40) {
      const field = this.literal(0x3f);
      this.table.add(field);
      return sink.add(field);
    }
    if (first >= 0x20) throw new HpackError('the size of the table changes within a block');
    sink.add(this.literal(0x0f));
  }

  private indexed(index: number): Field {
    const field = index < FIRST_DYNAMIC ? STATIC_TABLE[index] : this.table.get(index - FIRST_DYNAMIC);
    if (field === undefined) throw new HpackError(`there is no field ${index}`);
    return field;
  }

  private literal(prefix: number): Field {
    const index = this.integer(prefix);
    const name = index === 0 ? this.string() : this.indexed(index).name;
    return new Field(name, this.string());
  }

  /** RFC 7541, 5.1. */
  private integer(prefix: number): number {
    const value = this.byte() & prefix;
    if (value < prefix) return value;
    let rest = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      rest |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (rest > MAX_INTEGER) break;
        return prefix + rest;
      }
    }
    throw new HpackError('an integer is too large');
  }

  private byte(): number {
    if (this.at >= this.end) throw new HpackError('the block ends within a field');
    return this.bytes[this.at++]!;
  }

  /** RFC 7541, 5.2. */
  private string(): string {
    if (this.at >= this.end) throw new HpackError('the block ends within a field');
    const huffman = this.bytes[this.at]! >= 0x80;
    const length = this.integer(0x7f);
    const start = this.at;
    const end = (this.at = start + length);
    if (end > this.end) throw new HpackError('the block ends within a string');
    if (!huffman) return this.bytes.toString('latin1', start, end);
    // No code is shorter than 5 bits.
    if (length * 2 > scratch.length) scratch = Buffer.allocUnsafeSlow(length * 2);
    return scratch.toString('latin1', 0, decodeHuffman(this.bytes, start, end, scratch));
  }
}
