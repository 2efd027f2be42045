/** 10 ** k, exact for every k here. */
const POWERS = Float64Array.from({ length: 23 }, (_, k) => Number(`1e${k}`));

/** From this binary exponent on (about 1e-6), and below 2 ** 24 and 2 ** 49, numbers take the fast ways below. */
const MIN_EXPONENT = -20;

/**
 * For each binary exponent of a float32, how many decimals give it at least six digits; -1: no fast way. Floor of the
 * logarithm of the exponent is one too small for some numbers; they then get seven digits.
 */
const DECIMALS_32 = Int8Array.from({ length: 256 }, (_, biased) => decimalsFor(biased - 127, 24, 6));
/** The same for a float64 and eight digits. */
const DECIMALS_64 = Int8Array.from({ length: 2048 }, (_, biased) => decimalsFor(biased - 1023, 49, 8));

function decimalsFor(exponent: number, end: number, digits: number): number {
  if (exponent < MIN_EXPONENT || exponent >= end) return -1;
  return Math.max(0, digits - 1 - Math.floor(exponent * Math.log10(2)));
}

const double = new Float64Array(1);
const doubleBits = new Uint32Array(double.buffer);
const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);

/** What {@link findDecimal32} and {@link findDecimal64} found: the number is `digits / 10 ** decimals`. */
export const found = { digits: 0, decimals: 0 };

/**
 * Finds the shortest decimal that reads back as the same positive float32 (`0.1`, not `0.10000000149011612`): with six
 * digits, which is often enough, then with up to nine, which always are. False: no fast way.
 */
export function findDecimal32(value: number): boolean {
  single[0] = value;
  let decimals = DECIMALS_32[(singleBits[0]! >>> 23) & 0xff]!;
  if (decimals < 0) return false;
  for (let tries = 0; tries < 4; tries++, decimals++) {
    const power = POWERS[decimals]!;
    const digits = Math.floor(value * power + 0.5);
    if (Math.fround(digits / power) === value) return note(digits, decimals);
  }
  return false;
}

/**
 * Finds the decimal of a positive float64 when at most fifteen digits say it exactly: then it is the shortest one. The
 * quotient of two integers below 2 ** 53 is the double nearest to that decimal, so the test is exact.
 */
export function findDecimal64(value: number): boolean {
  double[0] = value;
  const decimals = DECIMALS_64[(doubleBits[HIGH_WORD]! >>> 20) & 0x7ff]!;
  if (decimals < 0) return false;
  const short = Math.floor(value * POWERS[decimals]! + 0.5);
  if (short / POWERS[decimals]! === value) return note(short, decimals);
  const longDecimals = value < 1e8 ? decimals + 6 : 0;
  const long = Math.floor(value * POWERS[longDecimals]! + 0.5);
  return long < 1e15 && long / POWERS[longDecimals]! === value && note(long, longDecimals);
}

const HIGH_WORD = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;

function note(digits: number, decimals: number): true {
  found.digits = digits;
  found.decimals = decimals;
  return true;
}

/** A positive finite float32 that {@link findDecimal32} leaves: very large, very small or subnormal. */
export function rareFloat32Text(value: number): string {
  for (let digits = 1; digits <= 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return '' + candidate;
  }
  return '' + value;
}
