import type { Column } from '../column.js';
import { Frame } from '../frame.js';
import { frameError, shownValue } from '../frame.errors.js';
import { bytesError, inferColumn, keysOf, pluck } from '../infer.js';

/** What JSON without a schema may hold. */
export interface InferLimits {
  /** @default 1_000_000 */
  readonly maxRows?: number;
  /** @default 4096 */
  readonly maxColumns?: number;
  /** All columns together, 8 bytes a value: absent keys and nulls take room too. @default 268_435_456 (256 MiB) */
  readonly maxBytes?: number;
  /** Looks at the text of a record that is itself JSON text, before it is parsed; throws to refuse it. */
  readonly checkText?: (text: string) => void;
}

const DEFAULT_MAX_BYTES = 256 * 1024 * 1024;

/**
 * A Frame of parsed JSON without a schema: an array of records, an object of equally long arrays (columns), or either
 * inside `{"records": …}` or `{"columns": …}`. Numbers become f64, also where `"NaN"`, `"Infinity"` or `"-Infinity"`
 * stand among them; text stays text, dates too; see `Frame.fromRecords` for the rest.
 * @throws {CORE_ERR_FRAME_INFER} when no column type fits
 * @throws {CORE_ERR_FRAME_LIMIT} for more rows, columns or bytes than the limits
 */
export function inferFrameFromJson(parsed: unknown, limits: InferLimits = {}): Frame {
  if (Array.isArray(parsed)) return fromRecords(parsed, limits);
  if (!isObject(parsed))
    throw cannot(`got ${shownValue(parsed)}, expected an array of records or an object of columns`);
  const keys = Object.keys(parsed);
  if (keys.includes('records') && keys.includes('columns'))
    throw cannot("'records' and 'columns' are both there: send one");
  if (Array.isArray(parsed['records']) && isRecordArray(parsed['records']))
    return fromRecords(parsed['records'], limits);
  if (isObject(parsed['columns'])) return fromColumns(parsed['columns'], limits);
  return fromColumns(parsed, limits);
}

/** `{"records": […]}` is an envelope unless it is a column of that name. */
function isRecordArray(values: readonly unknown[]): boolean {
  return values.length === 0 || isObject(values[0]) || typeof values[0] === 'string';
}

function fromRecords(records: readonly unknown[], limits: InferLimits): Frame {
  const { maxRows = 1_000_000, maxColumns = 4096 } = limits;
  if (records.length > maxRows) throw tooMany('rows', records.length, maxRows);
  const rows = records.map((record, row) => asRecord(record, row, limits.checkText));
  const names = keysOf(rows);
  if (names.size > maxColumns) throw tooMany('columns', names.size, maxColumns);
  refuseSparse(rows, names.size);
  const infer = inferrer(names.size, rows.length, limits);
  const columns = new Map<string, Column>();
  for (const name of names) columns.set(name, infer(name, pluck(rows, name)));
  return new Frame(columns, rows.length);
}

/** Frames up to this many cells may be as empty as they like. */
const SMALL_CELLS = 1_000_000;
const CELLS_PER_VALUE = 16;

/**
 * Every key of any record is a column of all: a few keys in each of many records would make a Frame, and an answer, a
 * thousand times their size.
 */
function refuseSparse(rows: readonly object[], columns: number): void {
  const cells = rows.length * columns;
  if (cells <= SMALL_CELLS) return;
  let values = 0;
  for (const row of rows) values += Object.keys(row).length;
  if (cells > values * CELLS_PER_VALUE)
    throw frameError(
      'CORE_ERR_FRAME_LIMIT',
      `${rows.length} records with ${columns} different keys make ${cells} cells for ${values} values: send records that share their keys, or declare a schema`,
    );
}

/** Makes columns one after the other while they fit into the bytes that are left. */
function inferrer(count: number, rows: number, { maxBytes = DEFAULT_MAX_BYTES }: InferLimits) {
  const least = count * rows * 8;
  if (least > maxBytes) throw bytesError(least, maxBytes);
  let left = maxBytes;
  return (name: string, values: readonly unknown[]): Column => {
    const column = inferColumn(name, values, 'CORE_ERR_FRAME_INFER', left);
    left -= values.length * column.size * 8;
    return column;
  };
}

/** A record may itself be a JSON text. */
function asRecord(record: unknown, row: number, checkText: InferLimits['checkText']): object {
  let value = record;
  if (typeof value === 'string') {
    checkText?.(value);
    try {
      value = JSON.parse(value);
    } catch {
      throw cannot(`row ${row}: the text ${shownValue(record)} is not JSON`);
    }
  }
  if (!isObject(value)) throw cannot(`row ${row}: got ${shownValue(record)}, expected a record`);
  return value;
}

function fromColumns(parsed: Record<string, unknown>, limits: InferLimits): Frame {
  const { maxRows = 1_000_000, maxColumns = 4096 } = limits;
  const names = Object.keys(parsed);
  if (names.length > maxColumns) throw tooMany('columns', names.length, maxColumns);
  const columns = new Map<string, Column>();
  const infer = inferrer(0, 0, limits);
  let rows: number | undefined;
  for (const name of names) {
    const values = parsed[name];
    if (!Array.isArray(values))
      throw cannot(`column '${name}': got ${shownValue(values)}, expected an array of values`);
    if (values.length > maxRows) throw tooMany('rows', values.length, maxRows);
    if (values.length !== (rows ??= values.length))
      throw cannot(`column '${name}' has ${values.length} values, the one before ${rows}`);
    columns.set(name, infer(name, values));
  }
  return new Frame(columns, rows ?? 0);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function cannot(what: string): Error {
  return frameError('CORE_ERR_FRAME_INFER', what);
}

function tooMany(what: string, seen: number, limit: number): Error {
  return frameError(
    'CORE_ERR_FRAME_LIMIT',
    `${seen} ${what} without a schema are more than the limit of ${limit}: send fewer, or raise it`,
  );
}
