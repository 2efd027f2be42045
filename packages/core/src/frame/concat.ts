import { allValid, type Bitmap, copyBits } from './bitmap.js';
import { sameDType } from './dtype.js';
import { Column, type DictionaryData, isDictionary, type ListData, type NumericArray, spelledOut } from './column.js';
import { frameError } from './frame.errors.js';

/** Columns of one dtype and inner shape, end to end. */
export function concatColumns(columns: readonly Column[], length: number): Column {
  const first = columns[0]!;
  return new Column({
    dtype: first.dtype,
    shape: first.shape,
    length,
    data: ArrayBuffer.isView(first.data) ? concatArrays(columns, length * first.size) : concatOther(columns),
    validity: concatValidity(columns, length),
  });
}

const COPIED_BY_HAND = 8;

function concatArrays(columns: readonly Column[], total: number): NumericArray {
  const first = columns[0]!.data as Float32Array;
  // Every column here has the same dtype, hence the same kind of array; Float32Array stands for all of them.
  const out = new (first.constructor as new (length: number) => Float32Array)(total);
  let at = 0;
  for (const column of columns) {
    const data = column.data as Float32Array;
    const { length } = data;
    // Requests of a row or two: `set` takes longer to begin than they take.
    if (length > COPIED_BY_HAND) out.set(data, at);
    else for (let i = 0; i < length; i++) out[at + i] = data[i]!;
    at += length;
  }
  return out;
}

function concatValidity(columns: readonly Column[], length: number): Bitmap | undefined {
  let out: Bitmap | undefined;
  let at = 0;
  for (const column of columns) {
    if (column.validity) copyBits((out ??= allValid(length)), at, column.validity, column.length);
    at += column.length;
  }
  return out;
}

function concatOther(columns: readonly Column[]): Column['data'] {
  switch (columns[0]!.dtype.kind) {
    case 'list':
      return concatLists(columns);
    case 'utf8':
      return columns.every((column) => isDictionary(column.data))
        ? concatDictionaries(columns)
        : columns.flatMap((column) => spelledOut(column.data));
    default:
      return columns.flatMap((column) => column.data as readonly Uint8Array[]);
  }
}

function concatDictionaries(columns: readonly Column[]): DictionaryData {
  const parts = columns.map((column) => column.data as DictionaryData);
  const codes = new Int32Array(parts.reduce((total, part) => total + part.codes.length, 0));
  const shared = parts.every((part) => part.values === parts[0]!.values);
  const values = shared ? parts[0]!.values : [...new Set(parts.flatMap((part) => part.values))];
  const codeOf = shared ? undefined : new Map(values.map((value, code) => [value, code]));
  let at = 0;
  for (const part of parts) {
    codes.set(codeOf ? part.codes.map((code) => codeOf.get(part.values[code]!) ?? 0) : part.codes, at);
    at += part.codes.length;
  }
  return { codes, values };
}

function concatLists(columns: readonly Column[]): ListData {
  const offsets = new Int32Array(columns.reduce((total, column) => total + column.length, 0) + 1);
  const items: Column[] = [];
  let row = 0;
  let base = 0;
  for (const column of columns) {
    const list = column.data as ListData;
    const start = list.offsets[0]!;
    const end = list.offsets[column.length]!;
    for (let i = 1; i <= column.length; i++) offsets[++row] = base + list.offsets[i]! - start;
    items.push(list.values.slice(start, end));
    base += end - start;
  }
  return { offsets, values: concatColumns(items, base) };
}

/** The columns of frames that all have the same names, dtypes and shapes, end to end; order as in the first. */
export function concatColumnMaps(maps: readonly ReadonlyMap<string, Column>[], rows: number): Map<string, Column> {
  const out = new Map<string, Column>();
  const first = maps[0]!;
  for (const map of maps) if (map.size !== first.size) throw differentColumns(first, map);
  for (const [name, column] of first) {
    const parts: Column[] = [];
    for (const map of maps) {
      const part = map.get(name);
      if (!part) throw differentColumns(first, map);
      if (part !== column) checkAlike(name, column, part);
      parts.push(part);
    }
    out.set(name, concatColumns(parts, rows));
  }
  return out;
}

function checkAlike(name: string, a: Column, b: Column): void {
  if (sameDType(a.dtype, b.dtype) && sameShape(a.shape, b.shape)) return;
  throw frameError(
    'CORE_ERR_FRAME_CONCAT',
    `cannot concatenate: column '${name}' is ${a.dtype.name} [${a.shape}] in one frame and ${b.dtype.name} [${b.shape}] in another`,
  );
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function differentColumns(a: ReadonlyMap<string, Column>, b: ReadonlyMap<string, Column>): Error {
  const names = (map: ReadonlyMap<string, Column>): string => [...map.keys()].join(', ') || 'none';
  return frameError(
    'CORE_ERR_FRAME_CONCAT',
    `cannot concatenate: the columns are ${names(a)} in one frame and ${names(b)} in another`,
  );
}
