import { inferenceError } from '../inference.errors.js';
import { type ModelSignature, printTensorSpec, type TensorSpec } from '../runner/signature.js';
import type { TensorDType } from '../tensor/tensor.js';
import { canCast, type CastRule } from './cast.js';
import { type ColumnLayout, type FrameLayout, printLayout } from './layout.js';

/** Which columns make one input. */
export interface InputMapping {
  readonly input: TensorSpec;
  /** Positions in the layout: one column, or several scalar ones to be packed side by side. */
  readonly columns: readonly number[];
  readonly packed: boolean;
}

/**
 * Finds the columns for every input. A column fills the input of its name. What is left, if one input is left: one
 * column of fitting shape, whatever its name, or scalar columns packed in declaration order into `[rows, columns]`.
 * Columns that nothing asks for are ignored when every input has its own by name.
 * @throws {INF_ERR_MAPPING} with both sides printed.
 */
export function mapColumns(
  signature: ModelSignature,
  layout: FrameLayout,
  cast: CastRule,
  who: string,
): InputMapping[] {
  const refuse = (why: string): never => {
    const inputs = signature.inputs.map(printTensorSpec).join('; ');
    throw inferenceError(
      'INF_ERR_MAPPING',
      `${who}: ${why}. The model takes ${inputs}; the columns are ${printLayout(layout)}`,
    );
  };
  if (signature.batch.kind === 'none')
    refuse('its inputs share no first dimension for rows, so it takes tensors only (runTensors)');
  const named = new Map(layout.map((column, i) => [column.name, i]));
  const open = signature.inputs.filter((input) => !named.has(input.name));
  const used = new Set(signature.inputs.flatMap((input) => named.get(input.name) ?? []));
  const left = layout.map((_, i) => i).filter((i) => !used.has(i));
  if (open.length > 1) refuse(`no column for the inputs ${open.map((input) => input.name).join(', ')}`);
  return signature.inputs.map((input) => {
    const own = named.get(input.name);
    const columns = own === undefined ? left : [own];
    const problem = problemOf(
      input,
      columns.map((i) => layout[i]!),
      cast,
    );
    if (problem) refuse(problem);
    return { input, columns, packed: columns.length > 1 };
  });
}

function problemOf(input: TensorSpec, columns: readonly ColumnLayout[], cast: CastRule): string | undefined {
  if (columns.length === 0) return `no column for the input ${input.name}`;
  for (const column of columns) {
    const dtype = tensorDTypeOf(column);
    if (!dtype) return `column '${column.name}' is ${column.dtype.name}, which no model takes`;
    if (canCast(dtype, input.dtype, cast)) continue;
    const hint = canCast(dtype, input.dtype, 'lossy') ? " (`cast: 'lossy'` allows it)" : '';
    return `column '${column.name}' is ${dtype} and the input ${input.name} is ${input.dtype}, which cannot hold every value of it${hint}`;
  }
  if (columns.length === 1) {
    const [column] = columns;
    return fits(input, column!)
      ? undefined
      : `column '${column!.name}' does not have the shape of the input ${input.name}`;
  }
  return packProblem(input, columns);
}

function packProblem(input: TensorSpec, columns: readonly ColumnLayout[]): string | undefined {
  const vector = columns.find((column) => column.shape.length > 0);
  if (vector) return `column '${vector.name}' is a vector: only scalar columns are packed into the input ${input.name}`;
  const width = input.dims[1];
  if (input.dims.length !== 2)
    return `the input ${input.name} has ${input.dims.length} dimensions: columns are packed into two`;
  if (width !== null && width !== columns.length)
    return `${columns.length} columns for the ${width} places of the input ${input.name}`;
  return undefined;
}

/** `[N]` and `[N, 1]` both take a scalar column; otherwise the inner shapes are equal where both are known. */
function fits(input: TensorSpec, column: ColumnLayout): boolean {
  const inner = input.dims.slice(1);
  const shape = column.shape;
  if (shape.length === 0) return inner.every((size) => size === 1 || size === null) && inner.length <= 1;
  if (inner.length === 0) return shape.length === 1 && shape[0] === 1;
  return (
    shape.length === inner.length && shape.every((size, i) => size === null || inner[i] === null || size === inner[i])
  );
}

/** The tensor dtype of a column's storage; `undefined` for temporal, binary and list columns. */
export function tensorDTypeOf(column: ColumnLayout): TensorDType | undefined {
  const { kind } = column.dtype;
  if (kind === 'binary' || kind === 'date32' || kind === 'timestamp' || kind === 'duration' || kind === 'list')
    return undefined;
  return kind;
}
