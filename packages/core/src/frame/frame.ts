import type { Table } from 'apache-arrow';
import type { DataFrame } from 'nodejs-polars';

import type { SchemaSpec } from '../schema/spec.js';
import { columnFrom, columnsBySpec, columnsByValues, type ColumnSource } from './build-frame.js';
import { Column } from './column.js';
import { compactColumn } from './compact.js';
import { concatColumnMaps } from './concat.js';
import { columnMapsEqual } from './equals.js';
import { frameError } from './frame.errors.js';
import { recordsOf } from './records.js';

/** A record: one row of a Frame as a plain object. */
export type AnyRecord = Record<string, unknown>;

/** Where a Frame was formed: `'gate'` marks the batches of a handler's gate, so that a model's gate adds no second delay. */
export type FrameOrigin = 'gate' | undefined;

/** Whose rows a Frame has, for what watches; Frames know of no requests, and handler/context.ts says what it holds. */
export interface FrameSource {}

/**
 * Named columns of equal row count: the one data type that moves through Witan. `T` is the record type of a row
 * (usually a schema class). Immutable by convention; `slice`, `select` and `with` share storage.
 */
export class Frame<T extends object = AnyRecord> {
  /** Only for the type checker: keeps `Frame<A>` and `Frame<B>` apart. */
  declare readonly __record?: T;
  readonly rows: number;
  readonly columns: ReadonlyMap<string, Column>;
  /** @internal */
  readonly origin: FrameOrigin;
  /** @internal */
  source: FrameSource | undefined;

  /**
   * @param rows needed only for a frame without columns
   * @throws {RangeError} when a column has another number of rows
   */
  constructor(columns: Iterable<readonly [string, Column]>, rows?: number, origin?: FrameOrigin, source?: FrameSource) {
    this.columns = columns instanceof Map ? columns : new Map(columns);
    this.rows = rows ?? firstLength(this.columns);
    this.origin = origin;
    this.source = source;
    for (const [name, column] of this.columns) {
      if (column.length !== this.rows) {
        throw new RangeError(`column '${name}' has ${column.length} rows, the frame has ${this.rows}`);
      }
    }
  }

  /**
   * Frames with the same columns (in any order), dtypes and inner shapes, end to end; dictionaries are merged. A
   * single frame is returned as it is.
   * @throws {CORE_ERR_FRAME_CONCAT} when the columns differ
   * @throws {RangeError} for no frames
   */
  static concat<T extends object>(frames: readonly Frame<T>[]): Frame<T> {
    const first = frames[0];
    if (!first) throw new RangeError('Frame.concat needs at least one frame: without one there are no columns');
    if (frames.length === 1) return first;
    let rows = 0;
    const maps: ReadonlyMap<string, Column>[] = [];
    for (const frame of frames) {
      rows += frame.rows;
      maps.push(frame.columns);
    }
    return new Frame<T>(concatColumnMaps(maps, rows), rows);
  }

  /**
   * A Frame of plain objects. With a schema, its columns are taken and each value is checked and converted to its
   * dtype (rules such as `Min` are not run); without one, the types are inferred from the values and a key that some
   * records lack becomes a nullable column. See docs/guide/frame.md for both tables.
   * @throws {CORE_ERR_FRAME_VALUE} for a value that does not fit; the text names row and column
   */
  static fromRecords<T extends object = AnyRecord>(
    records: readonly object[],
    spec?: Pick<SchemaSpec, 'columns'>,
  ): Frame<T> {
    for (let row = 0; row < records.length; row++) {
      const record: unknown = records[row];
      if (typeof record === 'object' && record !== null && !Array.isArray(record)) continue;
      throw frameError('CORE_ERR_FRAME_VALUE', `row ${row}: a record must be a plain object`);
    }
    return new Frame<T>(spec ? columnsBySpec(records, spec.columns) : columnsByValues(records), records.length);
  }

  /**
   * A Frame of named columns: typed arrays keep their dtype and are not copied, plain arrays are inferred as
   * {@link fromRecords} does, and a `Column` (see `columnOf`) says everything itself.
   * @example
   * Frame.fromColumns({ x: new Float32Array([1, 2]), name: ['a', 'b'] });
   */
  static fromColumns<T extends object = AnyRecord>(columns: Readonly<Record<string, ColumnSource>>): Frame<T> {
    const out = new Map<string, Column>();
    for (const [name, source] of Object.entries(columns)) out.set(name, columnFrom(name, source));
    return new Frame<T>(out);
  }

