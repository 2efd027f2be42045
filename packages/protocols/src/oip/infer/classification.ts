import type { InferTensor } from '../infer-types.js';
import { oipError } from '../oip.errors.js';

/**
 * The `classification` extension: the largest `count` values of each row as `value:index[:label]`.
 * @throws {OIP_ERR_OUTPUT} for outputs that have no order: strings, flags, half floats.
 */
export function classesOf(
  output: InferTensor,
  count: number,
  batched: boolean,
  labels: readonly string[] | undefined,
): InferTensor {
  const { name, datatype, shape, data } = output;
  if (datatype === 'BYTES' || datatype === 'BOOL' || datatype === 'FP16' || datatype === 'BF16') {
    throw oipError('OIP_ERR_OUTPUT', `class result not available for output '${name}': its values are ${datatype}`);
  }
  const values = data as ArrayLike<number | bigint>;
  const rows = batched ? shape[0]! : 1;
  const width = rows === 0 ? 0 : values.length / rows;
  const top = Math.min(count, width);
  const isFloat = datatype === 'FP32' || datatype === 'FP64';
  const out: string[] = [];
  for (let row = 0; row < rows; row++) {
    for (const index of largest(values, row * width, width, top)) {
      const value = values[row * width + index]!;
      const label = labels?.[index];
      out.push(`${isFloat ? fixed(value as number) : String(value)}:${index}${label ? `:${label}` : ''}`);
    }
  }
  return { name, datatype: 'BYTES', shape: batched ? [rows, top] : [top], data: out };
}

/** Of how many classes the largest are looked for one by one; for more of them sorting all is quicker. */
const MAX_PICKED = 16;

/** Indices of the `top` largest of `width` values, largest first; equal ones in their order, NaN last. */
function largest(values: ArrayLike<number | bigint>, start: number, width: number, top: number): number[] {
  const before = (a: number, b: number): boolean => isBefore(values[start + a]!, values[start + b]!);
  if (top > MAX_PICKED) {
    const order = Array.from({ length: width }, (_, i) => i);
    return order.sort((a, b) => (before(a, b) ? -1 : before(b, a) ? 1 : a - b)).slice(0, top);
  }
  const picked: number[] = [];
  for (let i = 0; i < width; i++) {
    if (picked.length === top && !before(i, picked[top - 1]!)) continue;
    if (picked.length === top) picked.pop();
    let place = picked.length;
    while (place > 0 && before(i, picked[place - 1]!)) place--;
    picked.splice(place, 0, i);
  }
  return picked;
}

function isBefore(a: number | bigint, b: number | bigint): boolean {
  return b !== b ? a === a : a > b;
}

/** As C's `%f` prints it. */
function fixed(value: number): string {
  if (value !== value) return 'nan';
  if (Math.abs(value) === Infinity) return value > 0 ? 'inf' : '-inf';
  return Math.abs(value) < 1e21 ? value.toFixed(6) : `${BigInt(value)}.000000`;
}
