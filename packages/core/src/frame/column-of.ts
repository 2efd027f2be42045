import { allValid, type Bitmap, setNull } from './bitmap.js';
import { type Coercer, coercerOf, expectation, type StoredValue } from './coerce.js';
import { Column, type ColumnData, type NumericArray } from './column.js';
import { type DType, type DTypeInfo, parseDType } from './dtype.js';
import { frameError, shownValue } from './frame.errors.js';
import { arrayTypeOf } from './storage.js';

export interface ColumnOptions {
  /**
   * Inner shape; `null` stands for a size that the first cell sets.
   * @default [] (scalar)
   */
  readonly shape?: readonly (number | null)[];
  /** Whether `null` and `undefined` may stand among the values. @default true */
  readonly nullable?: boolean;
  /** Stands in for a missing (`undefined`) cell. */
  readonly default?: unknown;
  /** The column's name, for messages. @default 'column' */
  readonly name?: string;
}

type Cells = ArrayLike<unknown>;

/**
 * A column of `values`, each as it would stand in a record; types and ranges are checked, dates and safe integers are
 * converted. A typed array that already is the storage of a scalar dtype is used as it is, without a copy.
 *
 * Cells of a vector column are flat (row-major) or nested arrays or typed arrays; cells of a list are arrays.
 * @throws {CORE_ERR_FRAME_VALUE} for a value that the dtype cannot hold; the text names row and column
 */
export function columnOf(dtype: DType | DTypeInfo, values: Cells, options: ColumnOptions = {}): Column {
  const info = typeof dtype === 'string' ? parseDType(dtype) : dtype;
  const builder = new ColumnBuilder(info, values, options);
  if (info.kind === 'list') return builder.list();
  return options.shape?.length ? builder.vector(options.shape) : builder.scalar();
}

class ColumnBuilder {
  private validity: Bitmap | undefined;

  constructor(
    private readonly dtype: DTypeInfo,
    private readonly values: Cells,
    private readonly options: ColumnOptions,
  ) {}

  scalar(): Column {
    const { dtype, values } = this;
    const length = values.length;
    const Type = arrayTypeOf(dtype);
    if (Type && dtype.kind !== 'bool' && values instanceof Type) return new Column({ dtype, data: values, length });
    const data = Type ? new Type(length) : new Array<string | Uint8Array>(length).fill(emptyOf(dtype));
    const coerce = coercerOf(dtype);
    for (let row = 0; row < length; row++) {
      const value = this.present(row);
      if (value !== null) (data as StoredValue[])[row] = this.stored(coerce, value, row);
    }
    return new Column({ dtype, data: data as ColumnData, length, validity: this.validity });
  }

  vector(wanted: readonly (number | null)[]): Column {
    const { dtype, values } = this;
    const length = values.length;
    const shape = this.resolveShape(wanted);
    const size = shape.reduce((product, dim) => product * dim, 1);
    const Type = arrayTypeOf(dtype);
    const data = Type ? new Type(length * size) : new Array<string | Uint8Array>(length * size).fill(emptyOf(dtype));
    const coerce = coercerOf(dtype);
    for (let row = 0; row < length; row++) {
      const cell = this.present(row);
      if (cell !== null) this.fillCell(data as StoredValue[], cell, shape, row, coerce);
    }
    return new Column({ dtype, shape, data: data as ColumnData, length, validity: this.validity });
  }

  list(): Column {
    const { dtype, values } = this;
    const offsets = new Int32Array(values.length + 1);
    const items: unknown[] = [];
    for (let row = 0; row < values.length; row++) {
      const cell = this.present(row);
      if (cell !== null) {
        if (!isArrayLike(cell)) throw this.misfit(cell, row);
        for (let i = 0; i < cell.length; i++) items.push(cell[i]);
      }
      offsets[row + 1] = items.length;
    }
    const inner = columnOf(dtype.item!, items, { nullable: false, name: `${this.name} (its items)` });
    return new Column({ dtype, data: { offsets, values: inner }, length: values.length, validity: this.validity });
  }

  private get name(): string {
    return this.options.name ?? 'column';
  }

