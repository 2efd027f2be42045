import type { ColumnSpec, SchemaSpec } from '@witan/core';
import { parseDType } from '@witan/core/frame';
import type { ServedModel } from '../model/served-model.js';
import type { BatchAxis, TensorSpec } from '../runner/signature.js';
import { columnNames } from './column-names.js';

/** A model's signature as a typed service has it. */
export interface ServiceShape {
  readonly input: SchemaSpec;
  readonly output: SchemaSpec;
  /** The model's names by the columns'; `undefined`: they are the same, or the columns are features. */
  readonly inputNames: ReadonlyMap<string, string> | undefined;
  /** The columns' names by the model's; `undefined`: they are the same. */
  readonly outputNames: ReadonlyMap<string, string> | undefined;
  /** The outputs that are asked for; `undefined`: all. */
  readonly outputs: readonly string[] | undefined;
  /** Equal for signatures that are served alike. */
  readonly key: string;
  /** What an operator should know: columns that have other names than the model's, outputs that are left out. */
  readonly notes: readonly string[];
}

/** Why a model has no typed service. */
export interface NoShape {
  readonly why: string;
}

/**
 * The columns of a model's typed service: its features where it has a vectorization, else its inputs. `[N]` and `[N, 1]`
 * are a scalar column, `[N, k]` one of vectors.
 */
export function serviceShapeOf({ signature, vectorizer }: ServedModel): ServiceShape | NoShape {
  const { inputs, outputs, batch } = signature;
  if (batch.kind === 'none') return { why: 'its inputs share no first dimension for rows' };
  const named = columnNames(inputs.map(({ name }) => name));
  const input = vectorizer?.schema ?? schemaOf('Input', inputs, named);
  const answered = outputs.filter((output) => hasRows(output, batch));
  if (answered.length === 0) return { why: 'none of its outputs has a row for each row of its inputs' };
  const shown = columnNames(answered.map(({ name }) => name));
  const output = schemaOf('Output', answered, shown);
  const unusable = unusableColumn([input, output]);
  if (unusable !== undefined) return { why: unusable };
  const notes = [
    ...(vectorizer ? [] : renamedNotes('input', inputs, named)),
    ...renamedNotes('output', answered, shown),
    ...outputs.filter((each) => !answered.includes(each)).map(({ name }) => `output '${name}' has no rows: left out`),
  ];
  return {
    input,
    output,
    inputNames: vectorizer
      ? undefined
      : unlessSame(
          named,
          inputs.map(({ name }) => name),
        ),
    outputNames: unlessSame(
      answered.map(({ name }) => name),
      shown,
    ),
    outputs: answered.length === outputs.length ? undefined : answered.map(({ name }) => name),
    key: JSON.stringify([input, output].map((schema) => schema.columns.map(columnKey))),
    notes,
  };
}

function schemaOf(name: string, tensors: readonly TensorSpec[], columns: readonly string[]): SchemaSpec {
  return { name, columns: tensors.map((tensor, i) => columnOf(tensor, columns[i]!)), unknown: 'ignore' };
}

function columnOf({ dtype, dims, labels }: TensorSpec, name: string): ColumnSpec {
  const inner = dims.slice(1);
  const isScalar = inner.length === 0 || (inner.length === 1 && inner[0] === 1);
  const description = labels && `one value for each of ${labels.join(', ')}`;
  return {
    name,
    dtype: parseDType(dtype),
    shape: isScalar ? [] : inner,
    nullable: false,
    ...(description !== undefined && { description }),
    rules: [],
  };
}

/** An output of another first dimension than the rows' is refused when it is answered; see INF_ERR_OUTPUT_ROWS. */
function hasRows({ dims }: TensorSpec, batch: BatchAxis): boolean {
  if (dims.length === 0) return false;
  return dims[0] === null || (batch.kind === 'fixed' && dims[0] === batch.rows);
}

function unusableColumn(schemas: readonly SchemaSpec[]): string | undefined {
  const empty = schemas.flatMap(({ columns }) => columns).find(({ shape }) => shape.includes(0));
  return empty && `'${empty.name}' has a dimension of size 0`;
}

function unlessSame(from: readonly string[], to: readonly string[]): ReadonlyMap<string, string> | undefined {
  return from.every((name, i) => name === to[i]) ? undefined : new Map(from.map((name, i) => [name, to[i]!]));
}

function renamedNotes(kind: string, tensors: readonly TensorSpec[], columns: readonly string[]): string[] {
  return tensors.flatMap(({ name }, i) =>
    name === columns[i] ? [] : [`${kind} '${name}' is the column '${columns[i]}', because of its name in .proto`],
  );
}

function columnKey({ name, dtype, shape, nullable, description }: ColumnSpec): unknown {
  return [name, dtype.name, shape, nullable, description];
}
