import type { Rule } from './spec.js';

/**
 * class-validator's number rules on exact 64-bit integers: class-validator itself knows no bigint and fails each of
 * them. Constraints may be numbers or bigints; JavaScript compares the two exactly.
 */
const BIGINT_RULES: Readonly<Record<string, (value: bigint, constraints: readonly unknown[]) => boolean>> = {
  isNumber: () => true,
  isInt: () => true,
  min: (value, [min]) => value >= (min as number),
  max: (value, [max]) => value <= (max as number),
  isPositive: (value) => value > 0n,
  isNegative: (value) => value < 0n,
  isDivisibleBy: (value, [by]) => Number.isInteger(by) && by !== 0 && value % BigInt(by as number) === 0n,
  equals: (value, [other]) => same(value, other),
  notEquals: (value, [other]) => !same(value, other),
  isIn: (value, [allowed]) => valuesOf(allowed).some((other) => same(value, other)),
  isNotIn: (value, [refused]) => !valuesOf(refused).some((other) => same(value, other)),
  isEnum: (value, [entity]) => Object.values(entity as object).some((other) => same(value, other)),
};

const same = (value: bigint, other: unknown): boolean =>
  typeof other === 'number' ? Number.isInteger(other) && BigInt(other) === value : other === value;

const valuesOf = (list: unknown): readonly unknown[] => (Array.isArray(list) ? list : Object.values(list as object));

/** The rule on a bigint. Rules that are not about numbers are class-validator's own. */
export function holdsForBigInt(rule: Rule, value: bigint): boolean {
  const known = Object.hasOwn(BIGINT_RULES, rule.name) ? BIGINT_RULES[rule.name] : undefined;
  return known ? known(value, rule.constraints) : rule.check(value);
}
