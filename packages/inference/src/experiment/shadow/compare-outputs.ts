import type { NamedOutput } from './named-output.js';

/** How far the answers to one request lie apart. */
export interface Comparison {
  readonly rows: number;
  /** Rows of which every value is equal, within the tolerance. */
  readonly matched: number;
  /** The largest difference of two numbers; 0 where there are none. */
  readonly maxDifference: number;
  /** The answers have not the same outputs, rows or sizes: no row matches. */
  readonly isOtherShape: boolean;
}

interface Within {
  readonly absolute: number;
  readonly relative: number;
}

/**
 * Compares row by row: numbers by `|a - b| <= absolute + relative * |b|`, as numpy's isclose does, `b` of `given`; NaN
 * equals NaN, and an infinity itself. Everything else by value.
 */
export function compareOutputs(
  given: readonly NamedOutput[],
  shadow: readonly NamedOutput[],
  within: Within,
): Comparison {
  const rows = given[0]?.rows ?? 0;
  const others = given.map(({ name, values }) => {
    const other = shadow.find((each) => each.name === name);
    return other?.values.length === values.length ? other : undefined;
  });
  if (others.includes(undefined) || shadow.length !== given.length)
    return { rows, matched: 0, maxDifference: 0, isOtherShape: true };
  const differs = new Uint8Array(rows);
  let maxDifference = 0;
  for (let i = 0; i < given.length; i++) {
    const largest = compareOne(given[i]!.values, others[i]!.values, differs, within);
    if (largest > maxDifference) maxDifference = largest;
  }
  const matched = differs.reduce((count, differ) => count + (1 - differ), 0);
  return { rows, matched, maxDifference, isOtherShape: false };
}

/** Marks the rows that differ; gives the largest difference. */
function compareOne(
  given: ArrayLike<unknown>,
  shadow: ArrayLike<unknown>,
  differs: Uint8Array,
  within: Within,
): number {
  const size = given.length / differs.length;
  let largest = 0;
  for (let i = 0; i < given.length; i++) {
    const [b, a] = [given[i], shadow[i]];
    if (a === b || Object.is(a, b)) continue;
    const difference = distance(a, b);
    if (difference > largest) largest = difference;
    // An infinity is near to nothing but itself.
    if (!(difference < Infinity && difference <= within.absolute + within.relative * Math.abs(Number(b))))
      differs[Math.floor(i / size)] = 1;
  }
  return largest;
}

/** NaN where one of them is no number: such values differ. */
function distance(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return Math.abs(a - b);
  if (typeof a === 'bigint' && typeof b === 'bigint') return Math.abs(Number(a - b));
  return NaN;
}
