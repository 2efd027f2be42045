import { type DTypeInfo, isNumberKind } from '../frame/dtype.js';
import { NUMBER_RANGE } from './cell-converter.js';
import type { ColumnSpec, Rule, SchemaSpec } from './spec.js';

type JsonSchema = Record<string, unknown>;

/**
 * One record of a schema as JSON Schema 2020-12, which is what OpenAPI 3.1 takes: types, ranges, shapes and the rules
 * that JSON Schema can say. A nullable column is a type array; a 64-bit integer may be a number or a string of digits.
 */
export function jsonSchemaOf(spec: SchemaSpec): JsonSchema {
  const required = spec.columns
    .filter(({ nullable, default: fallback }) => !nullable && fallback === undefined)
    .map(({ name }) => name);
  return {
    type: 'object',
    title: spec.name,
    ...(spec.description !== undefined && { description: spec.description }),
    properties: Object.fromEntries(spec.columns.map((column) => [column.name, columnSchema(column)])),
    ...(required.length > 0 && { required }),
    ...(spec.unknown === 'refuse' && { additionalProperties: false }),
  };
}

/** A value of a property's type and rules that comes as text, such as a parameter, as JSON Schema 2020-12. */
export function textSchema(type: unknown, rules: readonly Rule[]): JsonSchema {
  const isInteger = type === Number && rules.some(({ name }) => name === 'isInt');
  const named = isInteger ? 'integer' : type === Number ? 'number' : type === Boolean ? 'boolean' : 'string';
  const compatible = rules.filter(({ name }) => name !== 'isInt');
  return { type: named, ...Object.assign({}, ...compatible.map(ruleSchema)) } as JsonSchema;
}

function columnSchema(column: ColumnSpec): JsonSchema {
  const { dtype, shape, rules, nullable, description } = column;
  const isArray = dtype.kind === 'list' || shape.length > 0;
  const item = scalarSchema(dtype.item ?? dtype);
  for (const rule of rules) if (!isArray || rule.each) Object.assign(item, ruleSchema(rule));
  const schema = dtype.kind === 'list' ? { type: 'array', items: item } : nested(item, shape);
  if (isArray) for (const rule of rules) if (!rule.each) Object.assign(schema, arrayRule(rule));
  return {
    ...(nullable ? withNull(schema) : schema),
    ...(column.default !== undefined && { default: jsonForm(column.default, dtype) }),
    ...(description !== undefined && { description }),
  };
}

function nested(item: JsonSchema, shape: readonly (number | null)[]): JsonSchema {
  return shape.reduceRight<JsonSchema>(
    (items, size) => ({ type: 'array', items, ...(size !== null && { minItems: size, maxItems: size }) }),
    item,
  );
}

function withNull(schema: JsonSchema): JsonSchema {
  const types = [...(Array.isArray(schema.type) ? (schema.type as string[]) : [schema.type as string]), 'null'];
  return { ...schema, type: types, ...(Array.isArray(schema.enum) && { enum: [...(schema.enum as unknown[]), null] }) };
}

const INTEGER_TEXT = '^-?(0|[1-9][0-9]*)$';

function scalarSchema(dtype: DTypeInfo): JsonSchema {
  switch (dtype.kind) {
    case 'bool':
      return { type: 'boolean' };
    case 'utf8':
      return { type: 'string' };
    case 'binary':
      return { type: 'string', contentEncoding: 'base64' };
    case 'date32':
      return { type: 'string', format: 'date' };
    case 'timestamp':
      return { type: ['string', 'integer'], format: 'date-time', 'x-dtype': dtype.name };
    case 'i64':
    case 'u64':
      return { type: ['integer', 'string'], format: dtype.kind === 'i64' ? 'int64' : 'uint64', pattern: INTEGER_TEXT };
    case 'duration':
      return { type: ['integer', 'string'], format: 'int64', pattern: INTEGER_TEXT, 'x-dtype': dtype.name };
    default:
      return numberSchema(dtype);
  }
}

function numberSchema({ kind }: DTypeInfo): JsonSchema {
  if (kind[0] === 'f')
    return { type: 'number', ...(kind !== 'f16' && { format: kind === 'f32' ? 'float' : 'double' }) };
  const [minimum, maximum] = isNumberKind(kind) ? NUMBER_RANGE[kind]! : [];
  return { type: 'integer', ...(kind === 'i32' && { format: 'int32' }), minimum, maximum };
}

const FORMATS: Readonly<Record<string, string>> = {
  isEmail: 'email',
  isUuid: 'uuid',
  isUrl: 'uri',
  isIso8601: 'date-time',
  isDateString: 'date-time',
  isFqdn: 'hostname',
};

function ruleSchema({ name, constraints: [first, second] }: Rule): JsonSchema {
  if (Object.hasOwn(FORMATS, name)) return { format: FORMATS[name] };
  switch (name) {
    case 'min':
      return { minimum: jsonNumber(first) };
    case 'max':
      return { maximum: jsonNumber(first) };
    case 'isPositive':
      return { exclusiveMinimum: 0 };
    case 'isNegative':
      return { exclusiveMaximum: 0 };
    case 'isDivisibleBy':
      return { multipleOf: first };
    case 'isInt':
      return { multipleOf: 1 };
    case 'minLength':
      return { minLength: first };
    case 'maxLength':
      return { maxLength: first };
    case 'isLength':
      return { minLength: first, ...(second !== undefined && { maxLength: second }) };
    case 'isNotEmpty':
      return { minLength: 1 };
    case 'isIn':
      return { enum: (Array.isArray(first) ? first : Object.values(first as object)).map(jsonNumber) };
    case 'isEnum':
      return { enum: second ?? Object.values(first as object) };
    case 'equals':
      return { const: jsonNumber(first) };
    case 'matches':
      return { pattern: first instanceof RegExp ? first.source : String(first) };
    default:
      return {};
  }
}

function arrayRule({ name, constraints: [first] }: Rule): JsonSchema {
  if (name === 'arrayMinSize') return { minItems: first };
  if (name === 'arrayMaxSize') return { maxItems: first };
  if (name === 'arrayNotEmpty') return { minItems: 1 };
  return name === 'arrayUnique' ? { uniqueItems: true } : {};
}

const jsonNumber = (value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value);

/** A default as it would stand in a request. */
function jsonForm(value: unknown, dtype: DTypeInfo): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (value instanceof Date) return dtype.kind === 'date32' ? value.toISOString().slice(0, 10) : value.toISOString();
  if (value instanceof Uint8Array && dtype.kind === 'binary') return Buffer.from(value).toString('base64');
  if (Array.isArray(value) || ArrayBuffer.isView(value))
    return Array.from(value as unknown as ArrayLike<unknown>, (item) => jsonForm(item, dtype.item ?? dtype));
  return value;
}
