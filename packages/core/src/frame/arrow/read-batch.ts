import { type Bitmap, isValid } from '../bitmap.js';
import { Column, type ColumnData, type DictionaryData, type NumericArray } from '../column.js';
import type { DTypeInfo } from '../dtype.js';
import { shownValue } from '../frame.errors.js';
import { arrayTypeOf, arrayTypeOfKind, type NumericArrayType } from '../storage.js';
import type { BatchBuffers } from './batch-buffers.js';
import type { Dictionaries } from './dictionaries.js';
import { malformed } from './limits.js';
import { type FieldPlan, type Layout, unsupported } from './read-schema.js';
import { oneText, textCells } from './read-text.js';

interface Cells {
  readonly data: ColumnData;
  readonly length: number;
  readonly validity: Bitmap | undefined;
}

/** Reads the columns of one record batch (or the values of a dictionary), every count and offset checked. */
export class BatchReader {
  private column = '';

  constructor(
    private readonly buffers: BatchBuffers,
    private readonly dictionaries: Dictionaries | undefined,
  ) {}

  readColumn(plan: FieldPlan, rows: number): Column {
    this.column = shownValue(plan.name);
    const { data, length, validity } = this.read(plan.layout, plan.dtype, rows);
    if (length !== rows) throw this.bad(`has ${length} rows, its batch ${rows}`);
    return new Column({
      dtype: plan.dtype,
      shape: plan.shape.length > 0 ? plan.shape : undefined,
      data,
      length,
      validity,
    });
  }

  /** `wanted`: how many cells must be there at least; data beyond them is dropped. */
  private read(layout: Layout, dtype: DTypeInfo, wanted: number): Cells {
    const { length, nullCount } = this.buffers.nextNode();
    if (length < wanted) throw this.bad(`has ${length} values where ${wanted} are needed`);
    const validity = this.validity(wanted, nullCount);
    switch (layout.is) {
      case 'bool':
        return { data: this.bools(wanted), length: wanted, validity };
      case 'fixed':
        return { data: this.fixed(arrayTypeOf(dtype)!, wanted), length: wanted, validity };
      case 'bytes':
        return { data: this.bytes(dtype, layout.wide, wanted, validity), length: wanted, validity };
      case 'view':
        return { data: this.views(dtype, wanted, validity), length: wanted, validity };
      case 'vector':
        return { data: this.vectors(layout, dtype, wanted, validity), length: wanted, validity };
      case 'list':
        return { data: this.lists(layout, wanted, validity), length: wanted, validity };
      case 'dictionary':
        return { data: this.codes(layout, wanted, validity), length: wanted, validity };
    }
  }

  private validity(length: number, nullCount: number): Bitmap | undefined {
    const bitmap = this.buffers.nextBuffer();
    if (nullCount === 0) return undefined;
    const bytes = Math.ceil(length / 8);
    if (bitmap.length === 0 && length > 0) throw this.bad(`counts ${nullCount} nulls and has no bitmap of them`);
    if (bitmap.length < bytes) throw this.bad('has a null bitmap that is too short');
    return bitmap.subarray(0, bytes);
  }

  private bools(length: number): Uint8Array {
    const bits = this.buffers.nextBuffer();
    if (bits.length < Math.ceil(length / 8)) throw this.short();
    this.buffers.budget.spendBytes(length);
    const out = new Uint8Array(length);
    for (let i = 0; i < length; i++) out[i] = (bits[i >> 3]! >> (i & 7)) & 1;
    return out;
  }

  /** A view of the message where it is aligned, a copy where not. */
  private fixed(Type: NumericArrayType, length: number): NumericArray {
    return this.typed(this.buffers.nextBuffer(), Type, length);
  }

  private typed(buffer: Uint8Array, Type: NumericArrayType, length: number): NumericArray {
    const bytes = length * Type.BYTES_PER_ELEMENT;
    if (buffer.length < bytes) throw this.short();
    this.buffers.budget.spendBytes(bytes);
    if (buffer.byteOffset % Type.BYTES_PER_ELEMENT === 0) return new Type(buffer.buffer, buffer.byteOffset, length);
    return new Type(new Uint8Array(buffer.subarray(0, bytes)).buffer, 0, length);
  }

  /** Offsets of `length` cells, ascending and at most `limit`; 64-bit ones are narrowed. */
  private offsets(wide: boolean, length: number): Int32Array {
    const buffer = this.buffers.nextBuffer();
    if (length === 0) return NO_OFFSETS;
    const offsets = wide ? this.narrow(buffer, length + 1) : (this.typed(buffer, Int32Array, length + 1) as Int32Array);
    let previous = 0;
    for (let i = 0; i <= length; i++) {
      const offset = offsets[i]!;
      if (offset < previous) throw this.bad('has offsets that do not ascend');
      previous = offset;
    }
    return offsets;
  }

  private narrow(buffer: Uint8Array, length: number): Int32Array {
    const halves = this.typed(buffer, Int32Array, 2 * length) as Int32Array;
    this.buffers.budget.spendBytes(4 * length);
    const out = new Int32Array(length);
    for (let i = 0; i < length; i++) {
      if (halves[2 * i + 1] !== 0 || halves[2 * i]! < 0) throw this.bad('has an offset beyond 2 GiB');
      out[i] = halves[2 * i]!;
    }
    return out;
  }

