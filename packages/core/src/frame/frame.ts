import { Column } from './column.js';

/** A record: one row of a Frame as a plain object. */
export type AnyRecord = Record<string, unknown>;

/**
 * Named columns of equal row count: the one data type that moves through Witan. `T` is the record type of a row
 * (usually a schema class). Immutable by convention; `slice`, `select` and `with` share storage.
 */
export class Frame<T extends object = AnyRecord> {
  /** Only for the type checker: keeps `Frame<A>` and `Frame<B>` apart. */
  declare readonly __record?: T;
  readonly rows: number;
  readonly columns: ReadonlyMap<string, Column>;

  constructor(columns: Iterable<readonly [string, Column]>, rows?: number) {
    this.columns = columns instanceof Map ? columns : new Map(columns);
    const [first] = this.columns.values();
    this.rows = rows ?? first?.length ?? 0;
    for (const [name, column] of this.columns) {
      if (column.length !== this.rows) {
        throw new RangeError(`column '${name}' has ${column.length} rows, the frame has ${this.rows}`);
      }
    }
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
}
