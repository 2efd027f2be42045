import 'reflect-metadata';
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, validateSync } from 'class-validator';
import type { Class } from '../handler/handler-types.js';
import { rulesOfClass } from '../schema/class-validator-rules.js';
import { textSchema } from '../schema/json-schema.js';
import type { Violation } from '../schema/spec.js';
import type { ParamDefinition } from './runtime.js';
import { serviceError } from './service.errors.js';

/** Parameters as they came: strings by name. */
export type RawParams = Readonly<Record<string, string>>;

/** How many distinct parameter sets a service remembers as valid: paths repeat, and validating one costs about 10 us. */
const REMEMBERED_PARAMS = 1024;

/**
 * The parameters of a path such as `predictions/:run/:model`, then the query parameters.
 * @throws {CORE_ERR_SCHEMA_DEFINITION} when a rule of the class is asynchronous: nothing would wait for it
 */
export function paramDefinitions(path: string, type: Class | undefined, query: readonly string[]): ParamDefinition[] {
  const inPath = [...path.matchAll(/:([A-Za-z_]\w*)/g)].map((match) => match[1]!);
  if (!type) return [...inPath.map((name) => inPathAs(name)), ...query.map((name) => inQueryAs(name, false))];
  const { rules } = rulesOfClass(type);
  const optional = new Set(conditionalProperties(type));
  const schemaOf = (name: string): object =>
    textSchema(Reflect.getMetadata('design:type', type.prototype as object, name), rules.get(name) ?? []);
  const inQuery = propertiesOf(type).filter((name) => !inPath.includes(name));
  return [
    ...inPath.map((name) => inPathAs(name, schemaOf(name))),
    ...inQuery.map((name) => inQueryAs(name, !optional.has(name), schemaOf(name))),
  ];
}

function inPathAs(name: string, schema?: object): ParamDefinition {
  return { name, in: 'path', required: true, ...(schema && { schema }) };
}

function inQueryAs(name: string, required: boolean, schema?: object): ParamDefinition {
  return { name, in: 'query', required, ...(schema && { schema }) };
}

function propertiesOf(type: Class): string[] {
  const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  return [...new Set(rules.map((rule) => rule.propertyName))];
}

/** Those that may be left out: with `@IsOptional` or a `@ValidateIf`. */
function conditionalProperties(type: Class): string[] {
  const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  return rules.filter((rule) => rule.type === 'conditionalValidation').map((rule) => rule.propertyName);
}

/**
 * Converts parameters to the property types of `type` and validates them. Equal parameters give the same (frozen)
 * object, so that it can stand for them in a batch's key.
 */
export function paramsParser(type: Class): (raw: RawParams) => object {
  const known = new Map<string, object>();
  return (raw) => {
    const key = JSON.stringify(raw);
    const hit = known.get(key);
    if (hit) return hit;
    const parsed = Object.freeze(parse(type, raw));
    if (known.size >= REMEMBERED_PARAMS) known.delete(known.keys().next().value!);
    known.set(key, parsed);
    return parsed;
  };
}

function parse(type: Class, raw: RawParams): object {
  const plain: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(raw)) plain[name] = convertBoolean(type, name, text);
  const instance = plainToInstance(type as new () => object, plain, { enableImplicitConversion: true });
  const errors = validateSync(instance, { forbidUnknownValues: false });
  if (errors.length === 0) return instance;
  const violations: Violation[] = errors.flatMap((error) =>
    Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
      row: -1,
      column: error.property,
      rule,
      value: (JSON.stringify(raw[error.property]) ?? 'missing').slice(0, 64),
      message,
    })),
  );
  throw serviceError('CORE_ERR_PARAMS', `invalid parameter: ${violations[0]?.message ?? errors[0]!.toString()}`, {
    details: { violations, truncated: false },
  });
}

/** Implicit conversion makes every non-empty text true, 'false' too. */
function convertBoolean(type: Class, name: string, text: string): unknown {
  if (Reflect.getMetadata('design:type', type.prototype as object, name) !== Boolean) return text;
  return text === 'true' ? true : text === 'false' ? false : text;
}
