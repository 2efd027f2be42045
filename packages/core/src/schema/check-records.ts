import { Column } from '../frame/column.js';
import type { DecodePass } from './decode-pass.js';
import type { SchemaSpec } from './spec.js';

/** Rules that a value breaks before it is one of its column's: there is no cell to show to class-validator. */
const NO_CELL = new Set(['required', 'dtype', 'range', 'shape', 'null', 'unknown']);

/** Runs the rules that are class-validator's own on every row whose cells could be converted. */
export function checkRecords(spec: SchemaSpec, pass: DecodePass, columns: ReadonlyMap<string, Column>): void {
  const { checkRecord } = spec;
  if (!checkRecord) return;
  const broken = new Set<number>();
  for (const { row, rule } of pass.violations.list) if (NO_CELL.has(rule)) broken.add(row);
  if (broken.has(-1)) return;
  for (let row = 0; row < pass.rows; row++) {
    if (broken.has(row)) continue;
    for (const { column, rule, message } of checkRecord(recordAt(columns, row), row)) {
      pass.violate(row, column, rule, recordAt(columns, row)[column], message);
    }
  }
}

/** A row as class-validator sees it: vectors and lists as plain arrays, because it knows no typed ones. */
export function recordAt(columns: ReadonlyMap<string, Column>, row: number): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (const [name, column] of columns) {
    const value = column.get(row);
    const isArray = ArrayBuffer.isView(value) && column.dtype.kind !== 'binary';
    record[name] = isArray ? Array.from(value as unknown as ArrayLike<unknown>) : value;
  }
  return record;
}
