import { allValid, setNull } from '../../frame/bitmap.js';
import { Column, type ColumnData } from '../../frame/column.js';
import type { FieldPlan } from '../proto/field-plan.js';
import { allowsNull, type CellIssues } from './cell-issues.js';
import { type CodecLimits, refuseBytes } from './frame-ports.js';
import { bytesPerValue, Slot } from './slot.js';
import type { WireLayout } from './wire-fields.js';

/** The column of a field that every row message had, from the values that were decoded. */
export function rowColumn(plan: FieldPlan, slot: Slot, rows: number): Column {
  const { dtype, shape } = plan.column;
  if (plan.form === 'list') return listColumn(plan, slot, slot.offsets!, rows);
  const parts = { dtype, length: rows, data: slot.data as ColumnData, validity: slot.validity };
  return new Column(plan.form === 'vector' ? { ...parts, shape: shape as number[] } : parts);
}

export function listColumn(
  plan: FieldPlan,
  slot: Slot,
  offsets: Int32Array,
  rows: number,
  validity?: Uint8Array,
): Column {
  const { dtype } = plan.column;
  const values = new Column({ dtype: dtype.item!, length: slot.used, data: slot.values() as ColumnData });
  return new Column({ dtype, length: rows, data: { offsets, values }, validity });
}

/** The inner shape that a caller said in the companion field; the last one counts for all rows. */
export function shapeSaid(layout: WireLayout, slots: readonly Slot[], i: number): number[] | undefined {
  const slot = slots[layout.shapes[i] ?? -1];
  const dimensions = layout.plans[i]!.column.shape.length;
  if (!slot || slot.used < dimensions) return undefined;
  return Array.from((slot.data as Uint32Array).subarray(slot.used - dimensions, slot.used));
}

/** The inner shape of cells of `size` values: what was said if it fits, or what follows when one dimension is open. */
export function openShape(plan: FieldPlan, size: number, said: number[] | undefined): number[] | undefined {
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
export function openColumn(
  plan: FieldPlan,
  slot: Slot,
  said: number[] | undefined,
  rows: number,
  issues: CellIssues,
  limits: CodecLimits,
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
  // Null rows take room that they did not take on the wire.
  if (validity) refuseBytes(rows, rows * size * bytesPerValue(slot.kind), limits);
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
