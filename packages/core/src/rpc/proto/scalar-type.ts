import type { DTypeInfo, DTypeKind } from '../../frame/dtype.js';

/** protobuf's scalar types that columns use. */
export type ProtoScalar = 'bool' | 'int32' | 'int64' | 'uint32' | 'uint64' | 'float' | 'double' | 'string' | 'bytes';

const SCALAR_OF_KIND: Readonly<Record<Exclude<DTypeKind, 'list'>, ProtoScalar>> = {
  bool: 'bool',
  i8: 'int32',
  i16: 'int32',
  i32: 'int32',
  i64: 'int64',
  u8: 'uint32',
  u16: 'uint32',
  u32: 'uint32',
  u64: 'uint64',
  f16: 'float',
  f32: 'float',
  f64: 'double',
  utf8: 'string',
  binary: 'bytes',
  date32: 'int32',
  timestamp: 'int64',
  duration: 'int64',
};

/** The protobuf type of one value: for a list, of its items. */
export function protoScalarOf(dtype: DTypeInfo): ProtoScalar {
  return dtype.kind === 'list' ? protoScalarOf(dtype.item!) : SCALAR_OF_KIND[dtype.kind];
}

/** Wire types of the protobuf encoding. */
export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH = 2;
export const START_GROUP = 3;
export const END_GROUP = 4;
export const FIXED32 = 5;

export function wireTypeOf(scalar: ProtoScalar): number {
  if (scalar === 'float') return FIXED32;
  if (scalar === 'double') return FIXED64;
  return scalar === 'string' || scalar === 'bytes' ? LENGTH : VARINT;
}

/** Strings and bytes cannot be packed: each value carries its own tag. */
export function isPackable(scalar: ProtoScalar): boolean {
  return wireTypeOf(scalar) !== LENGTH;
}

const UNIT_NAMES = { s: 'seconds', ms: 'milliseconds', us: 'microseconds', ns: 'nanoseconds' } as const;

/** What a value's number means where its protobuf type does not say it; `undefined` where it does. */
export function meaningOf(dtype: DTypeInfo): string | undefined {
  const { kind, unit, zone } = dtype;
  if (kind === 'list') return meaningOf(dtype.item!);
  if (kind === 'date32') return 'days since 1970-01-01';
  if (kind === 'duration') return UNIT_NAMES[unit!];
  if (kind === 'timestamp')
    return `${UNIT_NAMES[unit!]} since 1970-01-01T00:00:00${zone ? `, shown in ${zone}` : ', local time'}`;
  return kind === 'i8' || kind === 'i16' || kind === 'u8' || kind === 'u16' || kind === 'f16' ? kind : undefined;
}
