import { HpackError } from './hpack-error.js';
import { EOS, HUFFMAN_CODES } from './huffman-code.js';

/**
 * The code as tables of 256 entries, one for each byte of input that leads on: `0x10000 | bits << 8 | symbol` where a
 * code ends within the byte, else the number of the next table. Table 0 is the first; 0 as an entry leads nowhere.
 */
const LEAF = 0x10000;
/** What no code begins with leads here: only EOS lies behind it. */
const DEAD = 0;
const TABLES = build();

function build(): Int32Array {
  const tables: Int32Array[] = [new Int32Array(256)];
  HUFFMAN_CODES.forEach(({ code, bits }, symbol) => {
    if (symbol === EOS) return;
    let table = 0;
    let left = bits;
    for (; left > 8; left -= 8) {
      const byte = (code >>> (left - 8)) & 0xff;
      if (tables[table]![byte] === DEAD) tables[table]![byte] = tables.push(new Int32Array(256)) - 1;
      table = tables[table]![byte]!;
    }
    const first = (code << (8 - left)) & 0xff;
    tables[table]!.fill(LEAF | (left << 8) | symbol, first, first + (1 << (8 - left)));
  });
  const flat = new Int32Array(tables.length * 256);
  tables.forEach((table, index) => flat.set(table, index * 256));
  return flat;
}

/**
 * Decodes `bytes[start, end)` into `out` and gives the number of bytes written; `out` needs room for 8/5 of the input.
 * @throws {HpackError} for EOS, and for padding of 8 or more bits or of other bits than EOS's
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number, out: Uint8Array): number {
  let written = 0;
  // Bits that were read and are not used, the newest lowest; at most 15 count.
  let held = 0;
  let heldBits = 0;
  let table = 0;
  for (let at = start; at < end; at++) {
    held = ((held << 8) | bytes[at]!) & 0xffff;
    heldBits += 8;
    while (heldBits >= 8) {
      const entry = TABLES[(table << 8) | ((held >>> (heldBits - 8)) & 0xff)]!;
      if (entry >= LEAF) {
        out[written++] = entry & 0xff;
        heldBits -= (entry >>> 8) & 0xff;
        table = 0;
      } else if (entry === DEAD) {
        throw new HpackError('EOS stands in a string');
      } else {
        table = entry;
        heldBits -= 8;
      }
    }
  }
  return decodeRest(held, heldBits, table, out, written);
}

/** The last, less than 8 bits: whole codes, then padding. */
function decodeRest(held: number, heldBits: number, table: number, out: Uint8Array, written: number): number {
  let codeBegun = table !== 0;
  for (; heldBits > 0;) {
    const entry = TABLES[(table << 8) | ((held << (8 - heldBits)) & 0xff)]!;
    const bits = (entry >>> 8) & 0xff;
    if (entry < LEAF || bits > heldBits) break;
    out[written++] = entry & 0xff;
    heldBits -= bits;
    table = 0;
    codeBegun = false;
  }
  if (codeBegun) throw new HpackError('the padding of a string is longer than 7 bits');
  const mask = (1 << heldBits) - 1;
  if ((held & mask) !== mask) throw new HpackError('the padding of a string is not that of EOS');
  return written;
}
