import { BackwardBits, broken, highestBit } from './bits.js';
import { readFse } from './fse.js';

const MAX_LOG = 11;

/** A prefix code: the next `log` bits give a symbol and how many of them it took. */
export interface HuffmanTable {
  readonly log: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
}

/** A table from its description (RFC 8878, 4.2.1); `used` is how many bytes that took. */
export function readHuffman(bytes: Uint8Array): { table: HuffmanTable; used: number } {
  const head = bytes[0] ?? 0;
  if (head >= 128) {
    const count = head - 127;
    const used = 1 + ((count + 1) >> 1);
    if (used > bytes.length) throw broken('ends within a table');
    const weights = Array.from({ length: count }, (_, i) =>
      i & 1 ? bytes[1 + (i >> 1)]! & 15 : bytes[1 + (i >> 1)]! >> 4,
    );
    return { table: buildHuffman(weights), used };
  }
  if (1 + head > bytes.length) throw broken('ends within a table');
  return { table: buildHuffman(packedWeights(bytes.subarray(1, 1 + head))), used: 1 + head };
}

/** Weights as a code of two states that take turns; the stream's end ends them. */
function packedWeights(bytes: Uint8Array): number[] {
  const { table, used } = readFse(bytes, 6, MAX_LOG + 1);
  const stream = new BackwardBits(bytes.subarray(used));
  const states = [stream.read(table.log), stream.read(table.log)];
  if (stream.left < 0) throw broken('ends within a table');
  const weights: number[] = [];
  for (let turn = 0; weights.length < 255; turn ^= 1) {
    const state = states[turn]!;
    weights.push(table.symbols[state]!);
    states[turn] = table.bases[state]! + stream.read(table.bits[state]!);
    if (stream.left < 0) {
      weights.push(table.symbols[states[turn ^ 1]!]!);
      return weights;
    }
  }
  throw broken('has too many weights in a table');
}

/** The last symbol's weight is not written: it is what is missing to a power of two. */
function buildHuffman(weights: readonly number[]): HuffmanTable {
  const sum = weights.reduce((total, weight) => total + (weight > 0 ? 2 ** (weight - 1) : 0), 0);
  const log = sum > 0 && sum < 2 ** MAX_LOG ? highestBit(sum) + 1 : 0;
  const missing = (1 << log) - sum;
  if (log === 0 || weights.length > 255 || (missing & (missing - 1)) !== 0)
    throw broken('has a table of impossible weights');
  const all = [...weights, highestBit(missing) + 1];
  const symbols = new Uint8Array(1 << log);
  const bits = new Uint8Array(1 << log);
  let at = 0;
  for (let weight = 1; weight <= log; weight++) {
    all.forEach((other, symbol) => {
      if (other !== weight) return;
      const end = at + (1 << (weight - 1));
      symbols.fill(symbol, at, end);
      bits.fill(log + 1 - weight, at, end);
      at = end;
    });
  }
  return { log, symbols, bits };
}

/** Fills `out` with the symbols of a stream, which must then be used up. */
export function decodeHuffman({ log, symbols, bits }: HuffmanTable, bytes: Uint8Array, out: Uint8Array): void {
  const stream = new BackwardBits(bytes);
  for (let i = 0; i < out.length; i++) {
    const code = stream.peek(log);
    out[i] = symbols[code]!;
    stream.left -= bits[code]!;
  }
  if (stream.left !== 0) throw broken('has literals of another length than it claims');
}
