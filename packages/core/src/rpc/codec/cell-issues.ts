import { setNull, allValid } from '../../frame/bitmap.js';
import { coercerOf, type StoredValue } from '../../frame/coerce.js';
import type { DTypeInfo } from '../../frame/dtype.js';
import type { ColumnSpec } from '../../schema/spec.js';
import { Violations } from '../../schema/violations.js';
import type { Issues } from './compile-decoder.js';
import type { Slot } from './slot.js';
import type { WireLayout } from './wire-fields.js';

/**
 * Settles the cells that a request left out or filled wrongly: a missing one gets its default, or is null, or is a
 * violation; values out of range and vectors of a wrong length are violations.
 */
export class CellIssues implements Issues {
  readonly violations = new Violations();

  constructor(
    private readonly layout: WireLayout,
    private readonly scalars: readonly number[],
    private readonly slots: readonly Slot[],
    private readonly rows: number,
  ) {}

  range(row: number, field: number, value: number): void {
    const column = this.layout.plans[field]?.column;
    if (!column) return;
    const at = this.layout.rowCount < 0 ? row : -1;
    this.violations.add(at, column.name, 'range', value, `${column.name} must fit ${column.dtype.name}`);
  }

  size(row: number, field: number, count: number): void {
    const { column, size } = this.layout.plans[field]!;
    if (count === 0) return this.fill(row, field);
    const seen = count < 0 ? `more than ${size}` : String(count);
    this.violations.add(
      row,
      column.name,
      'shape',
      count < 0 ? undefined : count,
      `${column.name} must have ${size} values, not ${seen}`,
    );
  }

  missing(row: number, first: number, mask: number): void {
    for (let bit = 0; bit < 30 && first + bit < this.scalars.length; bit++) {
      if ((mask & (1 << bit)) === 0 && this.scalars[first + bit]! < this.layout.plans.length)
        this.fill(row, this.scalars[first + bit]!);
    }
  }

  /** Gives a missing cell its default, or null; otherwise it is a violation. */
  fill(row: number, field: number): void {
    const column = this.layout.plans[field]!.column;
    const slot = this.slots[field]!;
    const size = this.layout.plans[field]!.size ?? 1;
    if (column.default !== undefined && column.default !== null)
      return storeCell(slot, column.dtype, row * size, size, column.default);
    if (!allowsNull(column))
      return this.violations.add(row, column.name, 'required', undefined, `${column.name} is missing`);
    slot.validity ??= allValid(this.rows);
    setNull(slot.validity, row);
    if (column.dtype.kind === 'utf8' || column.dtype.kind === 'binary') blank(slot, column.dtype, row * size, size);
  }
}

export function allowsNull(column: ColumnSpec): boolean {
  return column.nullable || column.default === null;
}

/** Arrays of text and bytes have no holes, for null cells either. */
function blank(slot: Slot, dtype: DTypeInfo, at: number, size: number): void {
  const data = slot.data as unknown[];
  for (let i = 0; i < size; i++) data[at + i] = dtype.kind === 'utf8' ? '' : new Uint8Array(0);
}

/** Writes a record's value (a scalar, or `size` values) into a slot's storage from index `at`. */
export function storeCell(slot: Slot, dtype: DTypeInfo, at: number, size: number, value: unknown): void {
  const coerce = coercerOf(dtype);
  const values =
    typeof value === 'object' && value !== null && 'length' in value && !(dtype.kind === 'binary' && size === 1)
      ? (value as ArrayLike<unknown>)
      : undefined;
  for (let i = 0; i < size; i++)
    (slot.data as unknown as StoredValue[])[at + i] = coerce(values ? values[i] : value) as StoredValue;
}
