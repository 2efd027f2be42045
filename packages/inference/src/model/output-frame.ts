import { Column, Frame, fromFloat16Bits } from '@witan/core/frame';
import { inferenceError } from '../inference.errors.js';
import type { ModelSignature, TensorSpec } from '../runner/signature.js';
import type { OutputView } from './output-view.js';
import { type Tensor, type TensorMap, zeros } from '../tensor/tensor.js';

/** What a NaN among the answers is: a value like any other, or a failure of the rows that have it. */
export type NanRule = 'allow' | 'error';

const SCALAR: readonly number[] = Object.freeze([]);

/**
 * The answer as columns, in the order asked for: `[N]` and `[N, 1]` give a scalar column, `[N, k]` one of vectors.
 * `padded`: how many rows the model was given; those from `rows` on are dropped.
 * @throws {INF_ERR_OUTPUT_ROWS | INF_ERR_OUTPUT_NAN}
 */
export function frameOfOutputs(
  answer: TensorMap,
  view: OutputView,
  rows: number,
  padded: number,
  nan: NanRule,
  who: string,
): Frame {
  const columns = new Map<string, Column>();
  for (let i = 0; i < view.outputs.length; i++) {
    const name = view.outputs[i]!;
    const tensor = answer[name]!;
    const { dims } = tensor;
    if (dims.length === 0 || dims[0] !== padded) throw wrongRows(name, dims, padded, who);
    const column = columnOfTensor(tensor, rows, padded, view.shapes[i]);
    if (nan === 'error') refuseNan(name, column, who);
    columns.set(view.columns[i]!, column);
  }
  return new Frame(columns, rows);
}

function columnOfTensor(
  { dtype, dims, data }: Tensor,
  rows: number,
  padded: number,
  wanted: readonly number[] | undefined,
): Column {
  const kept = rows === padded ? data : (data as Float32Array).slice(0, (data.length / padded) * rows);
  return new Column({ dtype, shape: shapeOf(dims, wanted), length: rows, data: kept });
}

/** The wanted inner shape, where it holds as many values. */
function shapeOf(dims: readonly number[], wanted: readonly number[] | undefined): readonly number[] {
  const shape = innerShape(dims);
  if (wanted === undefined || wanted.length === shape.length) return shape;
  const count = (sizes: readonly number[]): number => sizes.reduce((product, size) => product * size, 1);
  return count(wanted) === count(shape) ? wanted : shape;
}

function innerShape(dims: readonly number[]): readonly number[] {
  return dims.length === 1 || (dims.length === 2 && dims[1] === 1) ? SCALAR : dims.slice(1);
}

function wrongRows(name: string, dims: readonly number[], rows: number, who: string): Error {
  const seen = dims.length === 0 ? 'a single value' : `${dims[0]} rows`;
  return inferenceError(
    'INF_ERR_OUTPUT_ROWS',
    `${who} was given ${rows} rows and answered ${seen} in '${name}': it must give a row for each`,
    { details: { output: name, rows, answered: dims[0] ?? 0 } },
  );
}

function refuseNan(name: string, column: Column, who: string): void {
  const { kind } = column.dtype;
  if (kind !== 'f32' && kind !== 'f64' && kind !== 'f16') return;
  const data = column.data as Float32Array;
  for (let i = 0; i < data.length; i++) {
    const value = kind === 'f16' ? fromFloat16Bits(data[i]!) : data[i]!;
    if (value === value) continue;
    const row = Math.floor(i / column.size);
    throw inferenceError('INF_ERR_OUTPUT_NAN', `${who} answered NaN in '${name}'`, { details: { output: name, row } });
  }
}

/** No rows: the outputs' columns without a run. Sizes that the model leaves open are 0. */
export function emptyOutputs(signature: ModelSignature, view: OutputView): Frame {
  const columns = view.outputs.map((name, i) => {
    const output = signature.outputs.find((spec) => spec.name === name)!;
    return [view.columns[i]!, emptyColumn(output, view.shapes[i])] as const;
  });
  return new Frame(new Map(columns), 0);
}

function emptyColumn({ dtype, dims }: TensorSpec, wanted: readonly number[] | undefined): Column {
  const shape = shapeOf(
    dims.map((size) => size ?? 0),
    wanted,
  );
  return new Column({ dtype, shape, length: 0, data: zeros(dtype, 0) });
}
