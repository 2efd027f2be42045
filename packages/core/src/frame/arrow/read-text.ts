import { isAscii, isUtf8 } from 'node:buffer';

import { type Bitmap, isValid } from '../bitmap.js';
import { malformed } from './limits.js';

/** Above this many bytes a column's text is decoded cell by cell: V8's longest string is about 512 MiB. */
const MAX_BLOCK_BYTES = 2 ** 26;

/**
 * The cells of a text column: `bytes` from `offsets[i]` to `offsets[i + 1]`, which were checked. ASCII is decoded in
 * one block and cut; anything else cell by cell.
 */
export function textCells(
  bytes: Uint8Array,
  offsets: Int32Array,
  length: number,
  validity: Bitmap | undefined,
): string[] {
  const out = new Array<string>(length);
  const start = offsets[0] ?? 0;
  const block = Buffer.from(bytes.buffer, bytes.byteOffset + start, (offsets[length] ?? 0) - start);
  if (block.length <= MAX_BLOCK_BYTES && isAscii(block)) {
    const text = block.toString('latin1');
    for (let row = 0; row < length; row++) out[row] = text.slice(offsets[row]! - start, offsets[row + 1]! - start);
    if (validity) for (let row = 0; row < length; row++) if (!isValid(validity, row)) out[row] = '';
    return out;
  }
  if (!isUtf8(block)) throw notUtf8();
  for (let row = 0; row < length; row++) {
    const from = offsets[row]! - start;
    const to = offsets[row + 1]! - start;
    // The block is valid as a whole, so a cell is valid when it begins and ends between characters.
    if (from < block.length && (block[from]! & 0xc0) === 0x80) throw notUtf8();
    out[row] = isValid(validity, row) ? block.toString('utf8', from, to) : '';
  }
  return out;
}

/** One cell of text by itself. */
export function oneText(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw notUtf8();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function notUtf8(): Error {
  return malformed('a text column holds bytes that are not UTF-8');
}