  /**
   * A Frame of a Polars DataFrame, through Arrow IPC (both sides copy).
   * @throws {CORE_ERR_ARROW_UNSUPPORTED} for columns that Frame does not hold (Struct, Decimal, Time, …)
   */
  static async fromPolars<T extends object = AnyRecord>(dataFrame: DataFrame): Promise<Frame<T>> {
    const { fromPolars } = await import('./interop/polars.js');
    return fromPolars(dataFrame) as Frame<T>;
  }

  /**
   * A Frame of an apache-arrow Table, through Arrow IPC.
   * @throws {CORE_ERR_ARROW_UNSUPPORTED} for columns that Frame does not hold
   */
  static async fromArrow<T extends object = AnyRecord>(table: Table): Promise<Frame<T>> {
    const { fromArrow } = await import('./interop/apache-arrow.js');
    return (await fromArrow(table)) as Frame<T>;
  }

  /** Same column names in the same order, dtypes, shapes, nulls and values (NaN equals NaN). For tests. */
  static equals(a: Frame<object>, b: Frame<object>): boolean {
    return a.rows === b.rows && columnMapsEqual(a.columns, b.columns);
  }

  get names(): string[] {
    return [...this.columns.keys()];
  }

  /**
   * The column of that name.
   * @throws {RangeError} when there is none; the text lists the names that exist.
   */
  column(name: keyof T & string): Column {
    const column = this.columns.get(name);
    if (!column) throw new RangeError(`no column '${name}': this frame has ${this.names.join(', ') || 'no columns'}`);
    return column;
  }

  /**
   * Rows `start` (inclusive) to `end` (exclusive, at most `rows`). Shares storage: a slice keeps the whole frame
   * alive, so {@link compact} what is kept for long.
   * @throws {RangeError} when `start` or `end` is no row of this frame
   */
  slice(start: number, end: number = this.rows): Frame<T> {
    if (start === 0 && end === this.rows) return this;
    if (!(Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end && end <= this.rows)) {
      throw new RangeError(`cannot slice rows ${start} to ${end} of a frame of ${this.rows} rows`);
    }
    const columns = new Map<string, Column>();
    for (const [name, column] of this.columns) columns.set(name, column.slice(start, end));
    return new Frame<T>(columns, end - start, this.origin, this.source);
  }

  /**
   * The named columns, in the order given.
   * @throws {RangeError} for a name that this frame has not
   */
  select<K extends keyof T & string>(names: readonly K[]): Frame<Pick<T, K>> {
    const columns = new Map<string, Column>();
    for (const name of names) columns.set(name, this.column(name));
    return new Frame<Pick<T, K>>(columns, this.rows, this.origin, this.source);
  }

  /**
   * This frame with one more column, or with the column of that name replaced (its place is kept).
   * @throws {RangeError} when the column has another number of rows
   */
  with<K extends string, V = unknown>(name: K, column: ColumnSource): Frame<Omit<T, K> & Record<K, V>> {
    const columns = new Map(this.columns);
    columns.set(name, columnFrom(name, column));
    const rows = this.columns.size > 0 ? this.rows : undefined;
    return new Frame<Omit<T, K> & Record<K, V>>(columns, rows, this.origin, this.source);
  }

  /** Every row as a plain object. Vectors are views of the columns' storage, not copies. */
  records(): T[] {
    return recordsOf(this.columns, this.rows) as T[];
  }

  /** This frame in storage of its own, so that the batch or the message that it was cut from can be freed. */
  compact(): Frame<T> {
    const columns = new Map<string, Column>();
    for (const [name, column] of this.columns) columns.set(name, compactColumn(column));
    return new Frame<T>(columns, this.rows, this.origin, this.source);
  }

  /** This frame with its origin noted; `slice`, `select`, `with` and `compact` keep it. @internal */
  markedAs(origin: FrameOrigin, source?: FrameSource): Frame<T> {
    if (this.origin === origin && this.source === source) return this;
    return new Frame<T>(this.columns, this.rows, origin, source);
  }

  /**
   * A Polars DataFrame of this frame, through Arrow IPC (both sides copy). Needs the package nodejs-polars. Polars has
   * no f16 and no timestamps in seconds: they become f32 and milliseconds.
   * @throws {CORE_ERR_FRAME_PEER} when nodejs-polars is not installed
   */
  async toPolars(): Promise<DataFrame> {
    const { toPolars } = await import('./interop/polars.js');
    return toPolars(this);
  }

  /**
   * An apache-arrow Table of this frame, through Arrow IPC (one copy). Needs the package apache-arrow.
   * @throws {CORE_ERR_FRAME_PEER} when apache-arrow is not installed
   */
  async toArrow(): Promise<Table> {
    const { toArrow } = await import('./interop/apache-arrow.js');
    return toArrow(this);
  }
}

function firstLength(columns: ReadonlyMap<string, Column>): number {
  for (const column of columns.values()) return column.length;
  return 0;
}
