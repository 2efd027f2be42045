import type { Column, DictionaryData, DTypeInfo, ListData } from '@witan/core/frame';
import { fromFloat16Bits } from '@witan/core/frame';
import type { SummaryKind } from './column-summary.js';

/** What takes a column's values: each of them once, in any order. */
export interface NumberTaker {
  add(value: number): void;
}

export interface TextTaker {
  add(text: string): void;
}

/** Texts and flags are counted one by one; all else is taken as numbers: dates as counts of their unit, bytes by their length. */
export function kindOf(dtype: DTypeInfo): SummaryKind {
  const { kind } = dtype.item ?? dtype;
  return kind === 'utf8' || kind === 'bool' ? 'category' : 'number';
}

/** Gives `taker` the stored values from `start` (inclusive) to `end` (exclusive). */
export function readNumbers(column: Column, start: number, end: number, taker: NumberTaker): void {
  const { data } = column;
  switch (column.dtype.kind) {
    case 'f16':
      for (let i = start; i < end; i++) taker.add(fromFloat16Bits((data as Uint16Array)[i]!));
      return;
    case 'i64':
    case 'u64':
    case 'timestamp':
    case 'duration':
      for (let i = start; i < end; i++) taker.add(Number((data as BigInt64Array)[i]!));
      return;
    case 'binary':
      for (let i = start; i < end; i++) taker.add((data as readonly Uint8Array[])[i]!.length);
      return;
    default:
      for (let i = start; i < end; i++) taker.add((data as Float32Array)[i]!);
  }
}

/** The same for texts and, as `'true'` and `'false'`, flags; numbers where the user wants them counted one by one. */
export function readTexts(column: Column, start: number, end: number, taker: TextTaker): void {
  const { data } = column;
  switch (column.dtype.kind) {
    case 'bool':
      for (let i = start; i < end; i++) taker.add((data as Uint8Array)[i] === 0 ? 'false' : 'true');
      return;
    case 'utf8':
      if ('codes' in data) readCodes(data, start, end, taker);
      else for (let i = start; i < end; i++) taker.add((data as readonly string[])[i]!);
      return;
    default:
      readNumbers(column, start, end, { add: (value) => taker.add(String(value)) });
  }
}

function readCodes({ codes, values }: DictionaryData, start: number, end: number, taker: TextTaker): void {
  for (let i = start; i < end; i++) taker.add(values[codes[i]!] ?? '');
}

/** Of a cell with more values, so many are looked at, evenly spread. */
export const MAX_CELL_VALUES = 4096;

/** How many values of a cell are looked at; of a list's cells by their mean. */
export function valuesPerCell({ dtype, data, length, size }: Column): number {
  if (dtype.kind !== 'list') return Math.min(size, MAX_CELL_VALUES);
  const { offsets } = data as ListData;
  return length === 0 ? 0 : Math.min((offsets[length]! - offsets[0]!) / length, MAX_CELL_VALUES);
}

/** The column whose values a cell's values are, and where the cell's begin and end in it. */
export function cellRange(column: Column, row: number): { values: Column; start: number; end: number } {
  if (column.dtype.kind === 'list') {
    const { offsets, values } = column.data as ListData;
    return { values, start: offsets[row]!, end: offsets[row + 1]! };
  }
  return { values: column, start: row * column.size, end: (row + 1) * column.size };
}
