import type { InferTensor } from '../infer-types.js';

/** A tensor's values in the binary form of both transports: a view of its storage where that is the form already. */
export function rawBytes({ datatype, data }: Pick<InferTensor, 'datatype' | 'data'>): Uint8Array {
  if (datatype === 'BYTES') return textBytes(data as readonly (string | Uint8Array)[]);
  const { buffer, byteOffset, byteLength } = data as Uint8Array;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Each value behind four bytes of its length. */
function textBytes(values: readonly (string | Uint8Array)[]): Uint8Array {
  let total = 0;
  for (const value of values) total += 4 + byteLength(value);
  const out = Buffer.allocUnsafe(total);
  let at = 0;
  for (const value of values) {
    const length = typeof value === 'string' ? out.write(value, at + 4, 'utf8') : value.length;
    if (typeof value !== 'string') out.set(value, at + 4);
    out.writeUInt32LE(length, at);
    at += 4 + length;
  }
  return out;
}

function byteLength(value: string | Uint8Array): number {
  return typeof value === 'string' ? Buffer.byteLength(value) : value.length;
}
