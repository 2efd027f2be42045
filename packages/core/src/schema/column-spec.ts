import { parseDType } from '../frame/dtype.js';
import type { ColumnDeclaration } from './column.decorator.js';
import { ColumnPlan } from './column-plan.js';
import { DecodePass } from './decode-pass.js';
import { schemaError } from './schema.errors.js';
import type { ColumnSpec, Rule } from './spec.js';
import { describeViolation } from './violations.js';

/** Fields 1 to 9999 are columns'; protobuf itself reserves 19000 to 19999. */
const MAX_FIELD = 9999;

function wrong(where: string, text: string): Error {
  return schemaError('CORE_ERR_SCHEMA_DEFINITION', `${where}: ${text}`);
}

/**
 * One declared column, checked.
 * @param where Names class and property, for messages.
 * @throws {CORE_ERR_SCHEMA_DEFINITION}
 */
export function columnSpec(
  where: string,
  declaration: ColumnDeclaration,
  rules: readonly Rule[],
  optional: boolean,
): ColumnSpec {
  const { name, options } = declaration;
  if (name === '' || name === '__proto__') throw wrong(where, `a column cannot be called '${name}'`);
  const spec: ColumnSpec = {
    name,
    dtype: dtypeOf(where, declaration.dtype),
    shape: shapeOf(where, options.shape ?? []),
    nullable: flagOf(where, options.nullable),
    ...(options.default !== undefined && { default: options.default as unknown }),
    ...(options.description !== undefined && { description: options.description }),
    ...(options.field !== undefined && { field: fieldOf(where, options.field) }),
    rules,
  };
  if (spec.dtype.kind === 'list' && spec.shape.length > 0)
    throw wrong(where, 'a list column has no shape: leave it out');
  checkNullRules(where, spec, optional);
  checkDefault(where, spec);
  return spec;
}

function dtypeOf(where: string, text: unknown): ColumnSpec['dtype'] {
  try {
    return parseDType(String(text));
  } catch (error) {
    throw wrong(where, (error as Error).message);
  }
}

function shapeOf(where: string, shape: unknown): ColumnSpec['shape'] {
  const isSize = (size: unknown): boolean => size === null || (Number.isInteger(size) && (size as number) > 0);
  if (Array.isArray(shape) && shape.every(isSize)) return Object.freeze([...(shape as (number | null)[])]);
  throw wrong(where, `the shape must be an array of positive integers or null, got ${JSON.stringify(shape)}`);
}

function flagOf(where: string, nullable: unknown): boolean {
  if (nullable === undefined || typeof nullable === 'boolean') return nullable === true;
  throw wrong(where, `nullable must be true or false, got ${JSON.stringify(nullable)}`);
}

function fieldOf(where: string, field: unknown): number {
  if (Number.isInteger(field) && (field as number) >= 1 && (field as number) <= MAX_FIELD) return field as number;
  throw wrong(where, `the field number must be an integer from 1 to ${MAX_FIELD}, got ${JSON.stringify(field)}`);
}

function checkNullRules(where: string, spec: ColumnSpec, optional: boolean): void {
  if (optional && !spec.nullable && spec.default === undefined) {
    throw wrong(where, '@IsOptional needs somewhere to go: add nullable: true or a default');
  }
  if (spec.nullable && spec.rules.some(({ name }) => name === 'isDefined')) {
    throw wrong(where, 'a nullable column cannot have @IsDefined: drop one of the two');
  }
}

/** A default goes the way of any cell, so that what fills in is what would have been accepted. */
function checkDefault(where: string, spec: ColumnSpec): void {
  if (spec.default === undefined) return;
  const pass = new DefaultPass(where, spec);
  const plan = new ColumnPlan(spec, 0);
  plan.cell(pass, 0, spec.default, plan.open(1));
  pass.finish();
}

class DefaultPass extends DecodePass {
  constructor(
    private readonly where: string,
    private readonly spec: ColumnSpec,
  ) {
    super(1, true, true);
  }

  override record(): Record<string, unknown> {
    return { [this.spec.name]: this.spec.default };
  }

  override open(): undefined {}

  override extra(): void {}

  protected override error(): Error {
    return wrong(this.where, `the default is not acceptable: ${describeViolation(this.violations.list[0]!)}`);
  }
}

/**
 * The protobuf field number of each column: the pinned one, else the place in declaration order, from 1.
 * @throws {CORE_ERR_SCHEMA_DEFINITION} when two columns have the same.
 */
export function fieldNumbersOf(where: string, columns: readonly ColumnSpec[]): number[] {
  const owner = new Map<number, string>();
  return columns.map(({ name, field }, i) => {
    const number = field ?? i + 1;
    const other = owner.get(number);
    if (other !== undefined) {
      throw wrong(
        where,
        `columns '${other}' and '${name}' both have field number ${number}: pin one of them with { field }`,
      );
    }
    owner.set(number, name);
    return number;
  });
}
