import { plainFloats, scan } from '@witan/core';
import { oipError } from '../../oip.errors.js';
import { JsonCursor } from './json-cursor.js';

const SPACE = 0x20;
const MINUS = 0x2d;
const DOT = 0x2e;
const QUOTE = 0x22;
const COMMA = 0x2c;
const CLOSE = 0x5d;

const EXACT = 2 ** 53;
/** From here on a number is nearer to 2 ** 128 than to the largest float32. */
const MAX_FLOAT32 = 3.4028235677973366e38;

/** For whom a run is read, for messages. */
export interface RunOf {
  readonly name: string;
  readonly datatype: string;
  readonly count: number;
}

/** A run that has another number of values than the shape says. */
export function wrongCount({ name, count }: RunOf, seen: 'fewer' | 'more'): Error {
  return oipError(
    'OIP_ERR_INPUT',
    `input '${name}' has ${seen} values in 'data' than the ${count} that its shape needs`,
  );
}

function wrongValue({ name, datatype }: RunOf, text: string, at: number, why = ''): Error {
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  return oipError('OIP_ERR_INPUT', `input '${name}': ${shown} at byte ${at} is no ${datatype} value${why}`);
}

/**
 * Reads `count` numbers and the bracket behind them; the cursor stands behind the bracket before them. Each is what
 * `JSON.parse` gives, rounded to the array's type once more.
 */
export function floatRun(
  cursor: JsonCursor,
  of: RunOf,
  out: Float32Array | Float64Array,
  from: number,
  count: number,
): void {
  const single = out.BYTES_PER_ELEMENT === 4;
  const end = from + count;
  for (let i = from; i < end;) {
    i = plainFloats(cursor.bytes, cursor.at, out, i, end);
    cursor.at = scan.at;
    if (scan.beforeValue) {
      out[i++] = slowFloat(cursor, of, single);
      if (i < end) stepOverComma(cursor, of);
    } else if (i < end) throw notComma(cursor, of, cursor.at);
  }
  endRun(cursor, of, count);
}

const NON_FINITE: Readonly<Record<string, number>> = { NaN, Infinity, '-Infinity': -Infinity };

