import { Column, type ColumnData } from '../../frame/column.js';
import { allValid, isValid, setNull } from '../../frame/bitmap.js';
import { Frame } from '../../frame/frame.js';
import { schemaError } from '../../schema/schema.errors.js';
import { validationError, type Violations } from '../../schema/violations.js';
import type { FieldPlan } from '../proto/field-plan.js';
import { allowsNull, CellIssues, storeCell } from './cell-issues.js';
import { compileDecoder, type MessagesDecoder } from './compile-decoder.js';
import type { CodecLimits } from './frame-ports.js';
import type { ProtoReader } from './proto-reader.js';
import { bytesPerValue, Slot } from './slot.js';
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
          ? openColumn(plan, slots[i]!, shapeSaid(rowWire, slots, i), rows, issues)
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
    const { maxRows, maxDecodedBytes } = this.limits;
    if (rows > maxRows)
      throw schemaError(
        'CORE_ERR_ROWS_LIMIT',
        `the request has ${rows} rows, the limit is ${maxRows} (grpc.maxRows): split it`,
      );
    const bytes = rows * this.bytesPerRow;
    if (bytes > maxDecodedBytes) {
      throw schemaError(
        'CORE_ERR_ROWS_LIMIT',
        `the request's ${rows} rows take ${bytes} bytes once decoded, the limit is ${maxDecodedBytes} (grpc.maxDecodedBytes): split it`,
      );
    }
  }
}

function scalarsOf(layout: WireLayout): number[] {
  return layout.fields.flatMap((field, index) => (field.form === 'scalar' ? [index] : []));
}

function refuse(violations: Violations): void {
  if (violations.list.length > 0) throw validationError(violations);
}

function rowColumn(plan: FieldPlan, slot: Slot, rows: number): Column {
  const { dtype, shape } = plan.column;
  if (plan.form === 'list') return listColumn(plan, slot, slot.offsets!, rows);
  const parts = { dtype, length: rows, data: slot.data as ColumnData, validity: slot.validity };
  return new Column(plan.form === 'vector' ? { ...parts, shape: shape as number[] } : parts);
}

function listColumn(plan: FieldPlan, slot: Slot, offsets: Int32Array, rows: number, validity?: Uint8Array): Column {
  const { dtype } = plan.column;
  const values = new Column({ dtype: dtype.item!, length: slot.used, data: slot.values() as ColumnData });
  return new Column({ dtype, length: rows, data: { offsets, values }, validity });
}

/** The inner shape that a caller said in the companion field; the last one counts for all rows. */
function shapeSaid(layout: WireLayout, slots: readonly Slot[], i: number): number[] | undefined {
  const slot = slots[layout.shapes[i] ?? -1];
  const dimensions = layout.plans[i]!.column.shape.length;
  if (!slot || slot.used < dimensions) return undefined;
  return Array.from((slot.data as Uint32Array).subarray(slot.used - dimensions, slot.used));
}

/** The inner shape of cells of `size` values: what was said if it fits, or what follows when one dimension is open. */
function openShape(plan: FieldPlan, size: number, said: number[] | undefined): number[] | undefined {
  const { shape } = plan.column;
  const known = shape.reduce<number>((product, dimension) => product * (dimension ?? 1), 1);
  const open = shape.filter((dimension) => dimension === null).length;
  const found =
    said ?? (open === 1 && size % known === 0 ? shape.map((dimension) => dimension ?? size / known) : undefined);
  if (!found) return undefined;
  const fits = found.every((dimension, axis) => shape[axis] === null || shape[axis] === dimension);
  return fits && found.reduce((product, dimension) => product * dimension, 1) === size ? found : undefined;
}

