import { Refusal } from './refusal.js';

type Dims = readonly (number | null)[];

export const isArrayLike = (value: unknown): value is ArrayLike<unknown> =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));

/** The number of values of a shape; -1 while a size is open. */
export function sizeOf(dims: Dims): number {
  return dims.reduce<number>((product, dim) => (dim === null || product < 0 ? -1 : product * dim), 1);
}

/**
 * The values of a vector cell, row-major, given flat or nested, and its dimensions with the open ones filled in.
 */
export function flatten(value: unknown, dims: Dims): { values: ArrayLike<unknown>; dims: number[] } | Refusal {
  if (!isArrayLike(value)) return new Refusal('dtype', `must be an array of shape ${shapeText(dims)}`);
  const nested = dims.length > 1 && value.length > 0 && isArrayLike(value[0]);
  return nested ? flattenNested(value, dims) : fitFlat(value, dims);
}

function fitFlat(values: ArrayLike<unknown>, dims: Dims): { values: ArrayLike<unknown>; dims: number[] } | Refusal {
  const open = dims.filter((dim) => dim === null).length;
  if (open > 1 && values.length > 0)
    return new Refusal(
      'shape',
      `has shape ${shapeText(dims)} and must be nested: a flat array does not tell its sizes`,
    );
  const known = dims.reduce<number>((product, dim) => product * (dim ?? 1), 1);
  const rest = open === 0 ? 1 : values.length / known;
  if (known * rest !== values.length || !Number.isInteger(rest)) return wrong(dims, `${values.length} values`);
  return { values, dims: dims.map((dim) => dim ?? rest) };
}

function flattenNested(value: ArrayLike<unknown>, dims: Dims): { values: unknown[]; dims: number[] } | Refusal {
  const found: (number | null)[] = [...dims];
  const values: unknown[] = [];
  const walk = (level: ArrayLike<unknown>, depth: number): boolean => {
    if (level.length !== (found[depth] ??= level.length)) return false;
    for (let i = 0; i < level.length; i++) {
      const item = level[i];
      if (depth + 1 === dims.length) values.push(item);
      else if (!isArrayLike(item) || !walk(item, depth + 1)) return false;
    }
    return true;
  };
  return walk(value, 0) ? { values, dims: found.map((dim) => dim ?? 0) } : wrong(dims, 'something else');
}

function wrong(dims: Dims, seen: string): Refusal {
  return new Refusal('shape', `must have shape ${shapeText(dims)}, got ${seen}`);
}

export function shapeText(dims: Dims): string {
  return `[${dims.map((dim) => dim ?? '?').join(', ')}]`;
}
