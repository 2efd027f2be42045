import type { DTypeKind } from '../../frame/dtype.js';
import type { ColumnSpec } from '../../schema/spec.js';
import { type FieldPlan, LENGTHS_OFFSET, ROW_COUNT_FIELD, SHAPE_OFFSET, VALIDITY_OFFSET } from '../proto/field-plan.js';
import { needsShape } from '../proto/service-file.js';
import type { WireField } from './compile-decoder.js';

/** How the fields of one schema lie in a message: the plans' own first, then companions; -1 where there is none. */
export interface WireLayout {
  readonly fields: readonly WireField[];
  readonly plans: readonly FieldPlan[];
  readonly validity: readonly number[];
  readonly lengths: readonly number[];
  readonly shapes: readonly number[];
  readonly rowCount: number;
}

export function valueKind(column: ColumnSpec): Exclude<DTypeKind, 'list'> {
  return (column.dtype.kind === 'list' ? column.dtype.item!.kind : column.dtype.kind) as Exclude<DTypeKind, 'list'>;
}

/** The row message: scalars, vectors and lists; a shape only where several sizes are open. */
export function rowLayout(plans: readonly FieldPlan[]): WireLayout {
  const fields: WireField[] = plans.map((plan) => {
    const form = plan.form === 'vector' && plan.size === undefined ? 'list' : plan.form;
    return { number: plan.number, kind: valueKind(plan.column), scalar: plan.scalar, form, size: plan.size ?? 0 };
  });
  const shapes = plans.map((plan) => {
    const open = plan.form === 'vector' && plan.size === undefined && plan.column.shape.length > 1;
    return open ? companion(fields, SHAPE_OFFSET + plan.number, 'u32', 'list') : -1;
  });
  const none = plans.map(() => -1);
  return { fields, plans, validity: none, lengths: none, shapes, rowCount: -1 };
}

/** The columns message: every column is a list of all its values; companions say what that alone does not. */
export function columnsLayout(plans: readonly FieldPlan[]): WireLayout {
  const fields: WireField[] = plans.map(({ number, column, scalar }) => {
    return { number, kind: valueKind(column), scalar, form: 'list', size: 0 };
  });
  const validity = plans.map(({ number, column }) => {
    const mayLack = column.nullable || column.default !== undefined;
    return mayLack ? companion(fields, VALIDITY_OFFSET + number, 'binary', 'scalar') : -1;
  });
  const lengths = plans.map(({ number, form }) =>
    form === 'list' ? companion(fields, LENGTHS_OFFSET + number, 'u32', 'list') : -1,
  );
  const shapes = plans.map(({ number, column }) =>
    needsShape(column) ? companion(fields, SHAPE_OFFSET + number, 'u32', 'list') : -1,
  );
  const rowCount = companion(fields, ROW_COUNT_FIELD, 'u32', 'scalar');
  return { fields, plans, validity, lengths, shapes, rowCount };
}

function companion(fields: WireField[], number: number, kind: 'u32' | 'binary', form: 'scalar' | 'list'): number {
  return fields.push({ number, kind, scalar: kind === 'u32' ? 'uint32' : 'bytes', form, size: 0 }) - 1;
}
