import { vectorizedFixture } from '@witan-libs/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float32OfBigint, float32OfInt64, float32OfText } from './round.js';

const fixture = vectorizedFixture();
const MAX_FINITE = 0x7f7fffff;

/** A fraction's nearest float32, by comparing whole numbers only: a second, slow way to the same answer. */
function nearest(numerator: bigint, denominator: bigint): number {
  if (numerator < 0n) return -nearest(-numerator, denominator);
  let low = 0;
  let high = MAX_FINITE;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (scaled(middle) * denominator <= numerator * ONE) low = middle;
    else high = middle - 1;
  }
  const [below, above] = [scaled(low), scaled(low + 1)];
  const twice = 2n * numerator * ONE;
  const middle = (below + above) * denominator;
  if (twice < middle || (twice === middle && low % 2 === 0)) return floatOf(low);
  return floatOf(low + 1);
}

/** Every float32 is a whole number of the smallest one. */
const SMALLEST_POWER = 149n;
const ONE = 1n << SMALLEST_POWER;

/** The float of these bits, in units of the smallest; what follows the largest as if there were one more exponent. */
function scaled(bits: number): bigint {
  const exponent = bits >>> 23;
  const fraction = BigInt(bits & 0x7fffff);
  return exponent === 0 ? fraction : (fraction | 0x800000n) << BigInt(exponent - 1);
}

function floatOf(bits: number): number {
  return new Float32Array(Uint32Array.of(bits).buffer)[0]!;
}

const halves = (value: bigint): [number, number] => [
  Number(BigInt.asIntN(32, value)),
  Number(BigInt.asIntN(32, value >> 32n)),
];

describe('int64 to float32', () => {
  it('rounds once, as numpy does', () => {
    for (const [value, expected] of fixture.int64) {
      expect(float32OfInt64(...halves(value)), String(value)).toBe(expected);
      expect(float32OfBigint(value), String(value)).toBe(expected);
    }
  });

  it('rounds any value to the nearest', () => {
    const nearMiddle = fc
      .tuple(fc.integer({ min: 2 ** 23, max: 2 ** 24 - 1 }), fc.integer({ min: 0, max: 38 }), fc.bigInt(-3n, 3n))
      .map(([mantissa, shift, off]) => ((BigInt(mantissa) * 2n + 1n) << BigInt(shift)) + off);
    fc.assert(
      fc.property(fc.oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), nearMiddle), fc.boolean(), (value, negative) => {
        const signed = BigInt.asIntN(64, negative ? -value : value);
        expect(float32OfInt64(...halves(signed))).toBe(nearest(signed, 1n) + 0);
        expect(float32OfBigint(signed)).toBe(nearest(signed, 1n) + 0);
      }),
      { numRuns: 500 },
    );
  });

  it('takes unsigned values too', () => {
    expect(float32OfBigint(2n ** 64n - 1n)).toBe(2 ** 64);
    expect(float32OfBigint(2n ** 63n + 2n ** 39n)).toBe(2 ** 63);
    expect(float32OfBigint(2n ** 63n + 2n ** 39n + 1n)).toBe(2 ** 63 + 2 ** 40);
  });
});

describe('text to float32', () => {
  it('rounds once, as an exact computation does', () => {
    for (const [text, expected] of fixture.texts) expect(float32OfText(text), text).toBe(expected);
  });

  it.each(fixture.noTexts.map((text) => [JSON.stringify(text), text]))('refuses %s', (_, text) => {
    expect(float32OfText(text)).toBeUndefined();
  });

  it('rounds any decimal to the nearest', () => {
    const decimal = fc.tuple(fc.bigInt(0n, 10n ** 40n), fc.integer({ min: -60, max: 10 }));
    fc.assert(
      fc.property(decimal, ([digits, power]) => expectNearest(digits, power)),
      { numRuns: 500 },
    );
  });

  it('rounds decimals at, and next to, the middle between two floats', () => {
    const middle = fc.integer({ min: 0, max: MAX_FINITE }).map((bits) => scaled(bits) + scaled(bits + 1));
    fc.assert(
      fc.property(middle, fc.constantFrom(-1n, 0n, 1n), fc.integer({ min: 151, max: 400 }), (sum, off, places) => {
        // sum / 2 ** 150 has at most 150 decimal places.
        expectNearest((sum * 10n ** BigInt(places)) / 2n ** 150n + off, -places);
      }),
      { numRuns: 500 },
    );
  });

  it('takes megabytes of digits in no time', () => {
    const long = '1'.repeat(4_000_000);
    expect(float32OfText(long)).toBe(Infinity);
    expect(float32OfText(`${long}x`)).toBeUndefined();
    expect(float32OfText(`0.${'0'.repeat(4_000_000)}1`)).toBe(0);
    expect(float32OfText(`16777217.${'0'.repeat(4_000_000)}1`)).toBe(16777218);
    expect(float32OfText(`1${'0'.repeat(4_000_000)}e-4000000`)).toBe(1);
  });
});

function expectNearest(digits: bigint, power: number): void {
  const expected = power < 0 ? nearest(digits, 10n ** BigInt(-power)) : nearest(digits * 10n ** BigInt(power), 1n);
  const text = String(digits).padStart(1 - Math.min(power, 0), '0');
  const point = power < 0 ? `${text.slice(0, power)}.${text.slice(power)}` : `${text}e${power}`;
  expect(float32OfText(point)).toBe(expected);
  expect(float32OfText(`-${digits}e${power}`)).toBe(-expected);
}
