import type { LogRecord } from '../sink/log-record.js';
import { textHash } from '../log/text-hash.js';

/** By what records are kept in order. */
export type RecordKey = 'request' | { readonly column: string };

/** Which of `writers` a record belongs to: always the same for one key. */
export function writerOf(record: LogRecord, key: RecordKey, writers: number): number {
  return writers === 1 ? 0 : textHash(keyOf(record, key)) % writers;
}

/** The request's id, or the first cell of a column of the input (or else of the output). */
export function keyOf(record: LogRecord, key: RecordKey): string {
  if (key === 'request') return record.requestId;
  const column = record.input?.columns.get(key.column) ?? record.output?.columns.get(key.column);
  return column && column.length > 0 ? String(column.get(0)) : record.requestId;
}
