import { type Column, fromFloat16Bits, type ListData } from '@witan/core/frame';
import type { ProtoWriter } from './proto-writer.js';

/** The members of Hushar's DataType: one value's field, and the array's. */
const DOUBLE = { one: 1, many: 6 };
const FLOAT = { one: 2, many: 7 };
const INT32 = { one: 3, many: 8 };
const INT64 = { one: 4, many: 9 };
const STRING = { one: 5, many: 10 };
/** The values of an array's message. */
const VALUES = 1;

/** Writes one row's value of a column as a DataType. */
export type FeatureWriter = (writer: ProtoWriter, row: number) => void;

/**
 * How a column's cells become DataType: f64 is a double, f32 and f16 a float, bool and integers up to 32 bits an integer
 * (u32 a long), 64-bit integers, dates, times and durations a long, text a string, bytes a string in base64; vectors and
 * lists the arrays of those. A u64 above 2^63 - 1 has no place in a long: its digits go as a string.
 */
export function featureWriter(column: Column): FeatureWriter {
  if (column.dtype.kind === 'list') {
    const { offsets, values } = column.data as ListData;
    const write = arrayWriter(values);
    return (writer, row) => write(writer, offsets[row]!, offsets[row + 1]!);
  }
  const { size } = column;
  if (column.shape.length > 0) {
    const write = arrayWriter(column);
    return (writer, row) => write(writer, row * size, (row + 1) * size);
  }
  return scalarWriter(column);
}

function scalarWriter(column: Column): FeatureWriter {
  const { data } = column;
  switch (column.dtype.kind) {
    case 'f64':
      return (writer, row) => writer.double(DOUBLE.one, (data as Float64Array)[row]!);
    case 'f32':
      return (writer, row) => writer.float(FLOAT.one, (data as Float32Array)[row]!);
    case 'f16':
      return (writer, row) => writer.float(FLOAT.one, fromFloat16Bits((data as Uint16Array)[row]!));
    case 'utf8':
    case 'binary': {
      const texts = textsOf(column);
      return (writer, row) => writer.text(STRING.one, texts[row]!, true);
    }
    case 'u64':
      return (writer, row) => unsigned(writer, (data as BigUint64Array)[row]!);
    case 'i64':
    case 'timestamp':
    case 'duration':
    case 'u32':
      return (writer, row) => writer.integer(INT64.one, (data as BigInt64Array)[row]!);
    default:
      return (writer, row) => writer.integer(INT32.one, (data as Int32Array)[row]!);
  }
}

type ArrayWriter = (writer: ProtoWriter, start: number, end: number) => void;

function arrayWriter(column: Column): ArrayWriter {
  const data = column.data as Float64Array;
  switch (column.dtype.kind) {
    case 'f64':
      return (w, start, end) => w.message(DOUBLE.many, () => w.packedDoubles(VALUES, data.subarray(start, end)));
    case 'f32':
      return (w, start, end) => w.message(FLOAT.many, () => w.packedFloats(VALUES, data.subarray(start, end)));
    case 'f16':
      return (w, start, end) =>
        w.message(FLOAT.many, () => w.packedFloats(VALUES, Array.from(data.subarray(start, end), fromFloat16Bits)));
    case 'utf8':
    case 'binary':
      return textArrayWriter(textsOf(column));
    case 'u64':
      return unsignedArrayWriter(column.data as BigUint64Array);
    case 'i64':
    case 'timestamp':
    case 'duration':
    case 'u32':
      return (w, start, end) => w.message(INT64.many, () => w.packedIntegers(VALUES, data.subarray(start, end)));
    default:
      return (w, start, end) => w.message(INT32.many, () => w.packedIntegers(VALUES, data.subarray(start, end)));
  }
}

function textArrayWriter(texts: readonly string[]): ArrayWriter {
  return (writer, start, end) =>
    writer.message(STRING.many, () => {
      for (let i = start; i < end; i++) writer.text(VALUES, texts[i]!, true);
    });
}

function unsignedArrayWriter(data: BigUint64Array): ArrayWriter {
  const write = textArrayWriter(Array.from(data, String));
  return (writer, start, end) => {
    const values = data.subarray(start, end);
    if (values.some((value) => value > MAX_LONG)) write(writer, start, end);
    else writer.message(INT64.many, () => writer.packedIntegers(VALUES, values));
  };
}

const MAX_LONG = 2n ** 63n - 1n;

function unsigned(writer: ProtoWriter, value: bigint): void {
  if (value > MAX_LONG) writer.text(STRING.one, String(value), true);
  else writer.integer(INT64.one, value);
}

function textsOf(column: Column): readonly string[] {
  if (column.dtype.kind === 'utf8') return column.strings();
  return (column.data as readonly Uint8Array[]).map((bytes) => Buffer.from(bytes).toString('base64'));
}
