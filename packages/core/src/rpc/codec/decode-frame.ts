import type { Column } from '../../frame/column.js';
import { Frame } from '../../frame/frame.js';
import { schemaError } from '../../schema/schema.errors.js';
import { validationError, type Violations } from '../../schema/violations.js';
import type { FieldPlan } from '../proto/field-plan.js';
import { CellIssues } from './cell-issues.js';
import { compileDecoder, type MessagesDecoder } from './compile-decoder.js';
import { type CodecLimits, refuseBytes } from './frame-ports.js';
import type { ProtoReader } from './proto-reader.js';
import { openColumn, rowColumn, shapeSaid } from './row-columns.js';
import { bytesPerValue, Slot } from './slot.js';
import { rowCountOf, wholeColumn } from './whole-columns.js';
import { columnsLayout, rowLayout, valueKind, type WireLayout } from './wire-fields.js';

/** Decodes the rows, or the columns message, of one schema from the wire into a Frame. */
export class FrameDecoder {
  private readonly rowWire: WireLayout;
  private readonly columnsWire: WireLayout;
  private readonly rowScalars: readonly number[];
  private readonly columnsScalars: readonly number[];
  private readonly decodeRows: MessagesDecoder;
  private readonly decodeColumns: MessagesDecoder;
  private readonly bytesPerRow: number;

  constructor(
    plans: readonly FieldPlan[],
    private readonly limits: CodecLimits,
  ) {
    this.rowWire = rowLayout(plans);
    this.columnsWire = columnsLayout(plans);
    this.rowScalars = scalarsOf(this.rowWire);
    this.columnsScalars = scalarsOf(this.columnsWire);
    this.decodeRows = compileDecoder(this.rowWire.fields);
    this.decodeColumns = compileDecoder(this.columnsWire.fields);
    this.bytesPerRow = plans.reduce((sum, plan) => sum + (plan.size ?? 1) * bytesPerValue(valueKind(plan.column)), 0);
  }

  /** `spans`: start and end of each row message within the reader's bytes. */
  rows(reader: ProtoReader, spans: readonly number[]): Frame {
    const rows = spans.length / 2;
    this.checkRows(rows);
    const { rowWire } = this;
    const slots = rowWire.fields.map(({ kind, form, size }) => {
      return form === 'list'
        ? new Slot(kind, rows, rows)
        : new Slot(kind, form === 'vector' ? rows * size : rows, undefined);
    });
    const issues = new CellIssues(rowWire, this.rowScalars, slots, rows);
    this.decodeRows(reader, spans, rows, slots, issues);
    const columns = new Map<string, Column>();
    rowWire.plans.forEach((plan, i) => {
      const column =
        plan.form === 'vector' && plan.size === undefined
          ? openColumn(plan, slots[i]!, shapeSaid(rowWire, slots, i), rows, issues, this.limits)
          : rowColumn(plan, slots[i]!, rows);
      if (column) columns.set(plan.column.name, column);
    });
    refuse(issues.violations);
    return new Frame(columns, rows);
  }

  /** The columns message between `start` and `end`. */
  columns(reader: ProtoReader, start: number, end: number): Frame {
    const { columnsWire } = this;
    const slots = columnsWire.fields.map(({ kind, form }) => new Slot(kind, form === 'list' ? 0 : 1, undefined));
    const issues = new CellIssues(columnsWire, this.columnsScalars, slots, 0);
    this.decodeColumns(reader, [start, end], 1, slots, issues);
    const rows = rowCountOf(columnsWire, slots);
    this.checkRows(rows);
    const columns = new Map<string, Column>();
    columnsWire.plans.forEach((plan, i) => {
      const column = wholeColumn(columnsWire, plan, slots, i, rows, issues.violations);
      if (column) columns.set(plan.column.name, column);
    });
    refuse(issues.violations);
    return new Frame(columns, rows);
  }

  private checkRows(rows: number): void {
    const { maxRows } = this.limits;
    if (rows > maxRows)
      throw schemaError(
        'CORE_ERR_ROWS_LIMIT',
        `the request has ${rows} rows, the limit is ${maxRows} (grpc.maxRows): split it`,
      );
    refuseBytes(rows, rows * this.bytesPerRow, this.limits);
  }
}

function scalarsOf(layout: WireLayout): number[] {
  return layout.fields.flatMap((field, index) => (field.form === 'scalar' ? [index] : []));
}

function refuse(violations: Violations): void {
  if (violations.list.length > 0) throw validationError(violations);
}