/** Rows of vectors whose length is open must have one length within a request. */
function openColumn(
  plan: FieldPlan,
  slot: Slot,
  said: number[] | undefined,
  rows: number,
  issues: CellIssues,
): Column | undefined {
  const offsets = slot.offsets!;
  const { column } = plan;
  let size = 0;
  for (let row = 0; row < rows && size === 0; row++) size = offsets[row + 1]! - offsets[row]!;
  let validity: Uint8Array | undefined;
  for (let row = 0; row < rows; row++) {
    const count = offsets[row + 1]! - offsets[row]!;
    if (count === size && size > 0) continue;
    if (count > 0)
      issues.violations.add(
        row,
        column.name,
        'shape',
        count,
        `${column.name} must have as many values in every row: ${size}, not ${count}`,
      );
    else if (allowsNull(column)) setNull((validity ??= allValid(rows)), row);
    else issues.violations.add(row, column.name, 'required', undefined, `${column.name} is missing`);
  }
  const shape = openShape(plan, size, said);
  if (!shape && size > 0) issues.violations.add(-1, column.name, 'shape', size, shapeText(plan, size));
  if (!shape || issues.violations.list.length > 0) return undefined;
  const data = validity ? spread(slot, rows, size) : slot.values();
  return new Column({ dtype: column.dtype, shape, length: rows, data: data as ColumnData, validity });
}

function shapeText({ column, name }: FieldPlan, size: number): string {
  const wanted = column.shape.map((dimension) => dimension ?? '?').join(', ');
  return `${column.name} must have the inner shape [${wanted}], which ${size} values do not give; say it in ${name}_shape`;
}

/** Puts the values of the rows that have some where they belong; null rows hold zeros. */
function spread(slot: Slot, rows: number, size: number): ColumnData {
  const whole = new Slot(slot.kind, rows * size, undefined);
  const offsets = slot.offsets!;
  const from = slot.data as unknown as ArrayLike<never>;
  const to = whole.data as unknown as unknown[];
  const zero = slot.kind === 'utf8' ? '' : slot.kind === 'binary' ? new Uint8Array(0) : undefined;
  for (let row = 0; row < rows; row++) {
    const start = offsets[row]!;
    const has = offsets[row + 1]! > start;
    for (let k = 0; k < size; k++) {
      if (has) to[row * size + k] = from[start + k];
      else if (zero !== undefined) to[row * size + k] = zero;
    }
  }
  return whole.data as ColumnData;
}

/** The rows of a columns message: as it says, or as its first column has. */
function rowCountOf(layout: WireLayout, slots: readonly Slot[]): number {
  const said = (slots[layout.rowCount]!.data as Uint32Array)[0]!;
  if (said > 0) return said;
  for (const [i, plan] of layout.plans.entries()) {
    const { used } = slots[i]!;
    const lengths = slots[layout.lengths[i]!];
    if (lengths) {
      if (lengths.used > 0) return lengths.used;
    } else if (used > 0) {
      const size = plan.size ?? shapeSaid(layout, slots, i)?.reduce((product, dimension) => product * dimension, 1);
      if (size) return Math.floor(used / size);
    }
  }
  return 0;
}

function wholeColumn(
  layout: WireLayout,
  plan: FieldPlan,
  slots: readonly Slot[],
  i: number,
  rows: number,
  violations: Violations,
): Column | undefined {
  const { column } = plan;
  const slot = slots[i]!;
  const lengths = slots[layout.lengths[i]!];
  if (slot.used === 0 && rows > 0 && !(lengths && lengths.used > 0)) return absentColumn(plan, rows, violations);
  const validity = validityOf(layout, slots, i, rows, violations, column.name);
  if (lengths) return lengthsColumn(plan, slot, lengths, rows, validity, violations);
  const shape =
    plan.size === undefined
      ? openShape(plan, rows > 0 ? slot.used / rows : 0, shapeSaid(layout, slots, i))
      : (column.shape as number[]);
  const size = plan.size ?? (rows > 0 ? slot.used / rows : 0);
  if (!shape || slot.used !== rows * size) {
    violations.add(
      -1,
      column.name,
      'shape',
      slot.used,
      `${column.name} has ${slot.used} values, which ${rows} rows do not divide into`,
    );
    return undefined;
  }
  if (validity) settleNulls(plan, slot, size, rows, validity, violations);
  const parts = {
    dtype: column.dtype,
    length: rows,
    data: slot.values() as ColumnData,
    validity: allowsNull(column) ? validity : undefined,
  };
  return new Column(shape.length > 0 ? { ...parts, shape } : parts);
}

