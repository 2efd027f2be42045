import type { SchemaSpec } from '@witan/core';
import { inferenceError } from '../inference.errors.js';
import type { ModelSignature } from '../runner/signature.js';

/** Which outputs a caller wants, and what it calls them. Requests of different views never share a run. */
export interface OutputView {
  /** Part of the gate's key. */
  readonly key: string;
  /** What the runner computes. */
  readonly outputs: readonly string[];
  /** The columns' names, one for each output. */
  readonly columns: readonly string[];
  /** Inner shapes that the caller's schema gives; `undefined` entries keep the model's. */
  readonly shapes: readonly (readonly number[] | undefined)[];
}

/** Every output under its own name. */
export function wholeView(signature: ModelSignature): OutputView {
  return plainView(
    '',
    signature.outputs.map((output) => output.name),
  );
}

function plainView(key: string, outputs: readonly string[]): OutputView {
  return { key, outputs, columns: outputs, shapes: outputs.map(() => undefined) };
}

/**
 * The outputs of those names (of the columns' names, where `from` renames them).
 * @throws {INF_ERR_OUTPUT_UNKNOWN}
 */
export function selectOutputs(
  signature: ModelSignature,
  from: OutputView,
  names: readonly string[],
  who: string,
): OutputView {
  const at = names.map((name) => {
    const column = from.columns.indexOf(name);
    const index = column >= 0 ? column : from.outputs.indexOf(name);
    if (index < 0) throw unknownOutput(signature, name, who);
    return index;
  });
  if (at.length === 0) throw inferenceError('INF_ERR_OUTPUT_UNKNOWN', `${who}: an empty list of outputs was asked for`);
  const distinct = [...new Set(at)];
  return {
    key: `${from.key}|${distinct.join()}`,
    outputs: distinct.map((index) => from.outputs[index]!),
    columns: distinct.map((index) => from.columns[index]!),
    shapes: distinct.map((index) => from.shapes[index]),
  };
}

function unknownOutput(signature: ModelSignature, name: string, who: string): Error {
  const known = signature.outputs.map((output) => output.name).join(', ');
  const why = signature.omitted.includes(name) ? 'is no tensor and cannot be made one' : 'does not exist';
  return inferenceError('INF_ERR_OUTPUT_UNKNOWN', `${who}: the output '${name}' ${why}; there are ${known}`);
}

/**
 * The model's outputs under the names of a handler's output schema. One output for one column needs no equal names;
 * otherwise names are compared without case and punctuation, because ONNX names need not be identifiers. Outputs that
 * no column stands for keep their names.
 */
export function viewForSchema(whole: OutputView, schema: SchemaSpec): OutputView {
  const { columns } = schema;
  const single = columns.length === 1 && whole.outputs.length === 1;
  const matches = whole.outputs.map((output) =>
    single
      ? columns[0]
      : (columns.find(({ name }) => name === output) ?? columns.find(({ name }) => plain(name) === plain(output))),
  );
  const names = matches.map((column, i) => column?.name ?? whole.outputs[i]!);
  if (new Set(names).size < names.length) return whole;
  const shapes = matches.map((column) =>
    column?.shape.every((size) => size !== null) ? (column.shape as number[]) : undefined,
  );
  const same =
    names.every((name, i) => name === whole.outputs[i]) &&
    shapes.every((shape) => shape === undefined || shape.length === 0);
  return same ? whole : { key: JSON.stringify([names, shapes]), outputs: whole.outputs, columns: names, shapes };
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}
