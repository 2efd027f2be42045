import * as zlib from 'node:zlib';

import { WitanError } from '../../errors/witan-error.js';
import { frameError } from '../frame.errors.js';
import type { Budget } from './limits.js';
import { malformed } from './limits.js';
import { decompressLz4Frame } from './lz4.js';
import { decompressZstd } from './zstd/decompress.js';

export type ArrowCodecName = 'lz4' | 'zstd';

/** Decompresses one buffer; `size` is the size that the stream claims, already within the limits. */
export type ArrowDecompress = (bytes: Uint8Array, size: number) => Uint8Array;

type ZstdDecompressSync = (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;

/** Node has zstd from 22.15 on. */
const nativeZstd = (zlib as { zstdDecompressSync?: ZstdDecompressSync }).zstdDecompressSync;

const codecs = new Map<ArrowCodecName, ArrowDecompress>([
  ['lz4', decompressLz4Frame],
  ['zstd', nativeZstd ? (bytes, size) => nativeZstd(bytes, { maxOutputLength: size }) : decompressZstd],
]);

/**
 * Replaces the decoder of a codec of compressed Arrow buffers, for the whole process. LZ4 frames and ZSTD are there by
 * default. The decoder meets bytes that are not trusted: it must end on any input.
 */
export function registerArrowCodec(name: ArrowCodecName, decompress: ArrowDecompress): void {
  codecs.set(name, decompress);
}

/** One buffer of a compressed body: an eight-byte size (-1: stored as it is), then the compressed bytes. */
export function decompressBuffer(name: ArrowCodecName, buffer: Uint8Array, budget: Budget): Uint8Array {
  if (buffer.length === 0) return buffer;
  if (buffer.length < 8) throw malformed('a compressed buffer is too short for its size');
  const claimed = new DataView(buffer.buffer, buffer.byteOffset).getBigInt64(0, true);
  const bytes = buffer.subarray(8);
  if (claimed === -1n) return bytes;
  if (claimed < 0n) throw malformed('a compressed buffer claims a negative size');
  const size = Number(claimed);
  budget.spendBytes(size);
  const plain = size === 0 ? new Uint8Array(0) : runCodec(name, bytes, size);
  if (plain.length !== size) throw malformed(`a compressed buffer holds ${plain.length} bytes and claims ${size}`);
  return plain;
}

function runCodec(name: ArrowCodecName, bytes: Uint8Array, size: number): Uint8Array {
  try {
    return codecs.get(name)!(bytes, size);
  } catch (error) {
    if (WitanError.is(error)) throw error;
    throw frameError(
      'CORE_ERR_ARROW_CODEC',
      `a buffer of the Arrow stream is no valid ${name.toUpperCase()} of ${size} bytes`,
      { cause: error },
    );
  }
}
