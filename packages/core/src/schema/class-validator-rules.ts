import type { ValidationArguments } from 'class-validator';
import { constraintOf, type DecoratorUse, isBuiltIn, knownDecorator, useOf, usesOn } from './class-validator-known.js';
import { recordChecker } from './class-validator-record.js';
import { schemaError } from './schema.errors.js';
import type { Rule, SchemaSpec } from './spec.js';

type SchemaClass = abstract new (...args: never[]) => object;

/** The rules of a class's properties: the compiled ones by property, and class-validator itself for the rest. */
export interface ClassRules {
  readonly rules: ReadonlyMap<string, readonly Rule[]>;
  /** Properties that `@IsOptional` is on. */
  readonly optional: ReadonlySet<string>;
  readonly checkRecord: SchemaSpec['checkRecord'];
}

const NOT_A_CHECK = 'whitelistValidation';
const CONDITIONAL = 'conditionalValidation';

/** Reads class-validator's metadata of a schema class. */
export function rulesOfClass(type: SchemaClass): ClassRules {
  const byProperty = new Map<string, DecoratorUse[]>();
  const optional = new Set<string>();
  for (const use of usesOn(type)) {
    refuseAsync(type, use);
    if (use.type === CONDITIONAL && use.name === 'isOptional' && !use.validateIf) optional.add(use.propertyName);
    else if (use.type !== NOT_A_CHECK)
      byProperty.set(use.propertyName, [...(byProperty.get(use.propertyName) ?? []), use]);
  }
  const rules = new Map<string, Rule[]>();
  let rest = false;
  for (const [property, uses] of byProperty) {
    // A condition holds for all rules of its property, so all of them are class-validator's then.
    const conditional = uses.some((use) => use.type === CONDITIONAL);
    const compiled = conditional ? [] : compilable(uses);
    rules.set(
      property,
      compiled.map((use) => ruleOf(use, type.name)),
    );
    rest ||= compiled.length < uses.length;
  }
  return { rules, optional, checkRecord: rest ? recordChecker(type, rules) : undefined };
}

/** Violations are known by the rule's name, so all uses of one name are compiled, or none. */
function compilable(uses: readonly DecoratorUse[]): DecoratorUse[] {
  const fits = (use: DecoratorUse): boolean => !use.validateIf && isBuiltIn(use);
  const others = new Set(uses.filter((use) => !fits(use)).map(nameOf));
  return uses.filter((use) => !others.has(nameOf(use)));
}

function nameOf(use: DecoratorUse): string {
  return constraintOf(use)?.name || use.type;
}

function refuseAsync(type: SchemaClass, use: DecoratorUse): void {
  const async = use.type === 'promiseValidation' || (use.constraintCls && constraintOf(use)?.async);
  if (!async) return;
  throw schemaError(
    'CORE_ERR_SCHEMA_DEFINITION',
    `schema ${type.name}, property '${use.propertyName}': an asynchronous validator cannot run while a request is decoded; ` +
      'make it synchronous, or check in a handler',
  );
}

function ruleOf(use: DecoratorUse, targetName: string): Rule {
  const { instance } = constraintOf(use)!;
  const constraints = use.constraints ?? [];
  const argsOf = (value: unknown, object: object): ValidationArguments => ({
    value,
    constraints: use.constraints as unknown[],
    targetName,
    object,
    property: use.propertyName,
  });
  const args = argsOf(undefined, {});
  return {
    name: use.name!,
    constraints,
    each: use.each === true,
    ...(typeof use.message === 'string' && { message: use.message }),
    check: (value) => instance.validate(value, args) === true,
    explain: (value, record) =>
      explain(use, argsOf(value, record), instance.defaultMessage?.(argsOf(value, record)) ?? ''),
  };
}

/** The message with class-validator's tokens filled in. */
function explain(use: DecoratorUse, args: ValidationArguments, fallback: string): string {
  let text = typeof use.message === 'function' ? use.message(args) : use.message || fallback;
  use.constraints?.forEach((constraint, i) => {
    const shown = Array.isArray(constraint) ? constraint.join(', ') : String(constraint);
    text = text.replaceAll(`$constraint${i + 1}`, () => shown);
  });
  if (['string', 'number', 'boolean', 'bigint'].includes(typeof args.value))
    text = text.replaceAll('$value', () => String(args.value));
  return text.replaceAll('$property', () => args.property).replaceAll('$target', () => args.targetName);
}

/** A rule from its name and constraints, for schemas made from data; `undefined` for a name that is not known. */
export function ruleFromData(
  property: string,
  name: string,
  constraints: readonly unknown[],
  each: boolean,
  message?: string,
): Rule | undefined {
  const factory = knownDecorator(name);
  if (!factory) return undefined;
  const use = useOf(factory(constraints, each));
  return ruleOf({ ...use, propertyName: property, message }, property);
}
