import { broken } from './bits.js';
import type { HuffmanTable } from './huffman.js';
import { MAX_BLOCK_BYTES, readLiterals } from './literals.js';
import { readSequences, type SequenceTables } from './sequences.js';

const MAGIC = 0xfd2fb528;

/**
 * Decodes ZSTD frames (RFC 8878) of exactly `size` bytes, for Nodes whose zlib cannot. Written for input that is not
 * trusted: it ends on any, and never writes beyond `size`. Checksums are not verified; dictionaries are refused.
 */
export function decompressZstd(bytes: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  let end = 0;
  while (at < bytes.length) {
    if (at + 8 > bytes.length) throw broken('is cut short');
    const magic = view.getUint32(at, true);
    if (magic >>> 4 === 0x184d2a5) at += 8 + view.getUint32(at + 4, true);
    else if (magic === MAGIC) [at, end] = new FrameDecoder(bytes, out, end).run(at + 4);
    else throw broken('does not begin with a ZSTD frame');
  }
  if (at !== bytes.length || end !== size) throw broken(`holds ${end} bytes and claims ${size}`);
  return out;
}

class FrameDecoder {
  private readonly start: number;
  private huffman: HuffmanTable | undefined;
  private tables: SequenceTables | undefined;
  private readonly recent = [1, 4, 8];

  constructor(
    private readonly bytes: Uint8Array,
    private readonly out: Uint8Array,
    private end: number,
  ) {
    this.start = end;
  }

  /** Decodes from behind the magic number; gives where the frame and its output end. */
  run(from: number): [number, number] {
    const flags = this.bytes[from]!;
    const single = (flags >> 5) & 1;
    if (flags & 8 || flags & 3) throw broken('needs a dictionary or a newer decoder');
    const sizeBytes = flags >> 6 ? 1 << (flags >> 6) : single;
    let at = from + 1 + (single ? 0 : 1) + sizeBytes;
    for (let last = false; !last;) {
      if (at + 3 > this.bytes.length) throw broken('is cut short');
      const head = this.bytes[at]! | (this.bytes[at + 1]! << 8) | (this.bytes[at + 2]! << 16);
      last = (head & 1) === 1;
      at = this.block((head >> 1) & 3, head >> 3, at + 3);
    }
    return [at + (flags & 4 ? 4 : 0), this.end];
  }

  private block(type: number, size: number, at: number): number {
    const stop = at + (type === 1 ? 1 : size);
    if (size > MAX_BLOCK_BYTES || stop > this.bytes.length) throw broken('has a block that is cut short or too large');
    if (type === 0) this.append(this.bytes.subarray(at, stop));
    else if (type === 1) this.append(new Uint8Array(size).fill(this.bytes[at]!));
    else if (type === 2) this.compressed(this.bytes.subarray(at, stop));
    else throw broken('has an unknown kind of block');
    return stop;
  }

  private append(bytes: Uint8Array): void {
    if (this.end + bytes.length > this.out.length) throw broken('holds more than it claims');
    this.out.set(bytes, this.end);
    this.end += bytes.length;
  }

  private compressed(block: Uint8Array): void {
    const before = this.end;
    const { bytes, used, table } = readLiterals(block, this.huffman);
    this.huffman = table;
    let taken = 0;
    this.tables = readSequences(block.subarray(used), this.tables, (literals, offset, length) => {
      if (taken + literals > bytes.length) throw broken('has fewer literals than its sequences take');
      this.append(bytes.subarray(taken, (taken += literals)));
      this.copy(this.distance(offset, literals), length);
    });
    this.append(bytes.subarray(taken));
    // A block costs tables: one that gives nothing could come a million times.
    if (this.end === before) throw broken('has an empty compressed block');
  }

  /** The values 1 to 3 name one of the last three distances (RFC 8878, 3.1.1.5). */
  private distance(offset: number, literals: number): number {
    const { recent } = this;
    if (offset > 3) return this.remember(offset - 3, 2);
    const which = offset - 1 + (literals === 0 ? 1 : 0);
    return which === 3 ? this.remember(recent[0]! - 1, 2) : this.remember(recent[which]!, which);
  }

  /** Puts a distance in front; those before place `from` move one back. */
  private remember(distance: number, from: number): number {
    for (let i = from; i > 0; i--) this.recent[i] = this.recent[i - 1]!;
    return (this.recent[0] = distance);
  }

  private copy(distance: number, length: number): void {
    const { out, end } = this;
    if (distance <= 0 || distance > end - this.start) throw broken('points before its beginning');
    if (end + length > out.length) throw broken('holds more than it claims');
    for (let i = 0; i < length; i++) out[end + i] = out[end + i - distance]!;
    this.end = end + length;
  }
}
