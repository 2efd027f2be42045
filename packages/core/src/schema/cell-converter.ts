import type { DTypeInfo, DTypeKind, TimeUnit } from '../frame/dtype.js';
import { parseDate, parseTimestamp } from './date-text.js';
import { BIG_NUMBER_MARK, isWellFormed } from './json-text.js';
import { Refusal } from './refusal.js';

/** A converted value: what rules see (dates and timestamps still as counts) and what is then stored. */
export type Converted = boolean | number | bigint | string | Uint8Array;

/**
 * Turns one value, in its JSON form or as it stands in a record, into what its column stores.
 * `infinite`: numbers may be infinite; in JSON text an infinite number is an overflow such as `1e400`.
 */
export type Converter = (value: unknown, infinite: boolean) => Converted | Refusal;

/** The open or closed range of each number dtype. A float's limits are the first doubles that would round to infinity. */
export const NUMBER_RANGE: Readonly<Partial<Record<DTypeKind, readonly [number, number]>>> = {
  i8: [-128, 127],
  i16: [-32768, 32767],
  i32: [-2147483648, 2147483647],
  u8: [0, 255],
  u16: [0, 65535],
  u32: [0, 4294967295],
  f16: [-65520, 65520],
  f32: [-3.4028235677973366e38, 3.4028235677973366e38],
  f64: [-Infinity, Infinity],
};

const I64_MIN = -(2n ** 63n);
const I64_MAX = 2n ** 63n - 1n;
const U64_MAX = 2n ** 64n - 1n;
/** The largest time that a `Date` holds. */
const MAX_DATE_MS = 8_640_000_000_000_000n;

export function converterOf(dtype: DTypeInfo): Converter {
  switch (dtype.kind) {
    case 'bool':
      return toBool;
    case 'f16':
    case 'f32':
    case 'f64':
      return floatConverter(dtype.kind, NUMBER_RANGE[dtype.kind]![1]);
    case 'i64':
      return bigIntConverter('i64', I64_MIN, I64_MAX);
    case 'u64':
      return bigIntConverter('u64', 0n, U64_MAX);
    case 'utf8':
      return toText;
    case 'binary':
      return toBytes;
    case 'date32':
      return toDays;
    case 'timestamp':
      return timestampConverter(dtype.name, dtype.unit!, dtype.zone === undefined);
    case 'duration':
      return bigIntConverter(dtype.name, I64_MIN, I64_MAX);
    case 'list':
      return converterOf(dtype.item!);
    default:
      return intConverter(dtype.kind, ...NUMBER_RANGE[dtype.kind]!);
  }
}

const isMarked = (value: unknown): value is `${typeof BIG_NUMBER_MARK}${string}` =>
  typeof value === 'string' && value[0] === BIG_NUMBER_MARK;

function toBool(value: unknown): Converted | Refusal {
  return typeof value === 'boolean' ? value : new Refusal('dtype', 'must be true or false');
}

const WORDS: Readonly<Record<string, number>> = { NaN, Infinity, '-Infinity': -Infinity };

function floatConverter(kind: string, limit: number): Converter {
  const isWord = (value: unknown): value is string => typeof value === 'string' && Object.hasOwn(WORDS, value);
  return (value, infinite) => {
    if (isWord(value)) return WORDS[value]!;
    const number = isMarked(value) ? Number(value.slice(1)) : value;
    if (typeof number !== 'number') return new Refusal('dtype', 'must be a number (or "NaN", "Infinity", "-Infinity")');
    if (number !== number || (infinite && Math.abs(number) === Infinity)) return number;
    return number > -limit && number < limit ? number : new Refusal('range', `is outside the range of ${kind}`);
  };
}

function intConverter(kind: string, low: number, high: number): Converter {
  return (value) => {
    const number = isMarked(value) ? Number(value.slice(1)) : value;
    if (typeof number !== 'number' || number % 1 !== 0) return new Refusal('dtype', 'must be an integer');
    return number >= low && number <= high
      ? number
      : new Refusal('range', `is outside the range of ${kind} (${low} to ${high})`);
  };
}

const INTEGER = /^-?(?:0|[1-9]\d*)$/;
/** More digits than any 64-bit integer has; also keeps BigInt() away from megabytes of digits. */
const MAX_DIGITS = 20;

