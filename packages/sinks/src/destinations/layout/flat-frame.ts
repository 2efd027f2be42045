import {
  allValid,
  type Bitmap,
  Column,
  columnOf,
  type DType,
  Frame,
  fromFloat16Bits,
  type ListData,
  setNull,
} from '@witan/core/frame';
import type { LogRecord } from '../../sink/log-record.js';
import { typesText } from './column-types.js';

/** What stands before the names of columns that went in and came out. */
export const INPUT = 'input.';
export const OUTPUT = 'output.';

/** The columns of a record that say where it was made, one value for each of its rows. */
const KNOWN: readonly (readonly [string, DType, (record: LogRecord) => unknown])[] = [
  ['id', 'utf8', (record) => record.id],
  ['requestId', 'utf8', (record) => record.requestId],
  ['traceId', 'utf8', (record) => record.traceId],
  ['time', 'timestamp(ms, UTC)', (record) => BigInt(Math.round(record.epochMs))],
  ['kind', 'utf8', (record) => record.kind],
  ['point', 'utf8', (record) => record.point],
  ['service', 'utf8', (record) => record.service],
  ['model', 'utf8', (record) => record.model],
  ['version', 'utf8', (record) => record.version],
  ['alias', 'utf8', (record) => record.alias],
  ['experiment', 'utf8', (record) => record.experiment],
  ['variant', 'utf8', (record) => record.variant],
  ['durationMs', 'f64', (record) => record.durationMs],
  ['decodeMs', 'f64', (record) => record.phases?.decodeMs],
  ['queueMs', 'f64', (record) => record.phases?.queueMs],
  ['vectorizeMs', 'f64', (record) => record.phases?.vectorizeMs],
  ['tensorMs', 'f64', (record) => record.phases?.tensorMs],
  ['inferMs', 'f64', (record) => record.phases?.inferMs],
  ['encodeMs', 'f64', (record) => record.phases?.encodeMs],
  ['errorCode', 'utf8', (record) => record.error?.code],
  ['errorMessage', 'utf8', (record) => record.error?.message],
  ['rawType', 'utf8', (record) => record.raw?.contentType],
  ['rawBody', 'binary', (record) => record.raw?.body],
  ['inputRows', 'u32', (record) => record.input?.rows],
  ['outputRows', 'u32', (record) => record.output?.rows],
  ['types', 'utf8', (record) => typesText(record.input, record.output)],
];

/** Records of one text have the same columns: they may share a table. */
export function layoutOf(record: LogRecord): string {
  return typesText(record.input, record.output);
}

/**
 * Records of one layout as a table of one row for each row of theirs: what is known of the request again and again, then
 * `input.NAME` and `output.NAME`. A record without rows has one, with nulls; of two Frames the shorter ends with nulls.
 * Vectors are lists (of several sizes row-major), f16 is f32: Parquet's readers have no more in common.
 */
export function flatFrame(records: readonly LogRecord[]): Frame {
  const spans = records.map(rowsOf);
  const rows = spans.reduce((total, span) => total + span, 0);
  const columns = new Map<string, Column>();
  for (const [name, dtype, read] of KNOWN) columns.set(name, columnOf(dtype, repeated(records, spans, rows, read)));
  columns.set('row', rowNumbers(spans, rows));
  for (const [prefix, part] of [
    [INPUT, 'input'],
    [OUTPUT, 'output'],
  ] as const) {
    const names = records[0]?.[part]?.names ?? [];
    const frames = records.map((record, i) => padded(record[part], spans[i]!));
    if (names.length === 0) continue;
    const joined = Frame.concat(frames as Frame[]);
    for (const name of names) columns.set(prefix + name, plain(joined.column(name)));
  }
  return new Frame(columns, rows);
}

function rowsOf({ input, output }: LogRecord): number {
  return Math.max(1, input?.rows ?? 0, output?.rows ?? 0);
}

function repeated(
  records: readonly LogRecord[],
  spans: readonly number[],
  rows: number,
  read: (record: LogRecord) => unknown,
): unknown[] {
  const values = new Array<unknown>(rows);
  let at = 0;
  records.forEach((record, i) => {
    values.fill(read(record) ?? null, at, (at += spans[i]!));
  });
  return values;
}

function rowNumbers(spans: readonly number[], rows: number): Column {
  const numbers = new Uint32Array(rows);
  let at = 0;
  for (const span of spans) for (let row = 0; row < span; row++) numbers[at++] = row;
  return columnOf('u32', numbers);
}

/** With nulls to that many rows; nulls go into one column after the other, since a Frame knows no rows of nothing. */
function padded(frame: Frame | undefined, rows: number): Frame | undefined {
  if (!frame || frame.rows === rows) return frame;
  const columns = new Map<string, Column>();
  for (const [name, column] of frame.columns) {
    const nulls = columnOf(column.dtype, new Array<null>(rows - frame.rows).fill(null), { shape: column.shape });
    columns.set(name, Frame.concat([new Frame([[name, column]]), new Frame([[name, nulls]])]).column(name));
  }
  return new Frame(columns, rows);
}

/** In the types that Parquet and Polars have. */
function plain(column: Column): Column {
  const { dtype, length, shape, size, validity } = column;
  if (shape.length > 0) {
    const values = plain(new Column({ dtype, length: length * size, data: column.data }));
    const offsets = Int32Array.from({ length: length + 1 }, (_, row) => row * size);
    return listOf(values, offsets, length, validity);
  }
  if (dtype.kind === 'list') {
    const { offsets, values } = column.data as ListData;
    return listOf(plain(values), offsets, length, validity);
  }
  if (dtype.kind === 'f16') {
    const data = Float32Array.from(column.data as Uint16Array, fromFloat16Bits);
    return new Column({ dtype: 'f32', length, data, validity });
  }
  if (dtype.kind === 'timestamp' && dtype.unit === 's') return milliseconds(column);
  // Polars would make a categorical column of a dictionary.
  if (dtype.kind === 'utf8') return new Column({ dtype, length, data: column.strings(), validity });
  return column;
}

function listOf(values: Column, offsets: Int32Array, length: number, validity: Column['validity']): Column {
  return new Column({ dtype: `list<${values.dtype.name}>` as DType, length, data: { offsets, values }, validity });
}

/** A time that milliseconds cannot hold becomes null: it lies 292 million years away. */
function milliseconds({ dtype, length, data, validity }: Column): Column {
  const seconds = data as BigInt64Array;
  const isHeld = (count: bigint): boolean => BigInt.asIntN(64, count * 1000n) === count * 1000n;
  let valid: Bitmap | undefined = validity?.slice();
  for (let row = 0; row < length; row++) if (!isHeld(seconds[row]!)) setNull((valid ??= allValid(length)), row);
  const zone = dtype.zone === undefined ? '' : `, ${dtype.zone}`;
  const counts = seconds.map((count) => (isHeld(count) ? count * 1000n : 0n));
  return new Column({ dtype: `timestamp(ms${zone})` as DType, length, data: counts, validity: valid });
}