  private bytes(dtype: DTypeInfo, wide: boolean, length: number, validity: Bitmap | undefined): ColumnData {
    const offsets = this.offsets(wide, length);
    const bytes = this.buffers.nextBuffer();
    if (offsets[length]! > bytes.length) throw this.bad('has offsets beyond its bytes');
    this.buffers.budget.spendBytes(CELL_BYTES * length + (dtype.kind === 'utf8' ? offsets[length]! - offsets[0]! : 0));
    if (dtype.kind === 'utf8') return textCells(bytes, offsets, length, validity);
    const out = new Array<Uint8Array>(length);
    for (let row = 0; row < length; row++) out[row] = bytes.subarray(offsets[row]!, offsets[row + 1]!);
    return out;
  }

  /** The view layout: 16 bytes a cell, short ones inline, long ones as buffer and offset. */
  private views(dtype: DTypeInfo, length: number, validity: Bitmap | undefined): ColumnData {
    const words = this.typed(this.buffers.nextBuffer(), Int32Array, 4 * length) as Int32Array;
    const inline = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
    const parts = this.buffers.nextVariadic();
    const out = new Array<string | Uint8Array>(length);
    for (let row = 0; row < length; row++) {
      const size = isValid(validity, row) ? words[4 * row]! : 0;
      if (size < 0) throw this.bad('has a cell of negative length');
      this.buffers.budget.spendBytes(CELL_BYTES + size);
      const bytes =
        size <= 12 ? inline.subarray(16 * row + 4, 16 * row + 4 + size) : this.farView(words, row, size, parts);
      out[row] = dtype.kind === 'utf8' ? oneText(bytes) : bytes;
    }
    return out as ColumnData;
  }

  private farView(words: Int32Array, row: number, size: number, parts: readonly Uint8Array[]): Uint8Array {
    const part = parts[words[4 * row + 2]!];
    const offset = words[4 * row + 3]!;
    if (!part || offset < 0 || offset + size > part.length) throw this.bad('has a cell outside its bytes');
    return part.subarray(offset, offset + size);
  }

  private vectors(
    layout: Layout & { is: 'vector' },
    dtype: DTypeInfo,
    length: number,
    validity: Bitmap | undefined,
  ): ColumnData {
    const child = this.read(layout.child, dtype, length * layout.size);
    if (child.validity) {
      this.buffers.budget.spendBytes(child.length);
      for (let i = 0; i < child.length; i++) {
        if (!isValid(child.validity, i) && isValid(validity, Math.floor(i / layout.size))) throw this.nullInside();
      }
    }
    return child.data;
  }

  private lists(layout: Layout & { is: 'list' }, length: number, validity: Bitmap | undefined): ColumnData {
    const offsets = this.offsets(layout.wide, length);
    const total = offsets[length]!;
    const child = this.read(layout.child, layout.item, total);
    if (child.validity) {
      for (let row = 0; row < length; row++) {
        if (!isValid(validity, row)) continue;
        for (let i = offsets[row]!; i < offsets[row + 1]!; i++)
          if (!isValid(child.validity, i)) throw this.nullInside();
      }
    }
    return { offsets, values: new Column({ dtype: layout.item, data: child.data, length: child.length }) };
  }

  private codes(layout: Layout & { is: 'dictionary' }, length: number, validity: Bitmap | undefined): DictionaryData {
    const values = this.dictionaries?.valuesOf(layout.id) ?? [];
    const raw = this.fixed(arrayTypeOfKind(layout.index)!, length);
    let codes: Int32Array;
    if (raw instanceof Int32Array) codes = raw;
    else {
      this.buffers.budget.spendBytes(4 * length);
      codes = new Int32Array(length);
      for (let i = 0; i < length; i++) codes[i] = clampedCode(raw[i]!);
    }
    return { codes: this.soundCodes(codes, values.length, validity), values };
  }

  /** Codes within the dictionary; what stands under a null becomes 0. */
  private soundCodes(codes: Int32Array, count: number, validity: Bitmap | undefined): Int32Array {
    let sound = codes;
    for (let row = 0; row < codes.length; row++) {
      const code = codes[row]!;
      if (code >= 0 && code < count) continue;
      if (isValid(validity, row)) throw this.bad(`has the code ${code} in a dictionary of ${count} values`);
      if (code === 0) continue;
      if (sound === codes) sound = codes.slice();
      sound[row] = 0;
    }
    return sound;
  }

  private nullInside(): Error {
    return unsupported(`column ${this.column}: nulls inside vectors or lists`);
  }

  private short(): Error {
    return this.bad('has a buffer that is too short');
  }

  private bad(what: string): Error {
    return malformed(`column ${this.column} ${what}`);
  }
}

const NO_OFFSETS = new Int32Array(1);

/** What a string or a view of bytes costs beside its content: a pointer, at least. */
const CELL_BYTES = 8;

/** A code as an int32; -1, which no dictionary has, for one that does not fit. */
function clampedCode(code: number | bigint): number {
  const number = Number(code);
  return number >= 0 && number < 2 ** 31 ? number : -1;
}
