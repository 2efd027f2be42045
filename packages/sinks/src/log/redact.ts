import { createHmac } from 'node:crypto';
import { Column, columnOf } from '@witan/core/frame';
import type { Redaction } from './log-options.js';

/** Hex digits of a hash that are kept: 64 bits. */
const HASH_DIGITS = 16;
const MASK = '***';

/**
 * A column as it may be seen: the hash (HMAC-SHA-256 of its text, 16 hex digits, about 3 us a value) or `***`, as texts;
 * nulls stay nulls. `undefined`: it is left out.
 */
export function redacted(column: Column, how: Redaction, hashKey: string): Column | undefined {
  if (how === 'drop') return undefined;
  const cells = column
    .toArray()
    .map((value) => (value === null ? null : how === 'mask' ? MASK : hashOf(value, hashKey)));
  return columnOf('utf8', cells);
}

/** Of a number its shortest decimal form, of a vector its values with commas between them. */
function hashOf(value: unknown, key: string): string {
  const text = value instanceof Uint8Array ? value : textOfCell(value);
  return createHmac('sha256', key).update(text).digest('hex').slice(0, HASH_DIGITS);
}

/** A time as ISO 8601, the same in every time zone; one that no date can hold has no other text than that. */
function textOfCell(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOfCell).join(',');
  if (!(value instanceof Date)) return String(value);
  return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
}
