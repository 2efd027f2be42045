import { type DTypeInfo, type DTypeKind, isBigIntKind, isNumberKind } from './dtype.js';
import { toFloat16Bits } from './float16.js';

export type StoredValue = number | bigint | string | Uint8Array;

/** Turns a record's value into what the column stores; `undefined` when the dtype cannot hold it exactly enough. */
export type Coercer = (value: unknown) => StoredValue | undefined;

const MS_PER_DAY = 86_400_000;
const INTEGER_RANGES: Readonly<Partial<Record<DTypeKind, readonly [number, number]>>> = {
  i8: [-0x80, 0x7f],
  i16: [-0x8000, 0x7fff],
  i32: [-0x8000_0000, 0x7fff_ffff],
  u8: [0, 0xff],
  u16: [0, 0xffff],
  u32: [0, 0xffff_ffff],
};

function coerceInteger([min, max]: readonly [number, number]): Coercer {
  return (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max ? value : undefined;
}

/** Numbers, and the JSON forms of the numbers that JSON has not. */
function asNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (value === 'NaN') return NaN;
  if (value === 'Infinity') return Infinity;
  return value === '-Infinity' ? -Infinity : undefined;
}

function coerceF32(value: unknown): number | undefined {
  const number = asNumber(value);
  if (number === undefined) return undefined;
  const narrow = Math.fround(number);
  return (narrow === Infinity || narrow === -Infinity) && narrow !== number ? undefined : narrow;
}

function coerceF16(value: unknown): number | undefined {
  const number = asNumber(value);
  if (number === undefined) return undefined;
  const bits = toFloat16Bits(number);
  return (bits & 0x7fff) === 0x7c00 && Number.isFinite(number) ? undefined : bits;
}

function coerceBigInt(min: bigint, max: bigint): Coercer {
  return (value) => {
    const count = typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
    return typeof count === 'bigint' && count >= min && count <= max ? count : undefined;
  };
}

const MIN_I64 = -(2n ** 63n);
const coerceI64 = coerceBigInt(MIN_I64, 2n ** 63n - 1n);
const coerceU64 = coerceBigInt(0n, 2n ** 64n - 1n);

/** Milliseconds since the epoch of a Date or an ISO 8601 text; `undefined` for anything else and for invalid dates. */
function asTimeMs(value: unknown): number | undefined {
  const ms =
    value instanceof Date
      ? value.getTime()
      : typeof value === 'string' && /^[+-]?\d{4,6}-\d\d/.test(value)
        ? Date.parse(value)
        : NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

function coerceDate32(value: unknown): number | undefined {
  if (typeof value === 'number') return coerceInteger(INTEGER_RANGES.i32!)(value) as number | undefined;
  const ms = asTimeMs(value);
  return ms === undefined ? undefined : Math.floor(ms / MS_PER_DAY);
}

const PER_MS = { ms: 1n, us: 1000n, ns: 1_000_000n };

function coerceTimestamp(unit: keyof typeof PER_MS | 's'): Coercer {
  return (value) => {
    const ms = asTimeMs(value);
    if (ms === undefined) return coerceI64(value);
    return unit === 's' ? BigInt(Math.floor(ms / 1000)) : BigInt.asIntN(64, BigInt(ms) * PER_MS[unit]);
  };
}

const COERCERS: Readonly<Partial<Record<DTypeKind, Coercer>>> = {
  bool: (value) => (value === true ? 1 : value === false ? 0 : undefined),
  f16: coerceF16,
  f32: coerceF32,
  f64: asNumber,
  i64: coerceI64,
  u64: coerceU64,
  duration: coerceI64,
  utf8: (value) => (typeof value === 'string' ? value : undefined),
  binary: (value) => (value instanceof Uint8Array ? value : undefined),
  date32: coerceDate32,
};

/** The coercer of a scalar dtype (not list). */
export function coercerOf(dtype: DTypeInfo): Coercer {
  if (dtype.kind === 'timestamp') return coerceTimestamp(dtype.unit!);
  return COERCERS[dtype.kind] ?? coerceInteger(INTEGER_RANGES[dtype.kind]!);
}

/** What a dtype takes, for messages. */
export function expectation(dtype: DTypeInfo): string {
  const { kind, name } = dtype;
  if (kind === 'list') return `${name}: an array of ${expectation(dtype.item!)}`;
  const range = INTEGER_RANGES[kind];
  if (range) return `${name}: an integer from ${range[0]} to ${range[1]}`;
  if (isNumberKind(kind)) return `${name}: a number in its range`;
  if (kind === 'date32' || kind === 'timestamp') return `${name}: a Date, an ISO 8601 text or an integer count`;
  if (isBigIntKind(kind)) return `${name}: a bigint or safe integer in its range`;
  return `${name}: ${{ bool: 'true or false', utf8: 'a string', binary: 'a Uint8Array' }[kind as 'bool' | 'utf8' | 'binary']}`;
}
