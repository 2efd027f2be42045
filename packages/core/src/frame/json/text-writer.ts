import { fromFloat16Bits } from '../float16.js';
import { findDecimal32, findDecimal64, found, rareFloat32Text } from './numbers.js';

const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

const FIRST_BYTES = 1 << 16;
/** A larger buffer is not kept for the next text. */
const MAX_KEPT_BYTES = 1 << 22;
/** Room for the longest number, `true`, `null` or a date. */
export const SCALAR_BYTES = 40;

/** Digits beyond nine are written in two parts; this is the size of the lower one. */
const LOW_PART = 100_000_000;

/**
 * Builds JSON text as bytes: numbers are written digit by digit, without a string of their own (a string for each of
 * a thousand numbers costs more than their digits).
 */
export class JsonTextWriter {
  private bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  private end = 0;
  private ascii = true;

  /** The text so far; the writer is then empty. */
  take(): string {
    const text = this.bytes.toString(this.ascii ? 'latin1' : 'utf8', 0, this.end);
    this.end = 0;
    this.ascii = true;
    if (this.bytes.length > MAX_KEPT_BYTES) this.bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
    return text;
  }

  /** Makes room for `count` bytes: to be called before any of the methods that do not say otherwise. */
  reserve(count: number): void {
    if (this.end + count <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * (this.end + count));
    larger.set(this.bytes.subarray(0, this.end));
    this.bytes = larger;
  }

  /** Bytes of a literal. */
  literal(text: Uint8Array): void {
    const { bytes } = this;
    let at = this.end;
    for (let i = 0; i < text.length; i++) bytes[at++] = text[i]!;
    this.end = at;
  }

  /** The literal has bytes beyond ASCII. */
  notAscii(): void {
    this.ascii = false;
  }

  byte(code: number): void {
    this.bytes[this.end++] = code;
  }

  bool(flag: number): void {
    this.asciiText(flag !== 0 ? 'true' : 'false');
  }

  null(): void {
    this.asciiText('null');
  }

  f16(bits: number): void {
    this.f32(fromFloat16Bits(bits));
  }

  f32(value: number): void {
    if (value === 0) return this.byte(ZERO);
    if (value - value !== 0) return this.nonFinite(value);
    const positive = this.sign(value);
    if (findDecimal32(positive)) this.decimal(found.digits, found.decimals);
    else this.asciiText(rareFloat32Text(positive));
  }

  f64(value: number): void {
    if (value === 0) return this.byte(ZERO);
    if (value - value !== 0) return this.nonFinite(value);
    const positive = this.sign(value);
    if (findDecimal64(positive)) this.decimal(found.digits, found.decimals);
    // Quicker than string concatenation, which looks each number up in a cache and stores it there.
    else this.asciiText(JSON.stringify(positive));
  }

  /** An integer of at most 53 bits. */
  int(value: number): void {
    if (value === 0) return this.byte(ZERO);
    this.decimal(this.sign(value), 0);
  }

  /** A signed 64-bit integer by its halves. */
  i64(low: number, high: number): void {
    if (high >= -0x20_0000 && high < 0x20_0000) return this.int(high * 2 ** 32 + (low >>> 0));
    this.asciiText(((BigInt(high) << 32n) | BigInt(low >>> 0)).toString());
  }

  /** An unsigned 64-bit integer by its halves. */
  u64(low: number, high: number): void {
    if (high >= 0 && high < 0x20_0000) return this.int(high * 2 ** 32 + (low >>> 0));
    this.asciiText(((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)).toString());
  }

  /** Days since the epoch as an ISO 8601 date; beyond what a Date holds, the integer. */
  date32(days: number): void {
    const date = new Date(days * 86_400_000);
    if (Number.isNaN(date.getTime())) return this.int(days);
    const text = date.toISOString();
    this.quoted(text.slice(0, text.indexOf('T')));
  }

  /** A timestamp as an ISO 8601 instant in UTC; beyond what a Date holds, the integer count. */
  instant(low: number, high: number, msPerUnit: number): void {
    const date = new Date((high * 2 ** 32 + (low >>> 0)) * msPerUnit);
    if (Number.isNaN(date.getTime())) return this.i64(low, high);
    this.quoted(date.toISOString());
  }

