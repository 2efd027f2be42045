const SPACE = 0x20;
const MINUS = 0x2d;
const DOT = 0x2e;
const COMMA = 0x2c;
const ZERO = 0x30;
const NINE = 0x39;
const UPPER_E = 0x45;
const LOWER_E = 0x65;

/** 10 ** k, exact for every k here. */
const POWERS = Float64Array.from({ length: 23 }, (_, k) => Number(`1e${k}`));
/** Digits that are looked at; further ones change a double by less than it can say. */
const MAX_DIGITS = 19;
const EXACT = 2 ** 53;
/** More than the error of a mantissa of nineteen digits that was added up in doubles. */
const MARGIN = 1e-14;

/** Where {@link plainFloats} came to. */
export const scan = {
  at: 0,
  /** It stands before a value that it does not read; otherwise behind a value that no comma follows. */
  beforeValue: false,
};

/**
 * Reads JSON numbers with commas between them into places `from` to `end` (exclusive) of `out`; `at` is where the first
 * begins. Each is what `JSON.parse` gives, rounded to the array's type once more. Numbers with an exponent or more than 22 decimals, and all that is no number, are left to the caller.
 * @returns the place of the first value that it did not read, `end` if there is none; {@link scan} says where it lies
 */
export function plainFloats(
  bytes: Uint8Array,
  at: number,
  out: Float32Array | Float64Array,
  from: number,
  end: number,
): number {
  const single = out.BYTES_PER_ELEMENT === 4;
  scan.beforeValue = false;
  for (let i = from; i < end; i++) {
    let code = bytes[at]!;
    while (code <= SPACE && isSpace(code)) code = bytes[++at]!;
    const first = at;
    if (code === MINUS) code = bytes[++at]!;
    const start = at;
    let mantissa = 0;
    while (code >= ZERO && code <= NINE) {
      mantissa = mantissa * 10 + (code - ZERO);
      code = bytes[++at]!;
    }
    const whole = at - start;
    let plain = whole > 0 && whole <= MAX_DIGITS && (whole === 1 || bytes[start] !== ZERO);
    let decimals = 0;
    if (code === DOT) {
      let digits = mantissa === 0 ? 0 : whole;
      code = bytes[++at]!;
      const point = at;
      while (code >= ZERO && code <= NINE) {
        if (digits < MAX_DIGITS) {
          mantissa = mantissa * 10 + (code - ZERO);
          decimals++;
          if (mantissa !== 0) digits++;
        }
        code = bytes[++at]!;
      }
      plain = plain && at > point && decimals < POWERS.length;
    }
    if (!plain || code === LOWER_E || code === UPPER_E) {
      scan.at = first;
      scan.beforeValue = true;
      return i;
    }
    let value = mantissa / POWERS[decimals]!;
    if (mantissa >= EXACT && !(single && isSafe(value))) value = Number(latin1(bytes, start, at));
    out[i] = start > first ? -value : value;
    while (code <= SPACE && isSpace(code)) code = bytes[++at]!;
    if (code === COMMA && i + 1 < end) at++;
    else {
      scan.at = at;
      return i + 1;
    }
  }
  scan.at = at;
  return end;
}

function isSpace(code: number): boolean {
  return code === SPACE || code === 0x0a || code === 0x0d || code === 0x09;
}

/** Whether all that the number may be rounds to the same float32. */
function isSafe(value: number): boolean {
  return Math.fround(value * (1 - MARGIN)) === Math.fround(value * (1 + MARGIN));
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}
