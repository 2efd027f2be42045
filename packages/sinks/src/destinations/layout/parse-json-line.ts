import { Column, columnOf, type DTypeInfo, Frame } from '@witan/core/frame';
import type { LogRecord } from '../../sink/log-record.js';
import { type ColumnTypes, parseType, type RecordTypes } from './column-types.js';

type Row = Readonly<Record<string, unknown>>;
interface Line extends Omit<LogRecord, 'input' | 'output' | 'raw'> {
  readonly time?: string;
  readonly types?: RecordTypes;
  readonly input?: readonly Row[];
  readonly output?: readonly Row[];
  readonly raw?: { readonly contentType: string; readonly body: string };
}

/**
 * The record of a line that `jsonLine` wrote, its columns as they were: 64-bit integers exactly, bytes, dates.
 * @throws {SyntaxError} when it is no JSON
 * @throws {TypeError} when it is no record of Witan's
 */
export function parseJsonLine(text: string): LogRecord {
  const line = JSON.parse(text) as Line | null;
  if (typeof line !== 'object' || line === null || typeof line.id !== 'string' || typeof line.epochMs !== 'number')
    throw new TypeError('the line has no id and epochMs: it is no record of Witan');
  const quoted = line.types ? withBigIntegersQuoted(text) : text;
  const exact = quoted === text ? line : (JSON.parse(quoted) as Line);
  const { types, input: _input, output: _output, time: _time, raw, ...head } = line;
  return {
    ...head,
    ...(exact.input && { input: frameOf(exact.input, types?.input) }),
    ...(exact.output && { output: frameOf(exact.output, types?.output) }),
    ...(raw && { raw: { contentType: raw.contentType, body: Buffer.from(raw.body, 'base64') } }),
  };
}

function frameOf(rows: readonly Row[], types: ColumnTypes | undefined): Frame {
  if (!Array.isArray(rows)) throw new TypeError('input and output are arrays of records');
  if (!types) return Frame.fromRecords(rows);
  const columns = new Map<string, Column>();
  for (const [name, text] of Object.entries(types)) {
    const type = parseType(text);
    if (!type) throw new TypeError(`column '${name}' has the type '${text}', which is none`);
    const read = cellReader(type.dtype);
    const cells = rows.map((row) => readCell(row[name], read));
    columns.set(name, columnOf(type.dtype, cells, { shape: type.shape, name: `column '${name}'` }));
  }
  return new Frame(columns, rows.length);
}

/** What undoes JSON's form of a value; `undefined` where `columnOf` takes it as it is. */
function cellReader({ kind, item }: DTypeInfo): ((value: unknown) => unknown) | undefined {
  if (kind === 'list') return cellReader(item!);
  if (kind === 'binary') return (value) => (typeof value === 'string' ? Buffer.from(value, 'base64') : value);
  if (kind === 'utf8') return undefined;
  const read = /^f\d/.test(kind) ? Number : BigInt;
  return (value) => (typeof value === 'string' && value.startsWith(BIG) ? read(value.slice(1)) : value);
}

function readCell(value: unknown, read: ((value: unknown) => unknown) | undefined): unknown {
  if (!read) return value;
  return Array.isArray(value) ? value.map((each) => readCell(each, read)) : read(value);
}

/** Stands before the digits of an integer that a double may not hold; well-formed JSON text does not contain it. */
const BIG = '\uDFFF';
const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const BIG_INTEGER = /^-?\d{16,}$/;

/** Puts integers of 16 or more digits into quotes: `JSON.parse` would round them. */
function withBigIntegersQuoted(text: string): string {
  if (!/\d{16}/.test(text)) return text;
  return text.replace(STRING_OR_NUMBER, (token) => (BIG_INTEGER.test(token) ? `"${BIG}${token}"` : token));
}