  /** Any string; makes room itself. */
  text(value: string): void {
    this.reserve(value.length + 2 + SCALAR_BYTES);
    const { bytes } = this;
    let at = this.end;
    bytes[at++] = QUOTE;
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code < 0x20 || code === QUOTE || code === BACKSLASH || code > 0x7e) return this.escaped(value);
      bytes[at++] = code;
    }
    bytes[at++] = QUOTE;
    this.end = at;
  }

  /** A text by its UTF-8 bytes; makes room itself. */
  utf8(source: Buffer, start: number, end: number): void {
    this.reserve(end - start + 2 + SCALAR_BYTES);
    const { bytes } = this;
    let at = this.end;
    bytes[at++] = QUOTE;
    for (let i = start; i < end; i++) {
      const code = source[i]!;
      if (code < 0x20 || code === QUOTE || code === BACKSLASH || code > 0x7e)
        return this.escaped(source.toString('utf8', start, end));
      bytes[at++] = code;
    }
    bytes[at++] = QUOTE;
    this.end = at;
  }

  /** Bytes as base64; makes room itself. */
  binary(value: Uint8Array): void {
    this.reserve(Math.ceil(value.length / 3) * 4 + 2 + SCALAR_BYTES);
    this.byte(QUOTE);
    const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
    this.end += this.bytes.write(text, this.end, 'latin1');
    this.byte(QUOTE);
  }

  /** Text with quotes, control characters or characters beyond ASCII; lone surrogates are written as escapes. */
  private escaped(value: string): void {
    const text = JSON.stringify(value);
    this.reserve(3 * text.length + SCALAR_BYTES);
    this.ascii = false;
    this.end += this.bytes.write(text, this.end, 'utf8');
  }

  private sign(value: number): number {
    if (value > 0) return value;
    this.bytes[this.end++] = MINUS;
    return -value;
  }

  private nonFinite(value: number): void {
    this.quoted(value !== value ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity');
  }

  private quoted(text: string): void {
    this.byte(QUOTE);
    this.asciiText(text);
    this.byte(QUOTE);
  }

  private asciiText(text: string): void {
    const { bytes } = this;
    let at = this.end;
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.end = at;
  }

  /** `digits / 10 ** decimals` in plain notation, without trailing zeros; `digits` is a positive integer below 2 ** 53. */
  private decimal(digits: number, decimals: number): void {
    if (digits < 1_000_000_000) return this.smallDecimal(digits | 0, decimals);
    let rest = digits;
    let places = decimals;
    while (places > 0 && rest % 10 === 0) {
      rest /= 10;
      places--;
    }
    if (rest < 1_000_000_000) return this.smallDecimal(rest | 0, places);
    const high = Math.floor(rest / LOW_PART);
    const low = (rest - high * LOW_PART) | 0;
    const text = '' + high;
    const start = this.end;
    this.asciiText(text);
    this.fillDigits(this.end + 8, low, 8);
    this.end += 8;
    if (places > 0) this.insertDot(start, places);
  }

  /** Moves the last `places` digits of what was written from `start` behind a dot, filled up with zeros. */
  private insertDot(start: number, places: number): void {
    const { bytes } = this;
    const count = this.end - start;
    const missing = Math.max(0, places + 1 - count);
    const dot = start + count + missing - places;
    bytes.copyWithin(start + missing, start, this.end);
    bytes.fill(ZERO, start, start + missing);
    this.end += missing + 1;
    bytes.copyWithin(dot + 1, dot, this.end - 1);
    bytes[dot] = DOT;
  }

  /** As {@link decimal}, for digits that are a 32-bit integer. */
  private smallDecimal(digits: number, decimals: number): void {
    let rest = digits;
    let places = decimals;
    while (places > 0 && rest % 10 === 0) {
      rest = (rest / 10) | 0;
      places--;
    }
    const count = digitCount(rest);
    if (places === 0) {
      this.fillDigits(this.end + count, rest, count);
      this.end += count;
      return;
    }
    const whole = Math.max(1, count - places);
    const stop = this.end + whole + 1 + places;
    rest = this.fillDigits(stop, rest, places);
    this.bytes[this.end + whole] = DOT;
    this.fillDigits(this.end + whole, rest, whole);
    this.end = stop;
  }

  /** Writes the last `count` digits of an integer so that they end before `stop`; gives the integer without them. */
  private fillDigits(stop: number, digits: number, count: number): number {
    const { bytes } = this;
    let rest = digits | 0;
    for (let at = stop - 1; at >= stop - count; at--) {
      const tenth = (rest / 10) | 0;
      bytes[at] = ZERO + rest - tenth * 10;
      rest = tenth;
    }
    return rest;
  }
}

function digitCount(value: number): number {
  if (value < 100_000) return value < 100 ? (value < 10 ? 1 : 2) : value < 1000 ? 3 : value < 10_000 ? 4 : 5;
  return value < 10_000_000 ? (value < 1_000_000 ? 6 : 7) : value < 100_000_000 ? 8 : 9;
}