  /** The cell of a row with the default filled in; `null` (and marked so) for a missing one. */
  private present(row: number): unknown {
    let value = this.values[row];
    if (value === undefined) value = this.options.default;
    if (value !== null && value !== undefined) return value;
    if (this.options.nullable === false) {
      throw frameError(
        'CORE_ERR_FRAME_VALUE',
        `row ${row} of ${this.name}: a value is missing, and the column is not nullable`,
      );
    }
    setNull((this.validity ??= allValid(this.values.length)), row);
    return null;
  }

  private stored(coerce: Coercer, value: unknown, row: number): StoredValue {
    const stored = coerce(value);
    if (stored === undefined) throw this.misfit(value, row);
    return stored;
  }

  private misfit(value: unknown, row: number, wanted = expectation(this.dtype)): Error {
    return frameError(
      'CORE_ERR_FRAME_VALUE',
      `row ${row} of ${this.name}: got ${shownValue(value)}, expected ${wanted}`,
    );
  }

  private resolveShape(wanted: readonly (number | null)[]): number[] {
    const unknown = wanted.filter((dim) => dim === null).length;
    if (unknown === 0) return wanted as number[];
    const first = Array.prototype.find.call(
      this.values,
      (value: unknown) => value !== null && value !== undefined,
    ) as unknown;
    if (!isArrayLike(first)) return wanted.map((dim) => dim ?? 0);
    const seen = dimensions(first);
    if (seen.length === wanted.length) return wanted.map((dim, i) => dim ?? seen[i]!);
    const known = wanted.reduce<number>((product, dim) => product * (dim ?? 1), 1);
    if (unknown === 1 && seen.length === 1 && known > 0 && seen[0]! % known === 0)
      return wanted.map((dim) => dim ?? seen[0]! / known);
    throw this.misfit(first, 0, `a vector of shape [${wanted.map((dim) => dim ?? '?').join(', ')}]`);
  }

  private fillCell(data: StoredValue[], cell: unknown, shape: readonly number[], row: number, coerce: Coercer): void {
    const size = shape.reduce((product, dim) => product * dim, 1);
    const end = this.fill(data, cell, shape, 0, row * size, row, coerce);
    if (end !== (row + 1) * size) throw this.wrongShape(cell, shape, row);
  }

  /** Writes a cell, flat or nested, from `at`; gives the index after the last value written. */
  private fill(
    data: StoredValue[],
    cell: unknown,
    shape: readonly number[],
    depth: number,
    at: number,
    row: number,
    coerce: Coercer,
  ): number {
    const flat = shape.slice(depth).reduce((product, dim) => product * dim, 1);
    if (!isArrayLike(cell)) throw this.wrongShape(cell, shape, row);
    const nested =
      depth < shape.length - 1 &&
      isArrayLike(cell[0]) &&
      !(this.dtype.kind === 'binary' && cell[0] instanceof Uint8Array);
    if (cell.length !== (nested ? shape[depth] : flat)) throw this.wrongShape(cell, shape, row);
    let next = at;
    for (let i = 0; i < cell.length; i++) {
      if (nested) next = this.fill(data, cell[i], shape, depth + 1, next, row, coerce);
      else data[next++] = this.stored(coerce, cell[i], row);
    }
    return next;
  }

  private wrongShape(cell: unknown, shape: readonly number[], row: number): Error {
    const seen = isArrayLike(cell) ? `a vector of shape [${dimensions(cell).join(', ')}]` : shownValue(cell);
    return frameError(
      'CORE_ERR_FRAME_VALUE',
      `row ${row} of ${this.name}: got ${seen}, expected shape [${shape.join(', ')}]`,
    );
  }
}

function emptyOf(dtype: DTypeInfo): string | Uint8Array {
  return dtype.kind === 'utf8' ? '' : EMPTY_BYTES;
}

const EMPTY_BYTES = new Uint8Array(0);

export function isArrayLike(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

/** The sizes along the first elements of nested arrays. */
function dimensions(cell: ArrayLike<unknown>): number[] {
  const dims: number[] = [];
  for (let level: unknown = cell; isArrayLike(level) && dims.length < 32; level = level[0]) dims.push(level.length);
  return dims;
}

/** A typed array that can store a column. */
export function isNumericArray(data: unknown): data is NumericArray {
  return ArrayBuffer.isView(data) && !(data instanceof DataView) && !(data instanceof Uint8ClampedArray);
}

/** A column of no rows. */
export function emptyColumn(dtype: DType | DTypeInfo, shape: readonly number[] = []): Column {
  return columnOf(dtype, [], { shape });
}
