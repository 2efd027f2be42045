/**
 * Numbers to float32, rounded once. Through a double they would be rounded twice, which differs where the double lies
 * exactly between two floats and the number itself does not.
 */

/** The 64-bit integer whose halves are `lo` and `hi` (both as int32). */
export function float32OfInt64(lo: number, hi: number): number {
  // Up to 53 bits a double is exact.
  if (hi >= -0x200000 && hi < 0x200000) return Math.fround(hi * 0x100000000 + (lo >>> 0));
  // Otherwise the 11 lowest bits, far below those that count, are gathered in one odd bit ("round to odd").
  const sticky = (lo & 2047) === 0 ? 0 : 1;
  return Math.fround((hi * 0x200000 + ((lo >>> 11) | sticky)) * 2048);
}

/** A signed or unsigned 64-bit integer. */
export function float32OfBigint(value: bigint): number {
  const near = Number(value);
  if (Number.isSafeInteger(near)) return Math.fround(near);
  const high = value >> 11n;
  return Math.fround(Number((value & 2047n) === 0n ? high : high | 1n) * 2048);
}

// No two parts can take the same digits, so that a text of megabytes is refused in one go.
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const WORD = /^[+-]?(?:inf|infinity|nan)$/i;

/**
 * A decimal, or `inf`, `infinity`, `nan` in any case, each with or without a sign; `undefined` for any other text:
 * empty, with blanks, hexadecimal, with separators.
 */
export function float32OfText(text: string): number | undefined {
  if (!NUMBER.test(text)) return WORD.test(text) ? wordValue(text) : undefined;
  const double = Number(text);
  const float = Math.fround(double);
  // A float itself, or a double off the middle between two: rounding twice gives what rounding once does.
  if (float === double) return float;
  const other = neighbour(float, double);
  if ((Math.min(Math.abs(float), OVER) + Math.min(Math.abs(other), OVER)) / 2 !== Math.abs(double)) return float;
  return fromMiddle(text, double, float, other);
}

function wordValue(text: string): number {
  const negative = text[0] === '-';
  if (/nan$/i.test(text)) return NaN;
  return negative ? -Infinity : Infinity;
}

/** The float after the largest one, if there were one: what lies halfway to it, or beyond, is infinite. */
const OVER = 2 ** 128;
const floats = new Float32Array(1);
const bits = new Uint32Array(floats.buffer);

/** The float on the other side of `double` than `float` is. */
function neighbour(float: number, double: number): number {
  floats[0] = float;
  bits[0]! += Math.abs(double) > Math.abs(float) ? 1 : -1;
  return floats[0];
}

/** The text's own value decides; where it is the very middle, the even float, which `float` is. */
function fromMiddle(text: string, middle: number, float: number, other: number): number {
  const order = compareMagnitude(text, Math.abs(middle));
  if (order === 0) return float;
  const [near, far] = Math.abs(float) < Math.abs(other) ? [float, other] : [other, float];
  return order < 0 ? near : far;
}

/** The middle between two floats has at most 112 digits; what follows only matters if it is not zero. */
const MAX_DIGITS = 160;

/** Whether the text's magnitude is below, at or above a double that is finite and positive. */
function compareMagnitude(text: string, double: number): number {
  const [, whole = '', fraction = '', power = '0'] = /^[+-]?(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(text)!;
  const all = (whole + fraction).replace(/^0+/, '');
  const digits = all.length <= MAX_DIGITS ? all : shortened(all);
  const exponent = Number(power) - fraction.length + (all.length - digits.length);
  const [mantissa, shift] = integerAndShift(double);
  // Both sides times what makes them whole.
  const left = BigInt(digits) * 10n ** BigInt(Math.max(exponent, 0)) * 2n ** BigInt(Math.max(-shift, 0));
  const right = mantissa * 10n ** BigInt(Math.max(-exponent, 0)) * 2n ** BigInt(Math.max(shift, 0));
  return left < right ? -1 : left > right ? 1 : 0;
}

function shortened(digits: string): string {
  return digits.slice(0, MAX_DIGITS) + (/[1-9]/.test(digits.slice(MAX_DIGITS)) ? '1' : '0');
}

/** A double as `integer * 2 ** shift`. */
function integerAndShift(double: number): [bigint, number] {
  let value = double;
  let shift = 0;
  while (!Number.isInteger(value)) {
    value *= 2;
    shift--;
  }
  return [BigInt(value), shift];
}
