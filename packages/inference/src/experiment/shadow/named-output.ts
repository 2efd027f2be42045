import type { Frame } from '@witan/core/frame';
import { fromFloat16Bits } from '@witan/core/frame';

/** An output's values, row-major, as they are compared. */
export interface NamedOutput {
  readonly name: string;
  readonly rows: number;
  readonly values: ArrayLike<unknown>;
}

/** The columns of an answer; those whose cells have lengths of their own are left out. */
export function outputsOfFrame({ columns, rows }: Frame): NamedOutput[] {
  const outputs: NamedOutput[] = [];
  for (const [name, column] of columns) {
    const { kind } = column.dtype;
    if (kind === 'list') continue;
    outputs.push({ name, rows, values: kind === 'utf8' ? column.strings() : numbersOf(column.data, kind) });
  }
  return outputs;
}

function numbersOf(data: unknown, kind: string): ArrayLike<unknown> {
  return kind === 'f16' ? Float32Array.from(data as Uint16Array, fromFloat16Bits) : (data as ArrayLike<unknown>);
}

/** Bytes of a Frame's storage; strings at two bytes a character, and no more than their first 1000 looked at. */
export function bytesOfFrame({ columns }: Frame): number {
  let bytes = 0;
  for (const { data, length } of columns.values()) bytes += bytesOf(data, length);
  return bytes;
}

const LOOKED_AT = 1_000;
const PER_CELL = 16;

function bytesOf(data: unknown, cells: number): number {
  if (ArrayBuffer.isView(data)) return data.byteLength;
  if (!Array.isArray(data)) return cells * PER_CELL;
  const some = Math.min(data.length, LOOKED_AT);
  let bytes = 0;
  for (let i = 0; i < some; i++) bytes += PER_CELL + sizeOf(data[i]);
  return some === 0 ? 0 : Math.ceil((bytes / some) * data.length);
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length * 2;
  return ArrayBuffer.isView(value) ? value.byteLength : 0;
}
