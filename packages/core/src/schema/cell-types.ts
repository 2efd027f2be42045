import type { DType, ScalarDType, ScalarValue, VectorValue } from '../frame/dtype.js';

/** An inner shape as it is declared: `[]`, `[16]`, `[28, 28]`, `[null, 3]`. */
export type InnerShape = readonly (number | null)[];

/** The TypeScript type of one cell: a scalar, or the typed array of a vector or list. */
export type CellOf<D extends DType, S extends InnerShape> = D extends `list<${infer Item extends ScalarDType}>`
  ? VectorValue<Item>
  : D extends ScalarDType
    ? S extends readonly []
      ? ScalarValue<D>
      : VectorValue<D>
    : never;

/** What may stand for a default: a cell, or its JSON form (`'2024-01-31'` for a date32, `[0, 0]` for a vector). */
export type DefaultOf<D extends DType, S extends InnerShape> =
  | CellOf<D, S>
  | (D extends `list<${infer Item extends ScalarDType}>`
      ? readonly JsonScalarOf<Item>[]
      : D extends ScalarDType
        ? S extends readonly []
          ? JsonScalarOf<D>
          : readonly JsonScalarOf<D>[]
        : never);

type JsonScalarOf<D extends ScalarDType> =
  ScalarValue<D> extends boolean
    ? boolean
    : ScalarValue<D> extends number
      ? number | 'NaN' | 'Infinity' | '-Infinity'
      : ScalarValue<D> extends bigint | Date
        ? ScalarValue<D> | number | string
        : string;

/**
 * A property decorator that only fits properties of type `Cell` (with `| null` when the column is nullable). TypeScript
 * reports a property that does not fit at the decorator.
 */
export type ColumnDecorator<Cell, Nullable extends boolean> = Nullable extends true
  ? <T extends { [P in K]?: Cell | null }, K extends string>(
      target: T & (null extends T[K] ? unknown : { [P in K]: null }),
      property: K,
    ) => void
  : <K extends string>(target: { [P in K]: Cell }, property: K) => void;
