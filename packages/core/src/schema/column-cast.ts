import { Column, isDictionary, type ListData, type NumericArray } from '../frame/column.js';
import { type DTypeInfo, type DTypeKind, isNumberKind, type TimeUnit } from '../frame/dtype.js';
import { fromFloat16Bits, toFloat16Bits } from '../frame/float16.js';
import { arrayTypeOf } from '../frame/storage.js';

/** Which number dtypes hold every value of another: by type, whatever the values are. */
const WIDER: Readonly<Partial<Record<DTypeKind, readonly DTypeKind[]>>> = {
  i8: ['i16', 'i32', 'i64', 'f16', 'f32', 'f64'],
  i16: ['i32', 'i64', 'f32', 'f64'],
  i32: ['i64', 'f64'],
  u8: ['u16', 'u32', 'u64', 'i16', 'i32', 'i64', 'f16', 'f32', 'f64'],
  u16: ['u32', 'u64', 'i32', 'i64', 'f32', 'f64'],
  u32: ['u64', 'i64', 'f64'],
  f16: ['f32', 'f64'],
  f32: ['f64'],
};

/**
 * The column in another dtype, if nothing can be lost: by the type alone (`i8` to `i32`, `u8` to `f32`, a timestamp's
 * zone), or to a finer unit of time when every count fits; `undefined` otherwise.
 */
export function castColumn(column: Column, dtype: DTypeInfo): Column | undefined {
  const from = column.dtype;
  if (from.name === dtype.name) return column;
  if (from.kind === 'list' && dtype.kind === 'list') return castList(column, dtype);
  if (from.unit && dtype.unit && from.kind === dtype.kind && !from.zone === !dtype.zone) return castUnit(column, dtype);
  if (!WIDER[from.kind]?.includes(dtype.kind)) return undefined;
  return withData(column, dtype, widen(column, dtype));
}

function withData(column: Column, dtype: DTypeInfo, data: Column['data'] = column.data): Column {
  return new Column({ dtype, data, length: column.length, shape: column.shape, validity: column.validity });
}

const PER_SECOND: Readonly<Record<TimeUnit, bigint>> = { s: 1n, ms: 1000n, us: 1_000_000n, ns: 1_000_000_000n };

function castUnit(column: Column, dtype: DTypeInfo): Column | undefined {
  const [from, to] = [PER_SECOND[column.dtype.unit!], PER_SECOND[dtype.unit!]];
  if (from === to) return withData(column, dtype);
  if (from > to) return undefined;
  const finer = (column.data as BigInt64Array).map((count) => BigInt.asIntN(64, count * (to / from)));
  const overflows = finer.some(
    (count, i) =>
      count / (to / from) !== (column.data as BigInt64Array)[i] && !column.isNull(Math.floor(i / column.size)),
  );
  return overflows ? undefined : withData(column, dtype, finer);
}

function castList(column: Column, dtype: DTypeInfo): Column | undefined {
  const { offsets, values } = column.data as ListData;
  const cast = castColumn(values, dtype.item!);
  return cast && withData(column, dtype, { offsets, values: cast });
}

function widen(column: Column, dtype: DTypeInfo): NumericArray {
  const source = column.data as NumericArray;
  const target = new (arrayTypeOf(dtype)!)(source.length) as unknown as {
    [index: number]: number | bigint;
    length: number;
  };
  const read =
    column.dtype.kind === 'f16'
      ? (i: number) => fromFloat16Bits(source[i] as number)
      : (i: number) => source[i] as number;
  const convert = isNumberKind(dtype.kind) ? writerOf(dtype.kind) : (value: number) => BigInt(value);
  for (let i = 0; i < source.length; i++) target[i] = convert(read(i));
  return target as unknown as NumericArray;
}

function writerOf(kind: DTypeKind): (value: number) => number {
  return kind === 'f16' ? toFloat16Bits : (value) => value;
}

/** Lists that all have the length of a vector, as vectors: Arrow writers often do not say that a list's size is fixed. */
export function listsAsVectors(
  column: Column,
  dtype: DTypeInfo,
  size: number | null,
): Column | { readonly row: number; readonly length: number } | undefined {
  const { offsets, values } = column.data as ListData;
  if (isDictionary(values.data) || !(ArrayBuffer.isView(values.data) || Array.isArray(values.data))) return undefined;
  let width = size ?? -1;
  for (let row = 0; row < column.length; row++) {
    if (column.isNull(row)) continue;
    const length = offsets[row + 1]! - offsets[row]!;
    if (width < 0) width = length;
    if (length !== width) return { row, length };
  }
  const gathered = gather(column, Math.max(width, 0));
  return castColumn(
    new Column({
      dtype: values.dtype,
      data: gathered,
      length: column.length,
      shape: [Math.max(width, 0)],
      validity: column.validity,
    }),
    dtype,
  );
}

/** The values of equal lists end to end; null rows, which may be of any length, get room too. */
function gather(column: Column, width: number): Column['data'] {
  const { offsets, values } = column.data as ListData;
  const data = values.data as NumericArray | string[];
  const first = offsets[0]!;
  if (!column.validity) return data.slice(first, first + column.length * width) as Column['data'];
  const Numbers = arrayTypeOf(values.dtype);
  const out = (Numbers ? new Numbers(column.length * width) : new Array(column.length * width).fill('')) as unknown[];
  for (let row = 0; row < column.length; row++) {
    if (column.isNull(row)) continue;
    for (let i = 0; i < width; i++) out[row * width + i] = data[offsets[row]! + i];
  }
  return out as unknown as Column['data'];
}
