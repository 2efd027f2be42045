import 'reflect-metadata';
import type { DType } from '../frame/dtype.js';
import type { CellOf, ColumnDecorator, DefaultOf, InnerShape } from './cell-types.js';

/** What `@Column` may say besides the dtype. */
export interface ColumnOptions<
  D extends DType = DType,
  S extends InnerShape = InnerShape,
  N extends boolean = boolean,
> {
  /** Cells may be null; the property's type then needs `| null`. @default false */
  readonly nullable?: N;
  /**
   * Inner shape of a cell: `[16]` for a vector of 16, `[28, 28]` for a matrix; `null` for a size that is equal within a
   * request but not between requests. @default [] (a scalar)
   */
  readonly shape?: S;
  /** For OpenAPI and the .proto. */
  readonly description?: string;
  /** Fills a missing cell; a cell or its JSON form. Without it a missing cell is an error (or null, when nullable). */
  readonly default?: DefaultOf<D, S>;
  /** Pins the protobuf field number (1 to 9999). @default the place in declaration order, from 1 */
  readonly field?: number;
}

/** What one `@Column` said, before it is checked. @internal */
export interface ColumnDeclaration {
  readonly name: string;
  readonly dtype: unknown;
  readonly options: ColumnOptions;
}

const COLUMNS = 'witan:columns';

/**
 * Declares a property as a column of its schema class. The property's type must fit the dtype and shape:
 * `@Column('i64') n: number` does not compile, because a number cannot hold it.
 * @example
 * @Schema()
 * class Flower {
 *   @Column('f32') @Min(0) sepalWidth!: number;
 *   @Column('i64', { nullable: true }) plot!: bigint | null;
 *   @Column('f32', { shape: [16] }) embedding!: Float32Array;
 * }
 */
export function Column<D extends DType, const S extends InnerShape = [], N extends boolean = false>(
  dtype: D,
  options: ColumnOptions<D, S, N> = {},
): ColumnDecorator<CellOf<D, S>, N> {
  const declare = (target: object, name: string): void => {
    const own = (Reflect.getOwnMetadata(COLUMNS, target) as ColumnDeclaration[] | undefined) ?? [];
    own.push({ name, dtype, options: options as ColumnOptions });
    Reflect.defineMetadata(COLUMNS, own, target);
  };
  return declare as ColumnDecorator<CellOf<D, S>, N>;
}

/** The columns of a class, parents' first; a redeclared column keeps its parent's place. @internal */
export function declaredColumns(type: abstract new (...args: never[]) => object): ColumnDeclaration[] {
  const byName = new Map<string, ColumnDeclaration>();
  const lineage: object[] = [];
  for (let proto = type.prototype as object | null; proto; proto = Object.getPrototypeOf(proto)) lineage.unshift(proto);
  for (const proto of lineage) {
    const own = (Reflect.getOwnMetadata(COLUMNS, proto) as ColumnDeclaration[] | undefined) ?? [];
    for (const column of own) byName.set(column.name, column);
  }
  return [...byName.values()];
}
