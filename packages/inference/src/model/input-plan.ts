import {
  type Bitmap,
  type Column,
  type ColumnData,
  type DictionaryData,
  type Frame,
  isValid,
  type NumericArray,
} from '@witan/core/frame';
import { inferenceError } from '../inference.errors.js';
import type { ModelSignature } from '../runner/signature.js';
import { type Tensor, type TensorDType, type TensorMap, zeros } from '../tensor/tensor.js';
import type { CastRule } from './cast.js';
import { type FrameLayout, hasLayout, layoutOfFrame } from './layout.js';
import { type InputMapping, mapColumns, tensorDTypeOf } from './mapping.js';
import { type Pack, packerOf } from './pack.js';
import { checkTexts } from './whole-texts.js';

/** What a null cell becomes: refused, or NaN in inputs of floats. */
export type NullRule = 'refuse' | 'nan';

export interface InputPlanOptions {
  readonly cast: CastRule;
  readonly nulls: NullRule;
  /** The inputs' buffers are used again for the next run: right when a run is over when it returns. */
  readonly reuse: boolean;
  /** For messages: `model 'iris'`. */
  readonly who: string;
}

/** Turns Frames of one layout into the model's inputs. */
export class InputPlan {
  private readonly steps: readonly InputStep[];

  constructor(
    signature: ModelSignature,
    private readonly layout: FrameLayout,
    options: InputPlanOptions,
  ) {
    const fixedRows = signature.batch.kind === 'fixed' ? signature.batch.rows : undefined;
    const mappings = mapColumns(signature, layout, options.cast, options.who);
    this.steps = mappings.map((mapping) => new InputStep(mapping, layout, fixedRows, options));
  }

  static of(signature: ModelSignature, frame: Frame<object>, options: InputPlanOptions): InputPlan {
    return new InputPlan(signature, layoutOfFrame(frame), options);
  }

  takes(frame: Frame<object>): boolean {
    return hasLayout(frame, this.layout);
  }

  feeds(frame: Frame<object>): TensorMap {
    const columns = [...frame.columns.values()];
    const feeds: Record<string, Tensor> = {};
    for (const step of this.steps) feeds[step.name] = step.tensor(columns, frame.rows);
    return feeds;
  }
}

class InputStep {
  readonly name: string;
  private readonly dtype: TensorDType;
  private readonly pack: Pack | undefined;
  private scratch: NumericArray | undefined;

  constructor(
    private readonly mapping: InputMapping,
    private readonly layout: FrameLayout,
    private readonly fixedRows: number | undefined,
    private readonly options: InputPlanOptions,
  ) {
    this.name = mapping.input.name;
    this.dtype = mapping.input.dtype;
    const from = mapping.columns.map((i) => tensorDTypeOf(layout[i]!)!);
    const asIs = from.length === 1 && from[0] === this.dtype;
    if (this.dtype !== 'utf8' && !asIs) this.pack = packerOf(from, this.dtype);
  }

  tensor(columns: readonly Column[], rows: number): Tensor {
    const own = this.mapping.columns.map((i) => columns[i]!);
    const padded = this.fixedRows ?? rows;
    const [first] = own;
    const cell = own.length > 1 ? own.length : first!.size;
    const dims = this.dimsOf(padded, first!);
    const sources = own.map((column, i) => this.values(column, this.mapping.columns[i]!));
    if (this.dtype === 'utf8') {
      const data = this.texts(sources as unknown as readonly (readonly string[])[], padded * cell);
      checkTexts(data, this.name, cell, this.options.who);
      return { dtype: 'utf8', dims, data };
    }
    if (!this.pack && padded === rows) return { dtype: this.dtype, dims, data: sources[0] as NumericArray };
    const out = this.buffer(padded * cell);
    if (this.pack) this.pack(out, own.length > 1 ? rows : rows * cell, sources as readonly NumericArray[]);
    else (out as Float32Array).set(sources[0] as Float32Array);
    if (padded > rows) (out as Float32Array).fill(this.zero, rows * cell, padded * cell);
    return { dtype: this.dtype, dims, data: out, owned: !this.options.reuse };
  }

  private get zero(): number {
    return (this.dtype === 'i64' || this.dtype === 'u64' ? 0n : 0) as number;
  }

  private dimsOf(rows: number, column: Column): number[] {
    const rank = this.mapping.input.dims.length;
    if (this.mapping.packed) return [rows, this.mapping.columns.length];
    if (rank === 1) return [rows];
    return column.shape.length === 0 ? [rows, 1] : [rows, ...column.shape];
  }

  private buffer(length: number): NumericArray {
    if (!this.options.reuse) return zeros(this.dtype, length) as NumericArray;
    if (!this.scratch || this.scratch.length < length) this.scratch = zeros(this.dtype, length) as NumericArray;
    return this.scratch;
  }

  /** Packed row by row; missing rows of a fixed batch are empty. */
  private texts(columns: readonly (readonly string[])[], length: number): readonly string[] {
    const [first] = columns;
    if (columns.length === 1 && first!.length === length) return first!;
    const out = new Array<string>(length).fill('');
    const width = columns.length;
    columns.forEach((column, i) => column.forEach((text, row) => (out[row * width + i] = text)));
    return out;
  }

  private values(column: Column, at: number): NumericArray | readonly string[] {
    if (column.validity && column.nullCount > 0) return this.withoutNulls(column, this.layout[at]!.name);
    return plainValues(column.data, column);
  }

  private withoutNulls(column: Column, name: string): NumericArray {
    const source = tensorDTypeOf({ name, dtype: column.dtype, shape: column.shape })!;
    const isFloat = (dtype: TensorDType): boolean => dtype === 'f16' || dtype === 'f32' || dtype === 'f64';
    if (this.options.nulls === 'refuse' || !isFloat(this.dtype) || !isFloat(source))
      throw this.nullRefused(column, name);
    const { validity, size, length } = column;
    const copy = (column.data as Float32Array).slice();
    const nan = source === 'f16' ? 0x7e00 : NaN;
    for (let row = 0; row < length; row++) if (!isValid(validity, row)) copy.fill(nan, row * size, (row + 1) * size);
    return copy;
  }

  private nullRefused(column: Column, name: string): Error {
    const row = firstNull(column.validity!, column.length);
    const hint = this.dtype.startsWith('f') ? "; `nulls: 'nan'` gives NaN for nulls of float columns" : '';
    return inferenceError(
      'INF_ERR_INPUT',
      `${this.options.who}: column '${name}' is null in row ${row}, and a tensor has no nulls${hint}`,
      {
        details: { column: name, row },
      },
    );
  }
}

function firstNull(validity: Bitmap, rows: number): number {
  for (let row = 0; row < rows; row++) if (!isValid(validity, row)) return row;
  return -1;
}

function plainValues(data: ColumnData, column: Column): NumericArray | readonly string[] {
  if (ArrayBuffer.isView(data)) return data as NumericArray;
  if (Array.isArray(data)) return data as readonly string[];
  const { codes, values } = data as DictionaryData;
  return Array.from({ length: column.length * column.size }, (_, i) => values[codes[i]!]!);
}