/** An exact integer from a bigint, a safe integer or decimal text; `undefined` when it is none. */
function exactInteger(value: unknown): bigint | 'huge' | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  if (typeof value !== 'string') return undefined;
  const text = isMarked(value) ? value.slice(1) : value;
  if (!INTEGER.test(text)) return undefined;
  return text.length > MAX_DIGITS ? 'huge' : BigInt(text);
}

const NO_INTEGER =
  'must be an integer, written as one or as a string of digits (beyond 2^53 without fraction or exponent)';

function bigIntConverter(name: string, low: bigint, high: bigint): Converter {
  return (value) => {
    const integer = exactInteger(value);
    if (integer === undefined) return new Refusal('dtype', NO_INTEGER);
    const fits = integer !== 'huge' && integer >= low && integer <= high;
    return fits ? integer : new Refusal('range', `is outside the range of ${name} (${low} to ${high})`);
  };
}

function toText(value: unknown): Converted | Refusal {
  if (typeof value !== 'string' || isMarked(value)) return new Refusal('dtype', 'must be a string');
  return isWellFormed(value) ? value : new Refusal('dtype', 'must be well-formed text: it has half a surrogate pair');
}

function toBytes(value: unknown): Converted | Refusal {
  if (value instanceof Uint8Array) return value;
  const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : undefined;
  // Encoding back is the exact check: alphabet, padding and unused bits, at native speed.
  if (!bytes || bytes.toString('base64') !== value)
    return new Refusal('dtype', 'must be base64 text (RFC 4648, padded)');
  return new Uint8Array(bytes);
}

const MS_PER_DAY = 86_400_000;

/** The days that a `Date` can hold. */
const MAX_DAYS = 100_000_000;

function toDays(value: unknown): Converted | Refusal {
  if (typeof value === 'number' && value % 1 === 0) {
    return Math.abs(value) <= MAX_DAYS
      ? value
      : new Refusal('range', `is outside the range of date32 (${MAX_DAYS} days from 1970)`);
  }
  const days =
    value instanceof Date ? value.getTime() / MS_PER_DAY : typeof value === 'string' ? parseDate(value) : undefined;
  if (days !== undefined && days % 1 === 0) return days;
  return new Refusal(
    'dtype',
    value instanceof Date
      ? 'must be a day: midnight UTC'
      : 'must be a date as "YYYY-MM-DD", or an integer count of days',
  );
}

const PER_MS: Readonly<Record<TimeUnit, readonly [bigint, bigint]>> = {
  s: [1n, 1000n],
  ms: [1n, 1n],
  us: [1000n, 1n],
  ns: [1_000_000n, 1n],
};
const PROBLEM = {
  syntax: 'must be an ISO 8601 date and time, or an integer count of its unit',
  zone: 'must say its offset (Z or +hh:mm)',
  finer: 'has digits finer than its unit',
} as const;

function timestampConverter(name: string, unit: TimeUnit, local: boolean): Converter {
  const [times, per] = PER_MS[unit];
  const limit = unit === 's' ? MAX_DATE_MS / 1000n : unit === 'ms' ? MAX_DATE_MS : I64_MAX;
  const low = limit === I64_MAX ? I64_MIN : -limit;
  const inRange = (count: bigint | 'huge'): Converted | Refusal =>
    count !== 'huge' && count >= low && count <= limit
      ? count
      : new Refusal('range', `is outside the range of ${name}`);
  return (value) => {
    if (value instanceof Date) return fromDate(value);
    const count = exactInteger(value);
    if (count !== undefined) return inRange(count);
    if (typeof value !== 'string') return new Refusal('dtype', PROBLEM.syntax);
    const parsed = parseTimestamp(value, unit, local);
    return typeof parsed === 'bigint' ? inRange(parsed) : new Refusal('dtype', PROBLEM[parsed]);
  };
  function fromDate(date: Date): Converted | Refusal {
    const ms = date.getTime();
    if (Number.isNaN(ms)) return new Refusal('dtype', 'must be a valid Date');
    const exact = BigInt(ms);
    return exact % per === 0n ? inRange((exact * times) / per) : new Refusal('dtype', PROBLEM.finer);
  }
}
