import { fromFloat16Bits, toFloat16Bits } from '@witan/core/frame';
import type { TensorDType } from '../tensor/tensor.js';

/** What may be done to a column's values to fit an input: only what loses nothing, or also rounding and wrapping. */
export type CastRule = 'lossless' | 'lossy';

interface NumberFormat {
  readonly kind: 'int' | 'uint' | 'float';
  /** Bits of the integer, or of the float's mantissa with its hidden bit: whole numbers below 2^bits are exact. */
  readonly bits: number;
}

const FORMATS: Readonly<Partial<Record<TensorDType, NumberFormat>>> = {
  bool: { kind: 'uint', bits: 1 },
  i8: { kind: 'int', bits: 8 },
  i16: { kind: 'int', bits: 16 },
  i32: { kind: 'int', bits: 32 },
  i64: { kind: 'int', bits: 64 },
  u8: { kind: 'uint', bits: 8 },
  u16: { kind: 'uint', bits: 16 },
  u32: { kind: 'uint', bits: 32 },
  u64: { kind: 'uint', bits: 64 },
  f16: { kind: 'float', bits: 11 },
  f32: { kind: 'float', bits: 24 },
  f64: { kind: 'float', bits: 53 },
};

/** True when every value of `from` is also a value of `to`. */
export function isLossless(from: TensorDType, to: TensorDType): boolean {
  if (from === to) return true;
  const source = FORMATS[from];
  const target = FORMATS[to];
  if (!source || !target || to === 'bool') return false;
  if (source.kind === 'float') return target.kind === 'float' && target.bits >= source.bits;
  // A signed integer's magnitude has one bit less; its lowest value is a power of two, which floats hold.
  if (target.kind === 'float') return target.bits >= source.bits - (source.kind === 'int' ? 1 : 0);
  if (source.kind === target.kind) return target.bits >= source.bits;
  return source.kind === 'uint' && target.bits > source.bits;
}

/** Whether the rule lets a column of `from` fill an input of `to`. Text is never turned into numbers, nor numbers into text. */
export function canCast(from: TensorDType, to: TensorDType, rule: CastRule): boolean {
  return rule === 'lossy' ? from === to || (from !== 'utf8' && to !== 'utf8') : isLossless(from, to);
}

const isBig = (dtype: TensorDType): boolean => dtype === 'i64' || dtype === 'u64';

/** JavaScript source that turns the stored value `value` of `from` into the stored value of `to`; see {@link CAST_SCOPE}. */
export function castExpression(from: TensorDType, to: TensorDType, value: string): string {
  if (from === to) return value;
  if (from === 'f16') return castExpression('f32', to, `fromFloat16Bits(${value})`);
  if (isBig(from)) return castBig(from, to, value);
  if (isBig(to)) return `numberToBig(${value})`;
  if (to === 'bool') return `(${value} ? 1 : 0)`;
  if (to === 'f16') return `toFloat16Bits(${value})`;
  return value;
}

function castBig(from: TensorDType, to: TensorDType, value: string): string {
  if (isBig(to)) return value;
  if (to === 'bool') return `(${value} ? 1 : 0)`;
  if (to === 'f64') return `Number(${value})`;
  if (to === 'f32') return `bigToFloat32(${value})`;
  if (to === 'f16') return `toFloat16Bits(bigToFloat32(${value}))`;
  return `Number(BigInt.asIntN(32, ${value}))`;
}

/** Cuts the fraction; what is no number becomes 0. */
function numberToBig(value: number): bigint {
  return Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n;
}

/**
 * Rounds once. Through a double it would round twice; so bits that a double cannot hold are first gathered into one
 * odd bit far below those that count ("round to odd").
 */
function bigToFloat32(value: bigint): number {
  const near = Number(value);
  if (Number.isSafeInteger(near)) return near;
  const high = value >> 11n;
  return Number((value & 2047n) === 0n ? high : high | 1n) * 2048;
}

/** The functions that {@link castExpression} names. */
export const CAST_SCOPE = { fromFloat16Bits, toFloat16Bits, numberToBig, bigToFloat32 } as const;
