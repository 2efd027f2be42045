const scratch = new DataView(new ArrayBuffer(4));

/** The bits of the IEEE 754 binary16 nearest to `value` (ties to even); overflow gives infinity. */
export function toFloat16Bits(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const abs = Math.abs(value);
  if (value !== value) return sign | 0x7e00;
  if (abs === 0) return sign;
  // 65520 is the midpoint between the largest half (65504) and the next step: it rounds to infinity.
  if (abs >= 65520) return sign | 0x7c00;
  if (abs < 2 ** -14) return sign | roundTiesToEven(abs * 2 ** 24);
  const exponent = Math.floor(Math.log2(abs));
  const exact = abs >= 2 ** (exponent + 1) ? exponent + 1 : abs < 2 ** exponent ? exponent - 1 : exponent;
  return sign | (((exact + 15) << 10) + roundTiesToEven((abs / 2 ** exact - 1) * 1024));
}

function roundTiesToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** The number whose IEEE 754 binary16 bits these are. */
export function fromFloat16Bits(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
