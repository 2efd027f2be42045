import type { NumericArray } from '@witan/core/frame';
import type { TensorDType } from '../tensor/tensor.js';
import { CAST_SCOPE, castExpression } from './cast.js';

/** Writes `rows` rows of the columns into `out`, row after row. */
export type Pack = (out: NumericArray, rows: number, columns: readonly NumericArray[]) => void;

/** Up to this many columns a row is written by one straight line of code. */
const UNROLL_COLUMNS = 256;
/** Combinations that are kept; callers of untyped services can make up any number. */
const MAX_PACKERS = 1024;
const packers = new Map<string, Pack>();

/**
 * The loop that interleaves columns of these dtypes into a row-major `[rows, columns]` tensor of `to`. Generated, so
 * that each combination has its own monomorphic code: one shared loop over typed arrays of several kinds is ten times
 * slower.
 */
export function packerOf(from: readonly TensorDType[], to: TensorDType): Pack {
  const key = `${from.join()}>${to}`;
  const known = packers.get(key);
  if (known) return known;
  const pack = generate(from.length <= UNROLL_COLUMNS ? rowByRow(from, to) : columnByColumn(from, to));
  if (packers.size >= MAX_PACKERS) packers.clear();
  packers.set(key, pack);
  return pack;
}

function rowByRow(from: readonly TensorDType[], to: TensorDType): string {
  const columns = from.map((_, i) => `const c${i} = columns[${i}];`).join('\n');
  const writes = from.map((dtype, i) => `out[at++] = ${castExpression(dtype, to, `c${i}[row]`)};`).join('\n');
  return `${columns}\nlet at = 0;\nfor (let row = 0; row < rows; row++) {\n${writes}\n}`;
}

function columnByColumn(from: readonly TensorDType[], to: TensorDType): string {
  const width = from.length;
  const loops = [...new Set(from)].map((dtype) => {
    const which = JSON.stringify(from.flatMap((other, i) => (other === dtype ? [i] : [])));
    const value = castExpression(dtype, to, 'data[row]');
    return `for (const i of ${which}) { const data = columns[i]; for (let row = 0, at = i; row < rows; row++, at += ${width}) out[at] = ${value}; }`;
  });
  return loops.join('\n');
}

/** The text is made of dtype names and numbers of this module only. */
function generate(body: string): Pack {
  const names = Object.keys(CAST_SCOPE);
  const make = new Function(...names, `return function pack(out, rows, columns) {\n${body}\n};`) as (
    ...scope: unknown[]
  ) => Pack;
  return make(...Object.values(CAST_SCOPE));
}
