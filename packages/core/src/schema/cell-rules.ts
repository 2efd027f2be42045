import type { DTypeInfo } from '../frame/dtype.js';
import { holdsForBigInt } from './bigint-rules.js';
import type { Converted } from './cell-converter.js';
import type { DecodePass } from './decode-pass.js';
import type { ColumnSpec, Rule } from './spec.js';

const MS_PER_DAY = 86_400_000;

/** What a rule sees of a converted value: dates and times in s or ms as `Date`s, everything else as it is. */
export function ruleValueOf(dtype: DTypeInfo): (value: Converted) => unknown {
  if (dtype.kind === 'date32') return (days) => new Date((days as number) * MS_PER_DAY);
  if (dtype.kind === 'timestamp' && dtype.unit === 's') return (count) => new Date(Number(count) * 1000);
  if (dtype.kind === 'timestamp' && dtype.unit === 'ms') return (count) => new Date(Number(count));
  return (value) => value;
}

export function holds(rule: Rule, value: unknown): boolean {
  return typeof value === 'bigint' ? holdsForBigInt(rule, value) : rule.check(value);
}

/** The rules of one column, on whole cells and on the values of vectors and lists. */
export class CellRules {
  readonly count: number;
  private readonly seen: (value: Converted) => unknown;

  constructor(private readonly spec: ColumnSpec) {
    this.count = spec.rules.length;
    this.seen = ruleValueOf(spec.dtype.item ?? spec.dtype);
  }

  scalar(pass: DecodePass, row: number, value: Converted): void {
    if (this.count === 0) return;
    const seen = this.seen(value);
    for (const rule of this.spec.rules) if (!holds(rule, seen)) this.violate(pass, row, rule, seen);
  }

  /** True when a scalar breaks no rule. */
  accept(value: Converted): boolean {
    const seen = this.seen(value);
    return this.spec.rules.every((rule) => holds(rule, seen));
  }

  /** A vector or a list: the rule's value is the array, or with `each` every value of it. */
  array(pass: DecodePass, row: number, values: readonly Converted[]): void {
    if (this.count === 0) return;
    const seen = values.map(this.seen);
    for (const rule of this.spec.rules) {
      const fine = rule.each ? seen.every((value) => holds(rule, value)) : rule.check(seen);
      if (!fine) this.violate(pass, row, rule, seen);
    }
  }

  violate(pass: DecodePass, row: number, rule: Rule, value: unknown): void {
    const message = pass.violations.full ? '' : rule.explain(value, pass.record(row));
    pass.violate(row, this.spec.name, rule.name, value, message);
  }
}
