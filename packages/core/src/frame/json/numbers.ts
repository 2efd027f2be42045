/** 10 ** k, exact for every k here. */
const POWERS = Float64Array.from({ length: 23 }, (_, k) => Number(`1e${k}`));

/**
 * For each binary exponent of a float32: the power of ten that turns its numbers into integers of at least six digits.
 * 0 where that leaves the range in which powers of ten and the product are exact enough; those numbers go the slow way.
 */
const SCALES = Float64Array.from({ length: 256 }, (_, biased) => {
  const exponent = biased - 127;
  if (biased === 0 || exponent >= 24 || exponent < -40) return 0;
  return POWERS[Math.max(0, 5 - Math.floor(exponent * Math.log10(2)))]!;
});

const floatBits = new Float32Array(1);
const intBits = new Uint32Array(floatBits.buffer);

/**
 * A float32 as the shortest decimal that reads back as the same float32: `0.1`, not `0.10000000149011612`.
 *
 * Rounds to six digits first, which is often enough, then to up to nine, which always are; a candidate counts when
 * Math.fround gives the number back. Infinities and NaN go in quotes, as JSON has no such numbers.
 */
export function float32Text(value: number): string {
  if (value === 0) return '0';
  floatBits[0] = value;
  const scale = SCALES[(intBits[0]! >>> 23) & 0xff]!;
  if (scale === 0) return rareFloat32Text(value);
  let power = scale;
  for (let digits = 6; digits <= 9; digits++, power *= 10) {
    const candidate = Math.round(value * power) / power;
    if (Math.fround(candidate) === value) return '' + candidate;
  }
  return '' + value;
}

/** Very large and very small numbers, subnormal ones, and those that are none. */
function rareFloat32Text(value: number): string {
  if (value - value !== 0) return nonFiniteText(value);
  for (let digits = 1; digits <= 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return '' + candidate;
  }
  return '' + value;
}

export function float64Text(value: number): string {
  return value - value === 0 ? '' + value : nonFiniteText(value);
}

/** NaN, Infinity and -Infinity in JSON. */
function nonFiniteText(value: number): string {
  return value !== value ? '"NaN"' : value > 0 ? '"Infinity"' : '"-Infinity"';
}
