import type { DTypeInfo } from '../frame/dtype.js';

/**
 * A validation rule that the compiled pass knows, taken from one class-validator decorator: `name` is
 * class-validator's own (`min`, `isIn`, `matches`, …), `constraints` are its arguments.
 */
export interface Rule {
  readonly name: string;
  readonly constraints: readonly unknown[];
  /** The rule holds for every value of a vector or list, not for the cell. */
  readonly each: boolean;
  /** The user's own message, if one was given as text. */
  readonly message?: string;
  /** The rule as class-validator has it, on one value. The compiled pass inlines the common ones by name. */
  readonly check: (value: unknown) => boolean;
  /** The message for a value that breaks the rule: the user's own, or class-validator's. */
  readonly explain: (value: unknown, record: Readonly<Record<string, unknown>>) => string;
}

/** One column of a schema. */
export interface ColumnSpec {
  readonly name: string;
  readonly dtype: DTypeInfo;
  /**
   * Inner shape: `[]` for a scalar, `[16]` for a vector; `null` stands for a size that is equal within a Frame but may
   * differ between Frames.
   */
  readonly shape: readonly (number | null)[];
  readonly nullable: boolean;
  /** Fills a missing cell. `undefined`: the column is required (a missing cell of a nullable column is null). */
  readonly default?: unknown;
  readonly description?: string;
  /** The pinned protobuf field number; otherwise declaration order counts. */
  readonly field?: number;
  readonly rules: readonly Rule[];
}

/** What one broken rule looks like to the caller. */
export interface Violation {
  /** Row of the request, from 0; -1 when the column as a whole is wrong. */
  readonly row: number;
  /** Empty when the record as a whole is wrong. */
  readonly column: string;
  /** class-validator's rule name, or one of `required`, `dtype`, `range`, `shape`, `null`, `unknown`. */
  readonly rule: string;
  /** What was seen, as JSON text of at most 64 characters. */
  readonly value: string;
  readonly message: string;
}

/** A schema as plain data: what the decorators, or `Schema.dynamic`, said. */
export interface SchemaSpec {
  readonly name: string;
  readonly description?: string;
  readonly columns: readonly ColumnSpec[];
  /** What to do with columns that the schema does not name. @default 'ignore' */
  readonly unknown: 'ignore' | 'refuse';
  /**
   * The rules that the compiled pass does not know: runs class-validator itself on one record.
   * Absent when every rule is compiled.
   */
  readonly checkRecord?: (record: Record<string, unknown>, row: number) => Violation[];
  /** The decorated class, when there is one. */
  readonly type?: abstract new (...args: never[]) => object;
}
