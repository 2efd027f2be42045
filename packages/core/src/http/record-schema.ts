import type { SchemaSpec } from '../schema/spec.js';

export function recordSchemaOf(spec: SchemaSpec): object {
  return { type: 'object', properties: Object.fromEntries(spec.columns.map((column) => [column.name, {}])) };
}
