import { malformed } from './limits.js';

const MAGIC = 0x184d2204;

/**
 * Decodes an LZ4 frame (lz4_Frame_format.md of the LZ4 project) of exactly `size` bytes. Checksums are not verified;
 * everything else is checked: no byte is read or written outside the buffers.
 */
export function decompressLz4Frame(bytes: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  let end = 0;
  while (at < bytes.length) {
    need(bytes, at, 7);
    if (view.getUint32(at, true) !== MAGIC) throw malformed('an LZ4 buffer does not begin with an LZ4 frame');
    const flags = bytes[at + 4]!;
    if (flags >> 6 !== 1 || flags & 1) throw malformed('an LZ4 frame has an unknown version or needs a dictionary');
    at += flags & 8 ? 15 : 7;
    const blockChecksum = flags & 0x10 ? 4 : 0;
    for (;;) {
      need(bytes, at, 4);
      const head = view.getUint32(at, true);
      at += 4;
      if (head === 0) break;
      const length = head & 0x7fff_ffff;
      need(bytes, at, length);
      const block = bytes.subarray(at, at + length);
      end = head >>> 31 ? copyBlock(block, out, end) : decodeBlock(block, out, end);
      at += length + blockChecksum;
    }
    at += flags & 4 ? 4 : 0;
  }
  if (end !== size) throw malformed(`an LZ4 buffer holds ${end} bytes and claims ${size}`);
  return out;
}

function need(bytes: Uint8Array, at: number, count: number): void {
  if (at + count > bytes.length) throw malformed('an LZ4 frame is cut short');
}

function copyBlock(block: Uint8Array, out: Uint8Array, end: number): number {
  if (end + block.length > out.length) throw tooLong();
  out.set(block, end);
  return end + block.length;
}

/** One compressed block: sequences of a literal run and a match that points back, possibly into earlier blocks. */
function decodeBlock(block: Uint8Array, out: Uint8Array, end: number): number {
  let at = 0;
  while (at < block.length) {
    const token = block[at++]!;
    let literals = token >> 4;
    if (literals === 15) for (let more = 255; more === 255; literals += more) more = byteAt(block, at++);
    if (at + literals > block.length || end + literals > out.length) throw tooLong();
    for (let i = 0; i < literals; i++) out[end++] = block[at++]!;
    if (at === block.length) return end;
    const distance = byteAt(block, at) | (byteAt(block, at + 1) << 8);
    at += 2;
    let match = (token & 15) + 4;
    if ((token & 15) === 15) for (let more = 255; more === 255; match += more) more = byteAt(block, at++);
    if (distance === 0 || distance > end || end + match > out.length) throw tooLong();
    for (let i = 0; i < match; i++, end++) out[end] = out[end - distance]!;
  }
  return end;
}

function byteAt(block: Uint8Array, at: number): number {
  if (at >= block.length) throw malformed('an LZ4 block is cut short');
  return block[at]!;
}

function tooLong(): Error {
  return malformed('an LZ4 block holds more than it claims, or points before its beginning');
}
