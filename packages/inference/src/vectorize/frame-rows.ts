import {
  type Column,
  type DictionaryData,
  type DTypeKind,
  type Frame,
  isValid,
  type ListData,
  type NumericArray,
} from '@witan/core/frame';
import type { DefaultsSink } from './defaults-log.js';
import { numberLoopOf } from './number-loop.js';
import { float32OfText } from './round.js';
import { kindsOf, type ValueKind } from './transformation.js';
import { holeError, lengthError, numberError, typeError } from './value-error.js';
import type { FeaturePlan, VectorizePlan } from './vectorize-plan.js';
import type { VectorizerCounters } from './vectorizer-statistics.js';

/** What a column's values count as; dtypes that are not listed are refused. */
const KINDS: Readonly<Partial<Record<DTypeKind, ValueKind>>> = {
  bool: 'int32',
  i8: 'int32',
  i16: 'int32',
  i32: 'int32',
  i64: 'int64',
  u8: 'int32',
  u16: 'int32',
  u32: 'int64',
  u64: 'int64',
  f16: 'float',
  f32: 'float',
  f64: 'double',
  utf8: 'string',
};

/** Turns the rows of Frames into rows of numbers, column by column. */
export class FrameRows {
  constructor(
    private readonly plan: VectorizePlan,
    private readonly counters: VectorizerCounters,
  ) {}

  /** @throws {INF_ERR_VECTORIZE_VALUE} */
  write(frame: Frame<object>, log: DefaultsSink | undefined): Float32Array {
    const { width, features } = this.plan;
    const out = new Float32Array(frame.rows * width);
    for (const feature of features) {
      const column = frame.columns.get(feature.name);
      if (column) this.writeColumn(feature, column, out, log);
      else for (let row = 0; row < frame.rows; row++) this.writeDefault(feature, row, out, log);
    }
    this.counters.rows += frame.rows;
    return out;
  }

  private writeDefault(feature: FeaturePlan, row: number, out: Float32Array, log: DefaultsSink | undefined): void {
    out.set(feature.defaults, row * this.plan.width + feature.offset);
    this.counters.defaulted[feature.index]!++;
    log?.add(row, feature.index);
  }

  private writeColumn(feature: FeaturePlan, column: Column, out: Float32Array, log: DefaultsSink | undefined): void {
    const { validity, length: rows } = column;
    const first = firstRow(column);
    if (validity)
      for (let row = 0; row < rows; row++) if (!isValid(validity, row)) this.writeDefault(feature, row, out, log);
    if (first < 0) return;
    const values = column.dtype.kind === 'list' ? (column.data as ListData).values : column;
    const kind = KINDS[values.dtype.kind];
    if (kind === undefined || !kindsOf(feature.code).includes(kind))
      throw typeError(feature, { row: first }, dtypeText(column, kind));
    if (column.dtype.kind === 'list') checkLists(feature, column);
    else if (column.size * feature.unit !== feature.length)
      throw lengthError(feature, { row: first }, column.size * feature.unit);
    if (kind === 'string') this.writeTexts(feature, column, values, out);
    else this.writeNumbers(feature, column, values, out);
  }

  private writeNumbers(feature: FeaturePlan, column: Column, values: Column, out: Float32Array): void {
    const { offset, length, base, divisor, code } = feature;
    const offsets = column === values ? undefined : (column.data as ListData).offsets;
    numberLoopOf(
      values.dtype.kind,
      code,
    )({
      out,
      offset,
      width: this.plan.width,
      length,
      rows: column.length,
      data: values.data as NumericArray,
      offsets,
      validity: column.validity,
      base,
      divisor,
    });
  }

  private writeTexts(feature: FeaturePlan, column: Column, values: Column, out: Float32Array): void {
    const { offset, unit, length } = feature;
    const count = length / unit;
    const offsets = column === values ? undefined : (column.data as ListData).offsets;
    const textAt = textsOf(values);
    for (let row = 0; row < column.length; row++) {
      if (!isValid(column.validity, row)) continue;
      const from = offsets ? offsets[row]! : row * count;
      const to = row * this.plan.width + offset;
      for (let i = 0; i < count; i++) this.writeText(feature, row, textAt(from + i), i, out, to + i * unit);
    }
  }

  private writeText(feature: FeaturePlan, row: number, text: string, i: number, out: Float32Array, at: number): void {
    const { unit, categories, byText, vectors } = feature;
    if (categories.length === 0) {
      const number = float32OfText(text);
      if (number === undefined) throw numberError(feature, { row }, text);
      out[at] = number;
      return;
    }
    const index = byText.get(text);
    if (index === undefined) {
      this.counters.unknown[feature.index]!++;
      out.set(feature.defaults.subarray(i * unit, (i + 1) * unit), at);
    } else if (vectors.length === 0) out[at + index] = 1;
    else out.set(vectors.subarray(index * unit, (index + 1) * unit), at);
  }
}

function firstRow({ validity, length }: Column): number {
  for (let row = 0; row < length; row++) if (isValid(validity, row)) return row;
  return -1;
}

function dtypeText({ dtype }: Column, kind: ValueKind | undefined): string {
  return kind === undefined ? dtype.name : `${kind} (${dtype.name})`;
}

function checkLists(feature: FeaturePlan, column: Column): void {
  const { offsets, values } = column.data as ListData;
  for (let row = 0; row < column.length; row++) {
    if (!isValid(column.validity, row)) continue;
    const [start, end] = [offsets[row]!, offsets[row + 1]!];
    if ((end - start) * feature.unit !== feature.length)
      throw lengthError(feature, { row }, (end - start) * feature.unit);
    if (values.validity)
      for (let i = start; i < end; i++) if (!isValid(values.validity, i)) throw holeError(feature, { row });
  }
}

function textsOf({ data }: Column): (index: number) => string {
  if (Array.isArray(data)) return (index) => (data as readonly string[])[index]!;
  const { codes, values } = data as DictionaryData;
  return (index) => values[codes[index]!]!;
}
