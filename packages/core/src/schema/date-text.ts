import type { TimeUnit } from '../frame/dtype.js';

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?([Zz]|[+-]\d\d:?\d\d)?$/;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const UNITS_PER_SECOND: Readonly<Record<TimeUnit, bigint>> = { s: 1n, ms: 1000n, us: 1_000_000n, ns: 1_000_000_000n };
const FRACTION_DIGITS: Readonly<Record<TimeUnit, number>> = { s: 0, ms: 3, us: 6, ns: 9 };

/**
 * Days from 1970-01-01 to a date of the proleptic Gregorian calendar; `undefined` when there is no such day.
 * The algorithm is Howard Hinnant's `days_from_civil` (chrono-compatible low-level date algorithms).
 */
export function daysFromCivil(year: number, month: number, day: number): number | undefined {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const last = month === 2 && leap ? 29 : MONTH_DAYS[month - 1];
  if (last === undefined || day < 1 || day > last) return undefined;
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719468;
}

/** Days since the epoch of `YYYY-MM-DD`; `undefined` when the text is no such date. */
export function parseDate(text: string): number | undefined {
  const parts = DATE.exec(text);
  return parts ? daysFromCivil(Number(parts[1]), Number(parts[2]), Number(parts[3])) : undefined;
}

export type TimestampProblem = 'syntax' | 'zone' | 'finer';

/**
 * The count of `unit` since the epoch of an ISO 8601 date and time. Without an offset the text is taken as UTC if
 * `local` allows it; digits finer than the unit are a problem, not rounded.
 */
export function parseTimestamp(text: string, unit: TimeUnit, local: boolean): bigint | TimestampProblem {
  const parts = DATE_TIME.exec(text);
  if (!parts) return 'syntax';
  const [, year, month, day, hour, minute, second = '0', fraction = '', offset] = parts;
  const days = daysFromCivil(Number(year), Number(month), Number(day));
  if (days === undefined || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return 'syntax';
  if (offset === undefined && !local) return 'zone';
  const away = offsetMinutes(offset);
  if (away === undefined) return 'syntax';
  const digits = fraction.replace(/0+$/, '');
  if (digits.length > FRACTION_DIGITS[unit]) return 'finer';
  const seconds = days * 86_400 + Number(hour) * 3600 + (Number(minute) - away) * 60 + Number(second);
  return BigInt(seconds) * UNITS_PER_SECOND[unit] + BigInt(digits.padEnd(FRACTION_DIGITS[unit], '0') || '0');
}

function offsetMinutes(offset: string | undefined): number | undefined {
  if (offset === undefined || offset === 'Z' || offset === 'z') return 0;
  const hours = Number(offset.slice(1, 3));
  const minutes = Number(offset.slice(-2));
  if (hours > 23 || minutes > 59) return undefined;
  return (offset[0] === '-' ? -1 : 1) * (hours * 60 + minutes);
}