function slowFloat(cursor: JsonCursor, of: RunOf, single: boolean): number {
  const start = cursor.at;
  if (cursor.peek() === QUOTE) {
    const text = cursor.string();
    if (Object.hasOwn(NON_FINITE, text)) return NON_FINITE[text]!;
    throw wrongValue(
      of,
      JSON.stringify(text),
      start,
      ': of strings only "NaN", "Infinity" and "-Infinity" are numbers',
    );
  }
  const text = numberText(cursor, of);
  const value = Number(text);
  const limit = single ? MAX_FLOAT32 : Number.MAX_VALUE;
  if (Math.abs(value) <= limit) return value;
  throw wrongValue(of, text, start, ': it is too large');
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** The number at the cursor. What stands there instead is refused, with what it is. */
function numberText(cursor: JsonCursor, of: RunOf): string {
  const start = cursor.at;
  if (cursor.peek() === CLOSE) throw wrongCount(of, 'fewer');
  const text = cursor.scalarText(cursor.at);
  if (NUMBER.test(text)) return text;
  if (text === 'true' || text === 'false' || text === 'null') throw wrongValue(of, text, start);
  const code = cursor.bytes[start];
  if (text === '' && (code === 0x5b || code === 0x7b))
    throw wrongValue(of, code === 0x5b ? 'an array' : 'an object', start);
  throw cursor.malformed(start);
}

/** As {@link floatRun}, for integers of at most 32 bits. */
export function intRun(
  cursor: JsonCursor,
  of: RunOf,
  out: Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Uint32Array,
  from: number,
  count: number,
  min: number,
  max: number,
): void {
  const { bytes } = cursor;
  let at = cursor.at;
  for (let i = from; i < from + count; i++) {
    let code = bytes[at]!;
    if (i > from) {
      if (code <= SPACE) code = bytes[(at = cursor.afterSpace(at))]!;
      if (code !== COMMA) throw notComma(cursor, of, at);
      code = bytes[++at]!;
    }
    if (code <= SPACE) code = bytes[(at = cursor.afterSpace(at))]!;
    const first = at;
    if (code === MINUS) code = bytes[++at]!;
    const start = at;
    let value = 0;
    while (code >= 0x30 && code <= 0x39) {
      value = value * 10 + (code - 0x30);
      code = bytes[++at]!;
    }
    const digits = at - start;
    if (start > first) value = -value;
    const isPlain =
      digits > 0 && (digits === 1 || bytes[start] !== 0x30) && code !== DOT && code !== 0x65 && code !== 0x45;
    if (!isPlain || value < min || value > max) {
      cursor.at = first;
      value = slowInt(cursor, of, min, max);
      at = cursor.at;
    }
    out[i] = value;
  }
  cursor.at = at;
  endRun(cursor, of, count);
}

/** `1.0` and `1e3` are integers too. */
function slowInt(cursor: JsonCursor, of: RunOf, min: number, max: number): number {
  cursor.peek();
  const start = cursor.at;
  if (cursor.bytes[start] === QUOTE) throw wrongValue(of, JSON.stringify(cursor.string()), start);
  const text = numberText(cursor, of);
  const value = Number(text);
  if (!Number.isInteger(value)) throw wrongValue(of, text, start, ': it is no integer');
  if (value < min || value > max) throw wrongValue(of, text, start, `: it is not within ${min} and ${max}`);
  return value;
}

/** 64-bit integers, every digit of which counts. Those that a double holds are written as two halves, without a bigint. */
export function bigIntRun(
  cursor: JsonCursor,
  of: RunOf,
  out: BigInt64Array | BigUint64Array,
  from: number,
  count: number,
): void {
  const { bytes } = cursor;
  const halves = new Uint32Array(out.buffer, out.byteOffset, 2 * out.length);
  const isSigned = out instanceof BigInt64Array;
  let at = cursor.at;
  for (let i = from; i < from + count; i++) {
    let code = bytes[at]!;
    if (i > from) {
      if (code <= SPACE) code = bytes[(at = cursor.afterSpace(at))]!;
      if (code !== COMMA) throw notComma(cursor, of, at);
      code = bytes[++at]!;
    }
    if (code <= SPACE) code = bytes[(at = cursor.afterSpace(at))]!;
    const first = at;
    if (code === MINUS && isSigned) code = bytes[++at]!;
    const start = at;
    let value = 0;
    while (code >= 0x30 && code <= 0x39) {
      value = value * 10 + (code - 0x30);
      code = bytes[++at]!;
    }
    const digits = at - start;
    const isPlain =
      digits > 0 && (digits === 1 || bytes[start] !== 0x30) && code !== DOT && code !== 0x65 && code !== 0x45;
    if (isPlain && value < EXACT) {
      if (start > first) value = -value;
      const high = Math.floor(value / HALF);
      halves[2 * i] = value - high * HALF;
      halves[2 * i + 1] = high;
    } else {
      cursor.at = first;
      out[i] = slowBigInt(cursor, of, isSigned ? I64_RANGE : U64_RANGE);
      at = cursor.at;
    }
  }
  cursor.at = at;
  endRun(cursor, of, count);
}

const HALF = 2 ** 32;

function slowBigInt(cursor: JsonCursor, of: RunOf, [min, max]: readonly [bigint, bigint]): bigint {
  cursor.peek();
  const start = cursor.at;
  if (cursor.bytes[start] === QUOTE) throw wrongValue(of, JSON.stringify(cursor.string()), start);
  const text = numberText(cursor, of);
  const value = bigIntOf(text);
  if (value === undefined) throw wrongValue(of, text, start, ': it is no integer');
  if (value < min || value > max) throw wrongValue(of, text, start, `: it is not within ${min} and ${max}`);
  return value;
}

const I64_RANGE = [-(2n ** 63n), 2n ** 63n - 1n] as const;
const U64_RANGE = [0n, 2n ** 64n - 1n] as const;
/** No integer that is taken has more. */
const MAX_INT_CHARS = 20;

function bigIntOf(text: string): bigint | undefined {
  if (text.length <= MAX_INT_CHARS && /^-?\d+$/.test(text)) return BigInt(text);
  const value = Number(text);
  if (!Number.isInteger(value)) return undefined;
  // Plain digits beyond every range stay beyond it; of `1e3` the double is exact enough to be judged.
  return BigInt(value);
}

export function boolRun(cursor: JsonCursor, of: RunOf, out: Uint8Array, from: number, count: number): void {
  for (let i = from; i < from + count; i++) {
    if (i > from) stepOverComma(cursor, of);
    cursor.peek();
    const start = cursor.at;
    if (cursor.bytes[start] === CLOSE) throw wrongCount(of, 'fewer');
    if (cursor.bytes[start] === QUOTE) throw wrongValue(of, JSON.stringify(cursor.string()), start);
    const text = cursor.scalarText(start);
    if (text === 'true' || text === '1') out[i] = 1;
    else if (text !== 'false' && text !== '0')
      throw wrongValue(of, text === '' ? 'this' : text, start, ': send true or false');
  }
  endRun(cursor, of, count);
}

export function textRun(cursor: JsonCursor, of: RunOf, out: string[], count: number): void {
  for (let i = 0; i < count; i++) {
    if (i > 0) stepOverComma(cursor, of);
    const code = cursor.peek();
    if (code === CLOSE) throw wrongCount(of, 'fewer');
    if (code !== QUOTE) {
      const start = cursor.at;
      const text = cursor.scalarText(start);
      throw text === '' ? cursor.malformed(start) : wrongValue(of, text, start, ': send strings');
    }
    out.push(cursor.string());
  }
  endRun(cursor, of, count);
}

function stepOverComma(cursor: JsonCursor, of: RunOf): void {
  if (!cursor.skip(COMMA)) throw notComma(cursor, of, cursor.at);
}

function notComma(cursor: JsonCursor, of: RunOf, at: number): Error {
  return cursor.bytes[at] === CLOSE ? wrongCount(of, 'fewer') : cursor.malformed(at);
}

function endRun(cursor: JsonCursor, of: RunOf, count: number): void {
  const code = cursor.peek();
  if (code !== CLOSE) throw code === COMMA || count === 0 ? wrongCount(of, 'more') : cursor.malformed();
  cursor.at++;
}
