import { rulesOfClass } from './class-validator-rules.js';
import { declaredColumns } from './column.decorator.js';
import { columnSpec, fieldNumbersOf } from './column-spec.js';
import { schemaError } from './schema.errors.js';
import { schemaOptionsOf } from './schema-options.js';
import type { SchemaSpec } from './spec.js';

type SchemaClass<R extends object = object> = abstract new (...args: never[]) => R;

/** Whatever stands for a schema: a decorated class, or what {@link schemaOf} or `Schema.dynamic` gave. */
export type SchemaLike<R extends object = object> = SchemaClass<R> | TypedSchema<R>;

/** A SchemaSpec that remembers the type of its records. */
export interface TypedSchema<R extends object> extends SchemaSpec {
  /** Only for the type checker. */
  readonly __record?: R;
}

/** The record type of a schema class or of a `Schema.dynamic` schema. */
export type RecordOf<S> = S extends SchemaClass<infer R> ? R : S extends TypedSchema<infer R> ? R : never;

const specs = new WeakMap<object, SchemaSpec>();

/**
 * The schema that a class declares, as plain data; a spec passes through. Read once per class.
 * @throws {CORE_ERR_SCHEMA_DEFINITION} when the class is no schema or says something wrong.
 */
export function schemaOf<R extends object>(schema: SchemaLike<R>): TypedSchema<R> {
  if (typeof schema !== 'function') return schema;
  let spec = specs.get(schema);
  if (!spec) specs.set(schema, (spec = readClass(schema)));
  return spec;
}

function readClass(type: SchemaClass): SchemaSpec {
  const options = schemaOptionsOf(type);
  const declared = declaredColumns(type);
  if (!options) throw noSchema(type, declared.length > 0);
  const where = `schema ${type.name}`;
  if (declared.length === 0) throw definitionError(where, 'it has no columns: put @Column(dtype) on its properties');
  const unknown = options.unknown ?? 'ignore';
  if (unknown !== 'ignore' && unknown !== 'refuse')
    throw definitionError(where, `unknown must be 'ignore' or 'refuse', got ${JSON.stringify(unknown)}`);
  const { rules, optional, checkRecord } = rulesOfClass(type);
  refuseStrayRules(
    where,
    declared.map(({ name }) => name),
    rules.keys(),
  );
  const columns = declared.map((column) =>
    columnSpec(`${where}, property '${column.name}'`, column, rules.get(column.name) ?? [], optional.has(column.name)),
  );
  fieldNumbersOf(where, columns);
  return Object.freeze({
    name: options.name ?? type.name,
    ...(options.description !== undefined && { description: options.description }),
    columns: Object.freeze(columns),
    unknown,
    ...(checkRecord && { checkRecord }),
    type,
  });
}

function definitionError(where: string, text: string): Error {
  return schemaError('CORE_ERR_SCHEMA_DEFINITION', `${where}: ${text}`);
}

function noSchema(type: SchemaClass, hasColumns: boolean): Error {
  return definitionError(
    type.name || 'a class without a name',
    hasColumns
      ? 'it has @Column properties, but no @Schema() on the class'
      : 'it is not a schema: put @Schema() on the class and @Column(dtype) on its properties',
  );
}

/** A rule on a property that is no column would never see a value. */
function refuseStrayRules(where: string, columns: readonly string[], ruled: Iterable<string>): void {
  for (const property of ruled) {
    if (!columns.includes(property)) throw definitionError(where, `property '${property}' has rules but no @Column`);
  }
}
