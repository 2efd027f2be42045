import type { SchemaSpec } from '@witan/core';
import type { DTypeInfo, Frame } from '@witan/core/frame';

/** A column without its data. */
export interface ColumnLayout {
  readonly name: string;
  readonly dtype: DTypeInfo;
  /** `null`: open, in a schema. */
  readonly shape: readonly (number | null)[];
}

export type FrameLayout = readonly ColumnLayout[];

export function layoutOfFrame(frame: Frame<object>): FrameLayout {
  return [...frame.columns].map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
}

export function layoutOfSchema(schema: SchemaSpec): FrameLayout {
  return schema.columns.map(({ name, dtype, shape }) => ({ name, dtype, shape }));
}

/** True when a frame's columns are those of the layout. Requests of one handler all are, so this is the common case. */
export function hasLayout(frame: Frame<object>, layout: FrameLayout): boolean {
  if (frame.columns.size !== layout.length) return false;
  let i = 0;
  for (const [name, column] of frame.columns) {
    const known = layout[i++]!;
    if (name !== known.name || column.dtype !== known.dtype || !sameShape(column.shape, known.shape)) return false;
  }
  return true;
}

function sameShape(a: readonly number[], b: readonly (number | null)[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** `age i64, embedding f32[16]`: columns as messages print them. */
export function printLayout(layout: FrameLayout): string {
  const print = ({ name, dtype, shape }: ColumnLayout): string =>
    `${name} ${dtype.name}${shape.length > 0 ? `[${shape.map((size) => size ?? '?').join(', ')}]` : ''}`;
  return layout.map(print).join(', ') || 'no columns';
}
