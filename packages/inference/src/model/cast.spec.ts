import fc from 'fast-check';
import { fromFloat16Bits, toFloat16Bits } from '@witan/core/frame';
import { describe, expect, it } from 'vitest';
import { type TensorDType, zeros } from '../tensor/tensor.js';
import { canCast, isLossless } from './cast.js';
import { packerOf } from './pack.js';

const NUMBERS: readonly TensorDType[] = [
  'bool',
  'i8',
  'i16',
  'i32',
  'i64',
  'u8',
  'u16',
  'u32',
  'u64',
  'f16',
  'f32',
  'f64',
];
type Cells = { [index: number]: number | bigint; length: number };

/** A stored value as a number that can be compared with any other: f16 bits as their value, bigints as they are. */
const meaning = (dtype: TensorDType, value: number | bigint): number | bigint =>
  dtype === 'f16' ? fromFloat16Bits(value as number) : value;

function convert(from: TensorDType, to: TensorDType, value: number | bigint): number | bigint {
  const source = zeros(from, 1) as Cells;
  source[0] = value;
  const out = zeros(to, 1) as Cells;
  packerOf([from], to)(out as never, 1, [source as never]);
  return out[0]!;
}

/** Stored values of a dtype, edges included. */
function valuesOf(dtype: TensorDType): fc.Arbitrary<number | bigint> {
  const bits = Number(/\d+/.exec(dtype)?.[0] ?? 1);
  if (dtype === 'bool') return fc.integer({ min: 0, max: 1 });
  if (dtype === 'f16') return fc.float({ noNaN: true }).map(toFloat16Bits);
  if (dtype === 'f32') return fc.float({ noNaN: true });
  if (dtype === 'f64') return fc.double({ noNaN: true });
  const [min, max] = dtype.startsWith('u')
    ? [0n, 2n ** BigInt(bits) - 1n]
    : [-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n];
  const values = fc.oneof(fc.bigInt({ min, max }), fc.constantFrom(min, max));
  return bits === 64 ? values : values.map(Number);
}

describe('casts', () => {
  it('called lossless keep every value', () => {
    for (const from of NUMBERS) {
      for (const to of NUMBERS.filter((dtype) => isLossless(from, dtype))) {
        fc.assert(
          fc.property(valuesOf(from), (value) => {
            const [before, after] = [meaning(from, value), meaning(to, convert(from, to, value))];
            // oxlint-disable-next-line eqeqeq -- a bigint and a number of the same value are what is asked about
            return before == after;
          }),
          { numRuns: 50 },
        );
      }
    }
  });

  it.each([
    ['i32', 'f32'],
    ['i64', 'f64'],
    ['u8', 'i8'],
    ['i8', 'u8'],
    ['i8', 'u64'],
    ['u16', 'f16'],
    ['f64', 'f32'],
    ['f32', 'i64'],
    ['f32', 'bool'],
    ['utf8', 'f32'],
    ['f32', 'utf8'],
  ] as const)('from %s to %s lose something', (from, to) => {
    expect(isLossless(from, to)).toBe(false);
    expect(canCast(from, to, 'lossless')).toBe(false);
  });

  it('never turn text into numbers, even when asked to lose', () => {
    expect(canCast('utf8', 'f32', 'lossy')).toBe(false);
    expect(canCast('f32', 'utf8', 'lossy')).toBe(false);
    expect(canCast('f64', 'f32', 'lossy')).toBe(true);
  });

  it.each([
    ['i64', 'f32', 16_777_217n, 16_777_216],
    // Through a double this would be a tie, and rounded down: the last bit is the one that counts.
    ['i64', 'f32', 2n ** 62n + 2n ** 38n + 1n, 2 ** 62 + 2 ** 39],
    ['u64', 'f32', 2n ** 64n - 1n, 2 ** 64],
    ['i64', 'i32', 2n ** 32n + 5n, 5],
    ['f64', 'i64', -1.9, -1n],
    ['f64', 'i64', NaN, 0n],
    ['f32', 'u8', 257, 1],
    ['f64', 'f32', 0.1, Math.fround(0.1)],
    ['f32', 'bool', 0.5, 1],
    ['i64', 'bool', 0n, 0],
  ] as const)('from %s to %s of %s give %s when asked to lose', (from, to, value, expected) => {
    expect(convert(from, to, value)).toBe(expected);
  });

  it('round once into f16', () => {
    expect(meaning('f16', convert('f32', 'f16', 1.0009))).toBe(1.0009765625);
  });
});

describe('packing', () => {
  it.each([1, 3, 255, 300])('interleaves %d columns of several dtypes row by row', (width) => {
    const kinds: readonly TensorDType[] = ['f32', 'i8', 'u16', 'bool'];
    const from = Array.from({ length: width }, (_, i) => kinds[i % kinds.length]!);
    const value = (row: number, column: number): number =>
      kinds[column % kinds.length] === 'bool' ? row % 2 : (row + column) % 100;
    const columns = from.map((dtype, column) => {
      const data = zeros(dtype, 3) as Cells;
      for (let row = 0; row < 3; row++) data[row] = value(row, column);
      return data;
    });
    const out = new Float32Array(3 * width);
    packerOf(from, 'f32')(out, 3, columns as never);
    expect([...out]).toEqual(Array.from({ length: 3 * width }, (_, i) => value(Math.floor(i / width), i % width)));
  });
});
