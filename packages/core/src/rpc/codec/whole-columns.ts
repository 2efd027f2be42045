import { isValid } from '../../frame/bitmap.js';
import { Column, type ColumnData } from '../../frame/column.js';
import type { Violations } from '../../schema/violations.js';
import type { FieldPlan } from '../proto/field-plan.js';
import { allowsNull, storeCell } from './cell-issues.js';
import { listColumn, openShape, shapeSaid } from './row-columns.js';
import { Slot } from './slot.js';
import { valueKind, type WireLayout } from './wire-fields.js';

/** The rows of a columns message: as it says, or as its first column has. */
export function rowCountOf(layout: WireLayout, slots: readonly Slot[]): number {
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

/** One column of a columns message, with its companions; `undefined` after a violation. */
export function wholeColumn(
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
