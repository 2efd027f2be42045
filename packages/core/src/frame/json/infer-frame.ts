import type { Column } from '../column.js';
import { Frame } from '../frame.js';
import { frameError, shownValue } from '../frame.errors.js';
import { inferColumn, keysOf, pluck } from '../infer.js';

/** What JSON without a schema may hold. */
export interface InferLimits {
  /** @default 1_000_000 */
  readonly maxRows?: number;
  /** @default 4096 */
  readonly maxColumns?: number;
}

/**
 * A Frame of parsed JSON without a schema: an array of records, an object of equally long arrays (columns), or either
 * inside `{"records": …}` or `{"columns": …}`. Numbers become f64, also where `"NaN"`, `"Infinity"` or `"-Infinity"`
 * stand among them; text stays text, dates too; see `Frame.fromRecords` for the rest.
 * @throws {CORE_ERR_FRAME_INFER} when no column type fits
 * @throws {CORE_ERR_FRAME_LIMIT} for more rows or columns than the limits
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

function fromRecords(records: readonly unknown[], { maxRows = 1_000_000, maxColumns = 4096 }: InferLimits): Frame {
  if (records.length > maxRows) throw tooMany('rows', records.length, maxRows);
  const rows = records.map(asRecord);
  const names = keysOf(rows);
  if (names.size > maxColumns) throw tooMany('columns', names.size, maxColumns);
  const columns = new Map<string, Column>();
  for (const name of names) columns.set(name, inferColumn(name, pluck(rows, name), 'CORE_ERR_FRAME_INFER'));
  return new Frame(columns, rows.length);
}

/** A record may itself be a JSON text. */
function asRecord(record: unknown, row: number): object {
  let value = record;
  if (typeof value === 'string') {
    try {
      value = JSON.parse(value);
    } catch {
      throw cannot(`row ${row}: the text ${shownValue(record)} is not JSON`);
    }
  }
  if (!isObject(value)) throw cannot(`row ${row}: got ${shownValue(record)}, expected a record`);
  return value;
}

function fromColumns(parsed: Record<string, unknown>, { maxRows = 1_000_000, maxColumns = 4096 }: InferLimits): Frame {
  const names = Object.keys(parsed);
  if (names.length > maxColumns) throw tooMany('columns', names.length, maxColumns);
  const columns = new Map<string, Column>();
  let rows: number | undefined;
  for (const name of names) {
    const values = parsed[name];
    if (!Array.isArray(values))
      throw cannot(`column '${name}': got ${shownValue(values)}, expected an array of values`);
    if (values.length > maxRows) throw tooMany('rows', values.length, maxRows);
    if (values.length !== (rows ??= values.length))
      throw cannot(`column '${name}' has ${values.length} values, the one before ${rows}`);
    columns.set(name, inferColumn(name, values, 'CORE_ERR_FRAME_INFER'));
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
    `${seen} ${what} of JSON are more than the limit of ${limit}: send fewer, or raise it`,
  );
}
