import { HUFFMAN_CODES } from './huffman-code.js';

/** Bytes of `text` (latin1) once coded. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += HUFFMAN_CODES[text.charCodeAt(i) & 0xff]!.bits;
  return Math.ceil(bits / 8);
}

/** Writes `text` (latin1) at `at`; gives where it ends. */
export function encodeHuffman(text: string, out: Uint8Array, at: number): number {
  let held = 0;
  let heldBits = 0;
  for (let i = 0; i < text.length; i++) {
    const { code, bits } = HUFFMAN_CODES[text.charCodeAt(i) & 0xff]!;
    // At most 7 + 30 bits: more than an integer of 32 has, so by multiplication.
    held = held * 2 ** bits + code;
    heldBits += bits;
    while (heldBits >= 8) {
      heldBits -= 8;
      const byte = Math.floor(held / 2 ** heldBits);
      out[at++] = byte;
      held -= byte * 2 ** heldBits;
    }
  }
  if (heldBits > 0) out[at++] = (held << (8 - heldBits)) | ((1 << (8 - heldBits)) - 1);
  return at;
}
