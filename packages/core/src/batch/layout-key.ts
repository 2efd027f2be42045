import type { DTypeInfo } from '../frame/dtype.js';
import type { Frame } from '../frame/frame.js';

/** Without the data: a layout must not keep a request's rows alive. */
interface ColumnLayout {
  readonly dtype: DTypeInfo;
  readonly shape: readonly number[];
}

interface Layout {
  readonly names: readonly string[];
  readonly columns: readonly ColumnLayout[];
  readonly text: string;
}

/**
 * Names what must be equal for Frames to be joined: column names, dtypes and inner shapes. Requests mostly look like
 * the one before, so the last layout is compared with before any text is built.
 */
export class LayoutKey {
  private last: Layout | undefined;

  of(frame: Frame): string {
    if (!this.last || !isSame(this.last, frame)) this.last = layoutOf(frame);
    return this.last.text;
  }
}

function isSame(layout: Layout, frame: Frame): boolean {
  const { names, columns } = layout;
  if (frame.columns.size !== names.length) return false;
  let i = 0;
  for (const [name, column] of frame.columns) {
    const other = columns[i]!;
    if (name !== names[i] || column.dtype !== other.dtype || !isSameShape(column.shape, other.shape)) return false;
    i++;
  }
  return true;
}

function isSameShape(a: readonly number[], b: readonly number[]): boolean {
  return a === b || (a.length === b.length && a.every((size, i) => size === b[i]));
}

function layoutOf(frame: Frame): Layout {
  const names = frame.names;
  const columns = [...frame.columns.values()].map(({ dtype, shape }) => ({ dtype, shape }));
  const text = JSON.stringify(columns.map((column, i) => [names[i], column.dtype.name, ...column.shape]));
  return { names, columns, text };
}
