import type { Column, DTypeInfo } from '@witan/core/frame';
import { type ColumnSummary, emptySummary, mergeInto, type Precision, type SummaryKind } from './column-summary.js';
import { CHUNK } from './number-summary.js';
import { cellRange, MAX_CELL_VALUES, readNumbers, readTexts } from './read-values.js';

/** Where a summary stands in time: what is being gathered, the window before it, and all that this process saw. */
export type WindowName = 'current' | 'last' | 'start';

const COST_OF_NEW_TEXT = 4;

/** One column's values on their way: numbers gather in a small chunk and are folded together. */
export class ColumnWatch {
  private current: ColumnSummary;
  private last: ColumnSummary | undefined;
  /** All windows before the current one. */
  private readonly past: ColumnSummary;
  private readonly chunk: Float64Array;
  private filled = 0;
  private foldAt: number;

  /**
   * @param element which element of a vector's cells; `undefined`: all of them
   * @param order columns of one frame fill up together: by this each folds at another row the first time
   */
  constructor(
    readonly dtype: DTypeInfo,
    readonly kind: SummaryKind,
    private readonly precision: Precision,
    private readonly element: number | undefined,
    order: number,
  ) {
    this.current = emptySummary(kind, precision);
    this.past = emptySummary(kind, precision);
    this.chunk = new Float64Array(kind === 'number' ? CHUNK : 0);
    this.foldAt = CHUNK / 2 + ((order * 7) % (CHUNK / 2));
  }

  /** What a value costs, in values of an ordinary column: texts that are nearly all new cost several times as much. */
  get cost(): number {
    return this.current.kind === 'category' && !this.current.isDistinctExact ? COST_OF_NEW_TEXT : 1;
  }

  /** Takes the cells of the first `count` of `rows`. */
  take(column: Column, rows: Int32Array, count: number): void {
    const { validity, size } = column;
    const isScalar = size === 1 && column.dtype.kind !== 'list';
    for (let i = 0; i < count; i++) {
      const row = rows[i]!;
      if (validity !== undefined && column.isNull(row)) this.current.nulls++;
      else if (isScalar) this.takeScalar(column, row);
      else if (this.element !== undefined) this.takeScalar(column, row * size + this.element);
      else this.takeCell(column, row);
    }
  }

  /** For {@link readNumbers}. @internal */
  add(value: number): void {
    this.chunk[this.filled++] = value;
    if (this.filled === this.foldAt) this.fold();
  }

  summary(window: WindowName): ColumnSummary | undefined {
    this.fold();
    if (window === 'current') return this.current;
    if (window === 'last') return this.last;
    const all = emptySummary(this.kind, this.precision);
    mergeInto(all, this.past);
    mergeInto(all, this.current);
    return all;
  }

  /** Ends the current window. */
  rotate(): void {
    this.fold();
    mergeInto(this.past, this.current);
    this.last = this.current;
    this.current = emptySummary(this.kind, this.precision);
  }

  private takeCell(column: Column, row: number): void {
    const { values, start, end } = cellRange(column, row);
    this.current.cells++;
    const step = (end - start) / MAX_CELL_VALUES;
    if (step <= 1) {
      this.takeValues(values, start, end);
      return;
    }
    for (let i = 0; i < MAX_CELL_VALUES; i++) {
      const at = start + Math.floor(i * step);
      this.takeValues(values, at, at + 1);
    }
  }

  private takeScalar(column: Column, at: number): void {
    this.current.cells++;
    this.takeValues(column, at, at + 1);
  }

  private takeValues(column: Column, start: number, end: number): void {
    if (this.current.kind === 'category') readTexts(column, start, end, this.current);
    else readNumbers(column, start, end, this);
  }

  private fold(): void {
    if (this.current.kind !== 'number' || this.filled === 0) return;
    const { filled } = this;
    // First, so that a fault in a fold cannot let the chunk overflow.
    this.filled = 0;
    this.foldAt = CHUNK;
    this.current.fold(this.chunk, filled);
  }
}
