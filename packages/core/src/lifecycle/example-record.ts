import { protoName } from '../rpc/proto/proto-name.js';
import type { ColumnSpec, SchemaSpec } from '../schema/spec.js';

/** A record that keeps the simple rules of a schema, as JSON values: for the lines of the banner and the docs page. */
export function exampleRecord(spec: SchemaSpec): Record<string, unknown> {
  return Object.fromEntries(spec.columns.map((column) => [column.name, exampleCell(column)]));
}

/** The same as a row of the generated .proto, in protobuf's JSON form: vectors are flat, dates are numbers. */
export function exampleRow(spec: SchemaSpec): Record<string, unknown> {
  return Object.fromEntries(spec.columns.map((column) => [fieldName(column.name), rowCell(column)]));
}

/** The column's own name where protobuf's JSON form has it so, else the field's: `sepalWidth`, but `x` for `X`. */
function fieldName(column: string): string {
  const field = protoName(column);
  const inJson = field.replace(/_+([a-z0-9]?)/g, (_, next: string) => next.toUpperCase());
  return inJson === column ? column : field;
}

function rowCell(column: ColumnSpec): unknown {
  const value = rowValue(column);
  if (column.dtype.kind === 'list') return [value];
  if (column.shape.length === 0) return value;
  const size = column.shape.reduce<number>((product, length) => product * (length ?? 1), 1);
  return Array.from({ length: size }, () => value);
}

function rowValue(column: ColumnSpec): unknown {
  const kind = column.dtype.item?.kind ?? column.dtype.kind;
  return kind === 'date32' || kind === 'timestamp' ? 0 : exampleValue(column);
}

function exampleCell(column: ColumnSpec): unknown {
  if (column.dtype.kind === 'list') return [exampleValue(column)];
  return nested(column.shape, () => exampleValue(column));
}

function nested(shape: readonly (number | null)[], value: () => unknown): unknown {
  const [size, ...rest] = shape;
  if (size === undefined) return value();
  return Array.from({ length: size ?? 1 }, () => nested(rest, value));
}

const BY_KIND: Readonly<Record<string, unknown>> = {
  bool: true,
  utf8: 'text',
  binary: 'AA==',
  date32: '2026-01-31',
  timestamp: '2026-01-31T12:00:00Z',
};

function exampleValue({ rules, dtype }: ColumnSpec): unknown {
  const constraint = (name: string): unknown => rules.find((rule) => rule.name === name)?.constraints[0];
  const allowed = constraint('isIn');
  if (Array.isArray(allowed)) return allowed[0];
  const kind = dtype.item?.kind ?? dtype.kind;
  if (kind === 'timestamp' && dtype.unit !== 's' && dtype.unit !== 'ms') return 0;
  if (kind in BY_KIND) return BY_KIND[kind];
  const min = Number(constraint('min') ?? 1);
  const max = Number(constraint('max') ?? Infinity);
  return Math.min(Math.max(1, min), max);
}
