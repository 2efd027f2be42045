import type { DTypeKind } from '../frame/dtype.js';
import type { Rule } from './spec.js';

/** Constants that generated code refers to by name: `k0`, `k1`, … */
export class Constants {
  private readonly indices = new Map<unknown, number>();

  get values(): unknown[] {
    return [...this.indices.keys()];
  }

  name(value: unknown): string {
    if (!this.indices.has(value)) this.indices.set(value, this.indices.size);
    return `k${this.indices.get(value)}`;
  }
}

/** An allow-list that is longer is looked up in a Set. */
const MAX_COMPARISONS = 8;

/**
 * A rule as a JavaScript expression over `v`, which is known to be a finite number, a well-formed string or a boolean
 * by then. Exact, or on the safe side: where the expression is false, class-validator's own function has the last word.
 */
export function ruleCode(rule: Rule, kind: DTypeKind, round: (bound: number) => number, constants: Constants): string {
  const type = kind === 'utf8' ? 'string' : kind === 'bool' ? 'boolean' : 'number';
  const code =
    type === 'string' ? textRule(rule, constants) : type === 'number' ? numberRule(rule, kind, round) : undefined;
  return code ?? commonRule(rule, type, round, constants) ?? `${constants.name(rule.check)}(v)`;
}

function numberRule(
  { name, constraints: [first] }: Rule,
  kind: DTypeKind,
  round: (bound: number) => number,
): string | undefined {
  const bound = typeof first === 'number' && first === first ? literal(round(first)) : undefined;
  const plainNumber = (first as { maxDecimalPlaces?: number } | undefined)?.maxDecimalPlaces === undefined;
  if (name === 'min' && bound !== undefined) return `v >= ${bound}`;
  if (name === 'max' && bound !== undefined) return `v <= ${bound}`;
  if (name === 'isPositive') return 'v > 0';
  if (name === 'isNegative') return 'v < 0';
  if (name === 'isInt') return kind[0] === 'f' ? 'v % 1 === 0' : 'true';
  if (name === 'isNotEmpty') return 'true';
  return name === 'isNumber' && plainNumber ? 'true' : undefined;
}

function textRule({ name, constraints: [low, high], check }: Rule, constants: Constants): string | undefined {
  if (name === 'isString') return 'true';
  if (name === 'isNotEmpty') return "v !== ''";
  const isCount = (count: unknown): count is number => Number.isInteger(count);
  // A character is one UTF-16 unit or more (a pair, a variation selector): only plain lengths are settled here.
  if (name === 'maxLength' && isCount(low)) return `(v.length <= ${low} || ${constants.name(check)}(v))`;
  if (name === 'minLength' && isCount(low)) return `(v.length >= ${4 * low} || ${constants.name(check)}(v))`;
  if (name === 'isLength' && isCount(low) && isCount(high)) {
    return `((v.length >= ${4 * low} && v.length <= ${high}) || ${constants.name(check)}(v))`;
  }
  return undefined;
}

function commonRule(
  { name, constraints: [first] }: Rule,
  type: string,
  round: (bound: number) => number,
  constants: Constants,
): string | undefined {
  if (name === 'isDefined') return 'true';
  if (name === 'isBoolean' && type === 'boolean') return 'true';
  if (name === 'equals' && typeof first === type) return `v === ${valueCode(first, round, constants)}`;
  if (name === 'notEquals' && typeof first === type) return `v !== ${valueCode(first, round, constants)}`;
  if ((name !== 'isIn' && name !== 'isNotIn') || !Array.isArray(first)) return undefined;
  const found = membership(
    first.filter((item) => typeof item === type),
    round,
    constants,
  );
  return name === 'isIn' ? found : `!${found}`;
}

function membership(items: unknown[], round: (bound: number) => number, constants: Constants): string {
  if (items.length === 0) return 'false';
  if (items.length <= MAX_COMPARISONS)
    return `(${items.map((item) => `v === ${valueCode(item, round, constants)}`).join(' || ')})`;
  return `${constants.name(new Set(items.map((item) => (typeof item === 'number' ? round(item) : item))))}.has(v)`;
}

function valueCode(value: unknown, round: (bound: number) => number, constants: Constants): string {
  if (typeof value === 'number') return literal(round(value));
  return typeof value === 'boolean' ? String(value) : constants.name(value);
}

function literal(value: number): string {
  return Object.is(value, -0) ? '0' : `(${value})`;
}
