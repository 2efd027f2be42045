import type { WitanError } from '@witan/core';
import { vectorizeError } from './vectorize.errors.js';
import { kindsOf, type Feature } from './transformation.js';

/** Whose value it was: the row of the request, and its id where rows have ids. */
export interface RowPlace {
  readonly row: number;
  readonly rowId?: string | undefined;
}

const MAX_SHOWN = 64;

/** A value of a type that the transformation does not take. `seen`: the type as its sender would call it. */
export function typeError(feature: Feature, place: RowPlace, seen: string): WitanError {
  const takes = kindsOf(feature.code)
    .join(', ')
    .replace(/, (?=[^,]*$)/, ' or ');
  return valueError(feature, place, 'type', `${feature.type} takes ${takes}, or an array of them, not ${seen}`);
}

/** A text that is to be a number and is none. */
export function numberError(feature: Feature, place: RowPlace, text: string): WitanError {
  const shown = JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
  return valueError(feature, place, 'number', `${shown} is not a number: a decimal, inf or nan, without blanks`);
}

/** An array, or a single value, that gives more or fewer numbers than the feature has in a row. */
export function lengthError(feature: Feature, place: RowPlace, numbers: number): WitanError {
  const { defaults, unit } = feature;
  const values = unit === 1 ? '' : ` (${numbers / unit} of the ${defaults.length / unit} values)`;
  const text = `gives ${numbers} numbers${values}, its share of a row is ${defaults.length}, as long as default_val`;
  return valueError(feature, place, 'length', text);
}

/** A hole in an array. */
export function holeError(feature: Feature, place: RowPlace): WitanError {
  return valueError(feature, place, 'null', 'has a null within its array');
}

function valueError({ name, type }: Feature, { row, rowId }: RowPlace, rule: string, text: string): WitanError {
  const where = rowId === undefined ? `row ${row}` : `row ${row} (${JSON.stringify(cut(rowId))})`;
  const message = `${where}, feature ${JSON.stringify(cut(name))}: ${text}`;
  const violation = { row, column: name, rule, value: type, message: text };
  const details = { row, ...(rowId !== undefined && { rowId: cut(rowId) }), feature: name, violations: [violation] };
  return vectorizeError('INF_ERR_VECTORIZE_VALUE', message, { details });
}

function cut(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
