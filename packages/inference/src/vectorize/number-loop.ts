import { type Bitmap, type DTypeKind, fromFloat16Bits, type NumericArray } from '@witan/core/frame';
import { float32OfBigint } from './round.js';
import { IDENTITY, SCALE32, type TransformationCode } from './transformation.js';

/** Where the values of a column's rows lie, and where they go. */
export interface NumberRun {
  readonly out: Float32Array;
  /** First place of the feature in row 0. */
  readonly offset: number;
  /** From one row to the next. */
  readonly width: number;
  /** Numbers of the feature in a row. */
  readonly length: number;
  readonly rows: number;
  readonly data: NumericArray;
  /** Of a list column: where each row's values begin. Otherwise row after row has `length` values. */
  readonly offsets: Int32Array | undefined;
  /** Rows that are null here are left as they are. */
  readonly validity: Bitmap | undefined;
  readonly base: number;
  readonly divisor: number;
}

export type NumberLoop = (run: NumberRun) => void;

const loops = new Map<string, NumberLoop>();

/**
 * The loop that writes numbers of a dtype into rows. Generated, so that each combination has its own monomorphic code;
 * there are at most some thirty.
 */
export function numberLoopOf(kind: DTypeKind, code: TransformationCode): NumberLoop {
  const key = `${kind} ${code}`;
  const known = loops.get(key);
  if (known) return known;
  const loop = generate(expression(kind, code));
  loops.set(key, loop);
  return loop;
}

/** The stored value `v` as the number that goes into the row. Writing to a Float32Array rounds once more where need be. */
function expression(kind: DTypeKind, code: TransformationCode): string {
  const isBig = kind === 'i64' || kind === 'u64';
  if (code === IDENTITY) return kind === 'f16' ? 'fromFloat16Bits(v)' : isBig ? 'float32OfBigint(v)' : 'v';
  if (code !== SCALE32) return `(${isBig ? 'Number(v)' : 'v'} - base) / divisor`;
  return `fround(fround(${kind === 'f16' ? 'fromFloat16Bits(v)' : 'v'}) - base) / divisor`;
}

function generate(value: string): NumberLoop {
  const body = `return function loop({ out, offset, width, length, rows, data, offsets, validity, base, divisor }) {
  for (let row = 0; row < rows; row++) {
    if (validity !== undefined && (validity[row >> 3] & (1 << (row & 7))) === 0) continue;
    const from = offsets === undefined ? row * length : offsets[row];
    const to = offset + row * width;
    for (let i = 0; i < length; i++) { const v = data[from + i]; out[to + i] = ${value}; }
  }
};`;
  return new Function('fround', 'fromFloat16Bits', 'float32OfBigint', body)(
    Math.fround,
    fromFloat16Bits,
    float32OfBigint,
  ) as NumberLoop;
}
