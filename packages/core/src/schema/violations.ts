import type { WitanError } from '../errors/witan-error.js';
import { BIG_NUMBER_MARK } from './json-text.js';
import { schemaError } from './schema.errors.js';
import type { Violation } from './spec.js';

/** How many violations one answer lists at most, unless set otherwise. */
export const DEFAULT_MAX_VIOLATIONS = 100;
const MAX_SHOWN = 64;

/** The broken rules of one request, up to a limit. */
export class Violations {
  readonly list: Violation[] = [];
  truncated = false;

  constructor(private readonly max: number = DEFAULT_MAX_VIOLATIONS) {}

  /** No room: what else is found only marks the list as truncated. */
  get full(): boolean {
    return this.list.length >= this.max;
  }

  add(row: number, column: string, rule: string, value: unknown, message: string): void {
    if (this.full) this.truncated = true;
    else this.list.push({ row, column, rule, value: shortened(value), message });
  }

  addAll(found: readonly Violation[]): void {
    for (const violation of found) {
      if (this.full) this.truncated = true;
      else this.list.push(violation);
    }
  }
}

/** One violation as a sentence: `row 3, column 'age', value -1: age must not be less than 0 (min)`. */
export function describeViolation({ row, column, value, message, rule }: Violation): string {
  const where = [row >= 0 && `row ${row}`, column !== '' && `column '${column}'`].filter(Boolean).join(', ');
  return `${where === '' ? 'request' : where}, value ${value}: ${message} (${rule})`;
}

/** `CORE_ERR_VALIDATION`, with every violation in its details. */
export function validationError({ list, truncated }: Violations): WitanError {
  const more =
    list.length > 1 || truncated
      ? `; ${truncated ? 'more than ' : ''}${list.length - (truncated ? 0 : 1)} ${truncated ? 'violations' : 'more'} in details`
      : '';
  return schemaError('CORE_ERR_VALIDATION', `the request breaks its schema: ${describeViolation(list[0]!)}${more}`, {
    details: { violations: list, truncated },
  });
}

/** A value as JSON text of at most 64 characters. */
export function shortened(value: unknown): string {
  const text = textOf(value);
  if (text.length <= MAX_SHOWN) return text;
  // Not through the middle of a surrogate pair.
  return `${text.slice(0, MAX_SHOWN - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

function textOf(value: unknown): string {
  if (typeof value === 'string')
    return value[0] === BIG_NUMBER_MARK ? value.slice(1) : JSON.stringify(value.slice(0, MAX_SHOWN + 1));
  if (value === undefined) return 'missing';
  if (typeof value === 'bigint' || typeof value === 'number') return String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '"Invalid Date"' : JSON.stringify(value);
  if (typeof value === 'function' || typeof value === 'symbol') return JSON.stringify(typeof value);
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return arrayText(value as ArrayLike<unknown>);
  return value !== null && typeof value === 'object' ? objectText(value) : JSON.stringify(value);
}

/** Element by element, so that a megabyte is not written out to be cut. */
function arrayText(values: ArrayLike<unknown>): string {
  let text = '[';
  for (let i = 0; i < values.length && text.length <= MAX_SHOWN; i++) {
    const item = values[i];
    text += `${i > 0 ? ',' : ''}${item !== null && typeof item === 'object' ? (Array.isArray(item) ? '[…]' : '{…}') : textOf(item)}`;
  }
  return `${text}]`;
}

function objectText(value: object): string {
  let text = '{';
  for (const [key, item] of Object.entries(value)) {
    if (text.length > MAX_SHOWN) break;
    const shown = item !== null && typeof item === 'object' ? (Array.isArray(item) ? '[…]' : '{…}') : textOf(item);
    text += `${text.length > 1 ? ',' : ''}${JSON.stringify(key.slice(0, MAX_SHOWN))}:${shown}`;
  }
  return `${text}}`;
}
