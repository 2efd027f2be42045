import type { ColumnData, Frame, ListData } from '@witan/core/frame';
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

/** Bytes of a Frame's storage; strings at two bytes a character. */
export function bytesOfFrame({ columns }: Frame): number {
  let bytes = 0;
  for (const { data } of columns.values()) bytes += bytesOf(data);
  return bytes;
}

/** Bytes of the values that are kept to be compared. */
export function bytesOfOutputs(outputs: readonly NamedOutput[]): number {
  return outputs.reduce((sum, { values }) => sum + bytesOfValues(values), 0);
}

const PER_CELL = 16;

function bytesOf(data: ColumnData): number {
  if (ArrayBuffer.isView(data) || Array.isArray(data)) return bytesOfValues(data as ArrayLike<unknown>);
  if ('codes' in data) return data.codes.byteLength + bytesOfValues(data.values);
  const { offsets, values } = data as ListData;
  return offsets.byteLength + bytesOf(values.data);
}

/** All of them are looked at: one long text among many short ones is what somebody would send to pass a bound. */
export function bytesOfValues(values: ArrayLike<unknown>): number {
  if (ArrayBuffer.isView(values)) return values.byteLength;
  let bytes = values.length * PER_CELL;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value === 'string') bytes += value.length * 2;
    else if (ArrayBuffer.isView(value)) bytes += value.byteLength;
  }
  return bytes;
}
