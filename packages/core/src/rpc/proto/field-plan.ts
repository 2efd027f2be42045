import type { ColumnSpec, SchemaSpec } from '../../schema/spec.js';
import { rpcError } from '../rpc.errors.js';
import { protoName } from './proto-name.js';
import { type ProtoScalar, protoScalarOf } from './scalar-type.js';

/** One column as a protobuf field: the same number in the row message and in the columns message. */
export interface FieldPlan {
  readonly column: ColumnSpec;
  readonly name: string;
  readonly number: number;
  readonly scalar: ProtoScalar;
  readonly form: 'scalar' | 'vector' | 'list';
  /** Values per cell: 1 for a scalar, the product of a fixed shape; `undefined` where it differs between requests. */
  readonly size: number | undefined;
}

/** Numbers beyond would run into those of the columns message's companions, and into protobuf's reserved 19000-19999. */
export const MAX_FIELD_NUMBER = 8999;
/** Companions of field n in a columns message. */
export const VALIDITY_OFFSET = 10_000;
export const LENGTHS_OFFSET = 20_000;
export const SHAPE_OFFSET = 30_000;
/** `row_count` of a columns message. */
export const ROW_COUNT_FIELD = 10_000;

/**
 * The protobuf fields of a schema's columns: a pinned number, otherwise the position in the declaration, from 1.
 * @throws {CORE_ERR_PROTO_SCHEMA} when two columns get one number or one name, or a number is out of range.
 */
export function planFields(spec: SchemaSpec): FieldPlan[] {
  const plans = spec.columns.map(planField);
  refuseTwins(spec, plans, 'number');
  refuseTwins(spec, plans, 'name');
  return plans;
}

function planField(column: ColumnSpec, index: number): FieldPlan {
  const number = column.field ?? index + 1;
  if (!Number.isInteger(number) || number < 1 || number > MAX_FIELD_NUMBER) {
    throw rpcError(
      'CORE_ERR_PROTO_SCHEMA',
      `column '${column.name}' has the protobuf field number ${number}: use a whole number from 1 to ${MAX_FIELD_NUMBER}`,
    );
  }
  const form = column.dtype.kind === 'list' ? 'list' : column.shape.length > 0 ? 'vector' : 'scalar';
  const fixed = form !== 'list' && !column.shape.includes(null);
  const size = fixed ? column.shape.reduce<number>((product, dimension) => product * dimension!, 1) : undefined;
  return { column, name: protoName(column.name), number, scalar: protoScalarOf(column.dtype), form, size };
}

function refuseTwins(spec: SchemaSpec, plans: readonly FieldPlan[], key: 'number' | 'name'): void {
  const seen = new Map<string | number, FieldPlan>();
  for (const plan of plans) {
    const twin = seen.get(plan[key]);
    if (twin) throw twinError(spec, twin, plan, key);
    seen.set(plan[key], plan);
  }
}

function twinError(spec: SchemaSpec, a: FieldPlan, b: FieldPlan, key: 'number' | 'name') {
  const advice =
    key === 'number'
      ? 'a column without a pin takes its place in the declaration as its number: pin both with @Column(dtype, { field })'
      : 'rename one of them';
  return rpcError(
    'CORE_ERR_PROTO_SCHEMA',
    `schema ${spec.name}: columns '${a.column.name}' and '${b.column.name}' both get the protobuf field ${key} ${a[key]}; ${advice}`,
  );
}
