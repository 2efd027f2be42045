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

/** Indices of the `top` largest of `width` values, largest first; equal ones in their order, NaN last. */
function largest(values: ArrayLike<number | bigint>, start: number, width: number, top: number): number[] {
  const order = Array.from({ length: width }, (_, i) => i);
  const isNan = (value: number | bigint): boolean => value !== value;
  order.sort((a, b) => {
    const left = values[start + a]!;
    const right = values[start + b]!;
    if (isNan(left) || isNan(right)) return Number(isNan(left)) - Number(isNan(right)) || a - b;
    return left < right ? 1 : left > right ? -1 : a - b;
  });
  return order.slice(0, top);
}

/** As C's `%f` prints it. */
function fixed(value: number): string {
  if (value !== value) return 'nan';
  if (Math.abs(value) === Infinity) return value > 0 ? 'inf' : '-inf';
  return Math.abs(value) < 1e21 ? value.toFixed(6) : `${BigInt(value)}.000000`;
}
