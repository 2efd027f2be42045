import { broken } from './bits.js';
import { decodeHuffman, type HuffmanTable, readHuffman } from './huffman.js';

export const MAX_BLOCK_BYTES = 1 << 17;

export interface Literals {
  readonly bytes: Uint8Array;
  /** How many bytes of the block the section took. */
  readonly used: number;
  /** What a later block may use again. */
  readonly table: HuffmanTable | undefined;
}

/** The literals section of a block (RFC 8878, 3.1.1.3.1). */
export function readLiterals(block: Uint8Array, previous: HuffmanTable | undefined): Literals {
  const head = block[0] ?? 0;
  const type = head & 3;
  const format = (head >> 2) & 3;
  return type < 2 ? readPlain(block, type === 1, format, previous) : readPacked(block, type === 3, format, previous);
}

/** A little-endian integer of at most five bytes. */
function integer(block: Uint8Array, bytes: number): number {
  if (bytes > block.length) throw broken('ends within a block');
  let value = 0;
  for (let i = bytes - 1; i >= 0; i--) value = value * 256 + block[i]!;
  return value;
}

function readPlain(block: Uint8Array, repeated: boolean, format: number, table: HuffmanTable | undefined): Literals {
  const headBytes = format === 1 ? 2 : format === 3 ? 3 : 1;
  const size = integer(block, headBytes) >> (headBytes === 1 ? 3 : 4);
  const used = headBytes + (repeated ? 1 : size);
  if (size > MAX_BLOCK_BYTES || used > block.length) throw broken('has more literals than its block');
  const bytes = repeated ? new Uint8Array(size).fill(block[headBytes]!) : block.subarray(headBytes, used);
  return { bytes, used, table };
}

function readPacked(block: Uint8Array, again: boolean, format: number, previous: HuffmanTable | undefined): Literals {
  const headBytes = format < 2 ? 3 : format + 2;
  const sizeBits = 2 ** (format < 2 ? 10 : format === 2 ? 14 : 18);
  const head = Math.floor(integer(block, headBytes) / 16);
  const size = head % sizeBits;
  const used = headBytes + Math.floor(head / sizeBits);
  if (size > MAX_BLOCK_BYTES || used > block.length) throw broken('has more literals than its block');
  let source = block.subarray(headBytes, used);
  let table = previous;
  if (!again) {
    const read = readHuffman(source);
    table = read.table;
    source = source.subarray(read.used);
  }
  if (!table) throw broken('uses a table of an earlier block that is not there');
  const bytes = new Uint8Array(size);
  if (format === 0) decodeHuffman(table, source, bytes);
  else decodeFour(table, source, bytes);
  return { bytes, used, table };
}

/** Four streams after another, the sizes of three of them before. */
function decodeFour(table: HuffmanTable, source: Uint8Array, out: Uint8Array): void {
  const quarter = (out.length + 3) >> 2;
  if (source.length < 6 || 3 * quarter > out.length) throw broken('has literals that are too short for four streams');
  let start = 6;
  for (let i = 0; i < 4; i++) {
    const end = i < 3 ? start + (source[2 * i]! | (source[2 * i + 1]! << 8)) : source.length;
    if (end > source.length) throw broken('has literals outside its block');
    decodeHuffman(
      table,
      source.subarray(start, end),
      out.subarray(i * quarter, i < 3 ? (i + 1) * quarter : out.length),
    );
    start = end;
  }
}
