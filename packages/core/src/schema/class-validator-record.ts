import { type ValidationError, validateSync } from 'class-validator';
import type { Rule, SchemaSpec, Violation } from './spec.js';
import { shortened } from './violations.js';

type SchemaClass = abstract new (...args: never[]) => object;

/**
 * Runs class-validator itself on one record, for the rules that are not compiled: custom validators, `@ValidateIf`,
 * `@ValidateNested` and the like. What the compiled pass has checked already is left out of the result.
 */
export function recordChecker(
  type: SchemaClass,
  compiled: ReadonlyMap<string, readonly Rule[]>,
): NonNullable<SchemaSpec['checkRecord']> {
  const isCompiled = (property: string, rule: string): boolean =>
    compiled.get(property)?.some(({ name }) => name === rule) === true;
  return (record, row) => {
    // No constructor runs: a schema class is a shape, and its fields come from the record.
    const instance = Object.assign(Object.create(type.prototype as object) as object, record);
    const found: Violation[] = [];
    for (const error of validateSync(instance)) collect(error, error.property, record[error.property]);
    return found;

    function collect(error: ValidationError, column: string, value: unknown): void {
      for (const [rule, message] of Object.entries(error.constraints ?? {})) {
        if (!isCompiled(column, rule)) found.push({ row, column, rule, value: shortened(value), message });
      }
      for (const child of error.children ?? []) collect(child, column, value);
    }
  };
}
