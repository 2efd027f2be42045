import { Column } from '../frame/column.js';
import { type Converted, type Converter, converterOf } from './cell-converter.js';
import { CellRules } from './cell-rules.js';
import { asColumnData, bytesPerValue, newStorage, type Storage, store } from './column-storage.js';
import type { DecodePass } from './decode-pass.js';
import { Refusal } from './refusal.js';
import type { ColumnSpec } from './spec.js';
import { flatten, isArrayLike, sizeOf } from './vector-shape.js';

/** A list column, or a vector column with an open size, while its rows come in. */
interface OpenCells {
  /** Per row: the values of its cell, once converted. */
  readonly cells: (readonly Converted[] | undefined)[];
  /** The sizes that the first vector settled for all rows. */
  dims: readonly number[] | undefined;
}

/**
 * One column of a schema, ready to take cells. {@link cell} is the complete way in: it knows defaults, nulls, every
 * accepted form, and says what is wrong. Generated code only short-cuts what is plainly right.
 */
export class ColumnPlan {
  readonly rules: CellRules;
  /** Values per cell, if every request has the same number; -1 for lists and open sizes. */
  readonly size: number;
  /** Bytes that each row takes, whatever it holds; 0 for lists and open sizes. */
  readonly bytesPerRow: number;
  private readonly convert: Converter;

  constructor(
    readonly spec: ColumnSpec,
    readonly index: number,
  ) {
    this.convert = converterOf(spec.dtype);
    this.rules = new CellRules(spec);
    this.size = spec.dtype.kind === 'list' ? -1 : sizeOf(spec.shape);
    this.bytesPerRow = Math.max(0, this.size) * bytesPerValue(spec.dtype);
  }

  /** Room for `rows` cells, for {@link cell} and {@link close}. */
  open(rows: number): unknown {
    if (this.size >= 0) return newStorage(this.spec.dtype, rows * this.size);
    return {
      cells: new Array<readonly Converted[] | undefined>(rows).fill(undefined),
      dims: undefined,
    } satisfies OpenCells;
  }

  /** Takes one cell: converts, validates, stores. */
  cell(pass: DecodePass, row: number, given: unknown, room: unknown): void {
    const { spec } = this;
    const value = given === undefined ? (spec.default ?? (spec.nullable ? null : undefined)) : given;
    if (value === undefined) pass.violate(row, spec.name, 'required', undefined, `${spec.name} is missing`);
    else if (value === null) this.nullCell(pass, row);
    else if (spec.dtype.kind === 'list') this.listCell(pass, row, value, room as OpenCells);
    else if (spec.shape.length > 0) this.vectorCell(pass, row, value, room);
    else this.scalarCell(pass, row, value, room as Storage);
  }

  private nullCell(pass: DecodePass, row: number): void {
    if (this.spec.nullable) pass.setNull(this.index, row);
    else pass.violate(row, this.spec.name, 'null', null, `${this.spec.name} must not be null`);
  }

  private scalarCell(pass: DecodePass, row: number, value: unknown, room: Storage): void {
    const converted = this.convert(value, pass.infinite);
    if (converted instanceof Refusal) return this.refuse(pass, row, value, converted);
    this.rules.scalar(pass, row, converted);
    store(this.spec.dtype, room, row, converted);
  }

  private vectorCell(pass: DecodePass, row: number, value: unknown, room: unknown): void {
    const dims = this.size >= 0 ? this.spec.shape : ((room as OpenCells).dims ?? this.spec.shape);
    const flat = flatten(value, dims);
    if (flat instanceof Refusal) return this.refuse(pass, row, value, flat);
    const values = this.convertAll(pass, row, flat.values);
    if (!values) return;
    if (this.size < 0) {
      (room as OpenCells).dims = flat.dims;
      (room as OpenCells).cells[row] = values;
    } else {
      for (let i = 0; i < values.length; i++) store(this.spec.dtype, room as Storage, row * this.size + i, values[i]!);
    }
  }

  private listCell(pass: DecodePass, row: number, value: unknown, room: OpenCells): void {
    if (!isArrayLike(value)) return this.refuse(pass, row, value, new Refusal('dtype', 'must be an array'));
    room.cells[row] = this.convertAll(pass, row, value);
  }

  /** The values of one vector or list; reports the first that does not fit. */
  private convertAll(pass: DecodePass, row: number, given: ArrayLike<unknown>): readonly Converted[] | undefined {
    const values: Converted[] = [];
    for (let i = 0; i < given.length; i++) {
      const item = given[i];
      const converted = item === null || item === undefined ? NO_NULL : this.convert(item, pass.infinite);
      if (converted instanceof Refusal) {
        this.refuse(pass, row, item, new Refusal(converted.rule, `${converted.text} at index ${i}`));
        return undefined;
      }
      values.push(converted);
    }
    this.rules.array(pass, row, values);
    return values;
  }

  private refuse(pass: DecodePass, row: number, value: unknown, { rule, text }: Refusal): void {
    pass.violate(row, this.spec.name, rule, value, `${this.spec.name} ${text}`);
  }

  /** The finished column. */
  close(pass: DecodePass, room: unknown): Column {
    const { dtype, shape } = this.spec;
    const validity = pass.validity?.[this.index];
    const length = pass.rows;
    if (this.size >= 0)
      return new Column({
        dtype,
        length,
        shape: shape.length > 0 ? (shape as readonly number[]) : undefined,
        data: asColumnData(room as Storage),
        validity,
      });
    const { cells, dims } = room as OpenCells;
    if (dtype.kind === 'list') return new Column({ dtype, length, data: this.listData(cells), validity });
    const sizes = dims ?? shape.map((dim) => dim ?? 0);
    const size = sizeOf(sizes);
    // Null rows take room that they did not take in the request.
    pass.takeBytes(length * size * bytesPerValue(dtype));
    const data = newStorage(dtype, length * size);
    cells.forEach((values, row) => values?.forEach((value, i) => store(dtype, data, row * size + i, value)));
    return new Column({ dtype, length, shape: sizes, data: asColumnData(data), validity });
  }

  private listData(cells: OpenCells['cells']): { offsets: Int32Array; values: Column } {
    const item = this.spec.dtype.item!;
    const offsets = new Int32Array(cells.length + 1);
    cells.forEach((values, row) => (offsets[row + 1] = offsets[row]! + (values?.length ?? 0)));
    const total = offsets[cells.length]!;
    const data = newStorage(item, total);
    cells.forEach((values, row) => values?.forEach((value, i) => store(item, data, offsets[row]! + i, value)));
    return { offsets, values: new Column({ dtype: item, length: total, data: asColumnData(data) }) };
  }
}

const NO_NULL = new Refusal('null', 'must not be null');
