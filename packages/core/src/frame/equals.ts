import { type Column, type DictionaryData, isDictionary, type ListData } from './column.js';
import { sameShape } from './concat.js';
import { sameDType } from './dtype.js';

/**
 * Same length, dtype, shape, nulls and values. How it is stored does not count: a dictionary equals plain strings, a
 * slice equals a copy. NaN equals NaN, and 0 equals -0.
 */
export function columnsEqual(a: Column, b: Column): boolean {
  if (a === b) return true;
  if (a.length !== b.length || !sameDType(a.dtype, b.dtype) || !sameShape(a.shape, b.shape)) return false;
  for (let row = 0; row < a.length; row++) {
    if (a.isNull(row) !== b.isNull(row)) return false;
    if (!a.isNull(row) && !cellsEqual(a, b, row)) return false;
  }
  return true;
}

function cellsEqual(a: Column, b: Column, row: number): boolean {
  if (a.dtype.kind === 'list') return listCellsEqual(a.data as ListData, b.data as ListData, row);
  const start = row * a.size;
  for (let i = start; i < start + a.size; i++) if (!valuesEqual(storedValue(a, i), storedValue(b, i))) return false;
  return true;
}

function listCellsEqual(a: ListData, b: ListData, row: number): boolean {
  const [startA, startB] = [a.offsets[row]!, b.offsets[row]!];
  const count = a.offsets[row + 1]! - startA;
  if (count !== b.offsets[row + 1]! - startB) return false;
  for (let i = 0; i < count; i++) {
    if (!valuesEqual(storedValue(a.values, startA + i), storedValue(b.values, startB + i))) return false;
  }
  return true;
}

function storedValue(column: Column, index: number): unknown {
  const data = column.data;
  if (isDictionary(data)) return data.values[(data as DictionaryData).codes[index]!];
  return (data as readonly unknown[])[index];
}

function valuesEqual(a: unknown, b: unknown): boolean {
  if (a === b || (a !== a && b !== b)) return true;
  return a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0;
}

/** Same column names in the same order, each equal. */
export function columnMapsEqual(a: ReadonlyMap<string, Column>, b: ReadonlyMap<string, Column>): boolean {
  if (a.size !== b.size) return false;
  const names = b.keys();
  for (const [name, column] of a) {
    if (names.next().value !== name || !columnsEqual(column, b.get(name)!)) return false;
  }
  return true;
}
