import type { DType } from '../frame/dtype.js';
import type { CellOf, InnerShape } from './cell-types.js';
import { ruleFromData } from './class-validator-rules.js';
import type { ColumnOptions } from './column.decorator.js';
import { columnSpec, fieldNumbersOf } from './column-spec.js';
import { schemaError } from './schema.errors.js';
import type { TypedSchema } from './schema-of.js';
import type { Rule } from './spec.js';

/**
 * One rule of a column: its arguments under class-validator's rule name, `true` for a rule without arguments, an array
 * for several (and for a list: `isIn: [['a', 'b']]` and `isIn: ['a', 'b']` mean the same).
 */
export type DynamicRules = Readonly<Record<string, unknown>>;

/** A column of {@link DynamicSchema}: a dtype, or a dtype with options. */
export type DynamicColumn =
  | DType
  | (Omit<ColumnOptions, 'default'> & {
      readonly dtype: DType;
      readonly default?: unknown;
      /** e.g. `{ min: 0, max: 1, matches: '^a' }`; names as class-validator reports them. */
      readonly rules?: DynamicRules;
      /** Rules that hold for every value of a vector or list. */
      readonly each?: DynamicRules;
    });

/** A schema as a JSON document. */
export interface DynamicSchema<
  C extends Readonly<Record<string, DynamicColumn>> = Readonly<Record<string, DynamicColumn>>,
> {
  /** @default 'Dynamic' */
  readonly name?: string;
  readonly description?: string;
  /** @default 'ignore' */
  readonly unknown?: 'ignore' | 'refuse';
  readonly columns: C;
}

type DynamicCell<C> = C extends DType
  ? CellOf<C, []>
  : C extends { readonly dtype: infer D extends DType }
    ? | CellOf<D, C extends { readonly shape: infer S extends InnerShape } ? S : []>
      | (C extends { readonly nullable: true } ? null : never)
    : never;

/** The record type of a dynamic schema whose document the compiler sees. */
export type DynamicRecord<C> = { -readonly [P in keyof C]: DynamicCell<C[P]> };

const SCHEMA_KEYS = ['name', 'description', 'unknown', 'columns'];
const COLUMN_KEYS = ['dtype', 'nullable', 'shape', 'description', 'default', 'field', 'rules', 'each'];

function wrong(where: string, text: string): Error {
  return schemaError('CORE_ERR_SCHEMA_DEFINITION', `${where}: ${text}`);
}

/**
 * A schema from data: a model's inputs, or a JSON document that was read at boot.
 * @throws {CORE_ERR_SCHEMA_DEFINITION} naming the column and what is wrong with it.
 * @example
 * const Point = Schema.dynamic({ name: 'Point', columns: { x: 'f32', id: { dtype: 'i64', rules: { min: 1 } } } });
 */
export function dynamicSchema<const C extends Readonly<Record<string, DynamicColumn>>>(
  document: DynamicSchema<C>,
): TypedSchema<DynamicRecord<C>> {
  if (!isObject(document))
    throw wrong('Schema.dynamic', `needs an object with columns, got ${JSON.stringify(document)}`);
  const where = `schema ${String(document.name ?? 'Dynamic')}`;
  onlyKeys(where, document, SCHEMA_KEYS);
  const { name = 'Dynamic', description, unknown = 'ignore', columns } = document as DynamicSchema;
  if (typeof name !== 'string' || name === '') throw wrong(where, `the name must be text, got ${JSON.stringify(name)}`);
  if (unknown !== 'ignore' && unknown !== 'refuse')
    throw wrong(where, `unknown must be 'ignore' or 'refuse', got ${JSON.stringify(unknown)}`);
  if (!isObject(columns) || Object.keys(columns).length === 0)
    throw wrong(where, 'columns must be an object of name: dtype, with at least one');
  const built = Object.entries(columns).map(([column, value]) =>
    dynamicColumn(`${where}, column '${column}'`, column, value),
  );
  fieldNumbersOf(where, built);
  return Object.freeze({
    name,
    ...(description !== undefined && { description }),
    columns: Object.freeze(built),
    unknown,
  });
}

function dynamicColumn(where: string, name: string, column: unknown) {
  if (typeof column === 'string') return columnSpec(where, { name, dtype: column, options: {} }, [], false);
  if (!isObject(column)) throw wrong(where, `must be a dtype or an object with one, got ${JSON.stringify(column)}`);
  onlyKeys(where, column, COLUMN_KEYS);
  const { dtype, rules, each, ...options } = column as Exclude<DynamicColumn, DType>;
  if (typeof dtype !== 'string') throw wrong(where, `needs a dtype, got ${JSON.stringify(dtype)}`);
  const all = [...rulesOf(where, name, rules, false), ...rulesOf(where, name, each, true)];
  return columnSpec(where, { name, dtype, options: options as ColumnOptions }, all, false);
}

/** Rules whose one constraint is itself a list. */
const LIST_RULES = new Set(['isIn', 'isNotIn', 'arrayContains', 'arrayNotContains']);

function rulesOf(where: string, column: string, rules: unknown, each: boolean): Rule[] {
  if (rules === undefined) return [];
  if (!isObject(rules)) throw wrong(where, `rules must be an object of name: arguments, got ${JSON.stringify(rules)}`);
  return Object.entries(rules).map(([name, given]) => {
    const rule = makeRule(where, column, name, given, each);
    if (!rule)
      throw wrong(
        where,
        `'${name}' is no rule: use class-validator's rule names, such as min, max, isIn, matches, isEmail`,
      );
    return rule;
  });
}

function makeRule(where: string, column: string, name: string, given: unknown, each: boolean): Rule | undefined {
  try {
    return ruleFromData(column, name, argumentsOf(name, given), each);
  } catch (error) {
    throw wrong(where, `rule '${name}' does not take ${JSON.stringify(given)}: ${String(error)}`);
  }
}

function argumentsOf(name: string, given: unknown): readonly unknown[] {
  if (given === true) return [];
  if (LIST_RULES.has(name))
    return Array.isArray(given) && given.length === 1 && Array.isArray(given[0]) ? given : [given];
  const constraints: readonly unknown[] = Array.isArray(given) ? given : [given];
  // JSON knows neither RegExp nor Date.
  if (name === 'matches' && typeof constraints[0] === 'string')
    return [new RegExp(constraints[0], String(constraints[1] ?? ''))];
  if ((name === 'minDate' || name === 'maxDate') && typeof constraints[0] === 'string')
    return [new Date(constraints[0])];
  return constraints;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function onlyKeys(where: string, object: object, known: readonly string[]): void {
  for (const key of Object.keys(object)) {
    if (!known.includes(key)) throw wrong(where, `'${key}' is not known: use ${known.join(', ')}`);
  }
}
