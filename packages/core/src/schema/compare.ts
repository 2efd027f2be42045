import type { Frame } from '../frame/frame.js';
import type { ColumnSpec, SchemaSpec } from './spec.js';
import { shapeText } from './vector-shape.js';

/** A schema as text, a line for each column: for boot errors that print both sides. */
export function describeSchema(spec: SchemaSpec): string {
  return [spec.name, ...spec.columns.map((column) => `  ${describeColumn(column)}`)].join('\n');
}

/** `embedding: f32[16], nullable, min(0)`. */
export function describeColumn(column: ColumnSpec): string {
  const { name, dtype, shape, nullable, default: fallback, rules } = column;
  const parts = [`${name}: ${dtype.name}${shape.length > 0 ? shapeText(shape) : ''}`];
  if (nullable) parts.push('nullable');
  if (fallback !== undefined) parts.push('has a default');
  for (const rule of rules)
    parts.push(
      `${rule.each ? 'each ' : ''}${rule.name}${rule.constraints.length > 0 ? `(${rule.constraints.map(constraintText).join(', ')})` : ''}`,
    );
  return parts.join(', ');
}

function constraintText(value: unknown): string {
  if (value instanceof RegExp || value === undefined) return String(value);
  return typeof value === 'bigint' ? `${value}` : (JSON.stringify(value) ?? typeof value).slice(0, 64);
}

/** A Frame's columns, in the form of {@link describeSchema}. */
export function describeFrame(frame: Frame<object>): string {
  const lines = [...frame.columns].map(([name, column]) => {
    const nulls = column.nullCount > 0 ? `, ${column.nullCount} null` : '';
    return `  ${name}: ${column.dtype.name}${column.shape.length > 0 ? shapeText(column.shape) : ''}${nulls}`;
  });
  return [`a frame of ${frame.rows} rows`, ...lines].join('\n');
}

/**
 * Why Frames of schema `out` cannot go into a handler that takes `next`; `undefined` when they can. Every column that
 * `next` cannot do without must be there with the same dtype, a shape that fits, and no nulls that `next` refuses;
 * further columns do no harm.
 */
export function schemaMismatch(out: SchemaSpec, next: SchemaSpec): string | undefined {
  const given = new Map(out.columns.map((column) => [column.name, column]));
  for (const needed of next.columns) {
    const column = given.get(needed.name);
    const problem = column ? columnMismatch(column, needed) : missing(needed);
    if (problem !== undefined) return `column '${needed.name}' ${problem}`;
  }
  if (next.unknown === 'ignore') return undefined;
  const extra = out.columns.find(({ name }) => !next.columns.some((column) => column.name === name));
  return extra && `column '${extra.name}' is not in ${next.name}, which refuses unknown columns`;
}

function missing({ nullable, default: fallback }: ColumnSpec): string | undefined {
  return nullable || fallback !== undefined ? undefined : 'is missing';
}

function columnMismatch(given: ColumnSpec, needed: ColumnSpec): string | undefined {
  if (given.dtype.name !== needed.dtype.name) return `is ${given.dtype.name}, must be ${needed.dtype.name}`;
  const fits =
    given.shape.length === needed.shape.length &&
    given.shape.every((size, i) => size === null || needed.shape[i] === null || size === needed.shape[i]);
  if (!fits) return `has the shape ${shapeText(given.shape)}, must have ${shapeText(needed.shape)}`;
  return given.nullable && !needed.nullable ? 'may be null, must not be' : undefined;
}