/** Fills the cells that a validity bitmap marks as missing where the column has a default. */
function settleNulls(
  { column }: FieldPlan,
  slot: Slot,
  size: number,
  rows: number,
  validity: Uint8Array,
  violations: Violations,
): void {
  const fallback = column.default;
  for (let row = 0; row < rows; row++) {
    if (isValid(validity, row)) continue;
    if (fallback !== undefined && fallback !== null) {
      storeCell(slot, column.dtype, row * size, size, fallback);
      validity[row >> 3]! |= 1 << (row & 7);
    } else if (!allowsNull(column))
      violations.add(row, column.name, 'required', undefined, `${column.name} is missing`);
  }
}

function validityOf(
  layout: WireLayout,
  slots: readonly Slot[],
  i: number,
  rows: number,
  violations: Violations,
  name: string,
): Uint8Array | undefined {
  const slot = slots[layout.validity[i] ?? -1];
  const bitmap = (slot?.data as Uint8Array[] | undefined)?.[0];
  if (!bitmap || bitmap.length === 0) return undefined;
  if (bitmap.length >= (rows + 7) >> 3) return bitmap;
  violations.add(-1, name, 'shape', bitmap.length, `${name}_validity must have a bit for each of ${rows} rows`);
  return undefined;
}

function absentColumn(plan: FieldPlan, rows: number, violations: Violations): Column | undefined {
  const { column } = plan;
  const fallback = column.default ?? undefined;
  if (fallback === undefined && !allowsNull(column)) {
    violations.add(-1, column.name, 'required', undefined, `${column.name} is missing`);
    return undefined;
  }
  // An open shape cannot be told without a value: the schema's own rules decide about the absent column.
  if (plan.size === undefined && plan.form === 'vector') return undefined;
  if (plan.form === 'list')
    return listColumn(
      plan,
      new Slot(valueKind(column), 0, undefined),
      new Int32Array(rows + 1),
      rows,
      new Uint8Array((rows + 7) >> 3),
    );
  const size = plan.size!;
  const slot = new Slot(column.dtype.kind, rows * size, undefined);
  for (let row = 0; row < rows; row++)
    storeCell(slot, column.dtype, row * size, size, fallback ?? ZERO_OF[column.dtype.kind] ?? 0);
  const validity = fallback === undefined ? new Uint8Array((rows + 7) >> 3) : undefined;
  return new Column({
    dtype: column.dtype,
    length: rows,
    data: slot.data as ColumnData,
    validity,
    shape: column.shape as number[],
  });
}

const ZERO_OF: Readonly<Record<string, unknown>> = {
  utf8: '',
  binary: new Uint8Array(0),
  bool: false,
  i64: 0n,
  u64: 0n,
  duration: 0n,
  timestamp: 0n,
};

function lengthsColumn(
  plan: FieldPlan,
  slot: Slot,
  lengths: Slot,
  rows: number,
  validity: Uint8Array | undefined,
  violations: Violations,
): Column | undefined {
  const offsets = new Int32Array(rows + 1);
  const counts = lengths.values() as Uint32Array;
  let total = 0;
  for (let row = 0; row < rows; row++) offsets[row + 1] = total += counts[row] ?? 0;
  if (counts.length === rows && total === slot.used) return listColumn(plan, slot, offsets, rows, validity);
  const { name } = plan.column;
  violations.add(
    -1,
    name,
    'shape',
    counts.length,
    `${name}_lengths must have ${rows} numbers that add up to the ${slot.used} values of ${name}`,
  );
  return undefined;
}
