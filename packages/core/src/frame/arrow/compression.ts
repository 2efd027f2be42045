import * as zlib from 'node:zlib';

import { WitanError } from '../../errors/witan-error.js';
import { frameError } from '../frame.errors.js';
import type { Budget } from './limits.js';
import { malformed } from './limits.js';
import { decompressLz4Frame } from './lz4.js';

export type ArrowCodecName = 'lz4' | 'zstd';

/** Decompresses one buffer; `size` is the size that the stream claims, already within the limits. */
export type ArrowDecompress = (bytes: Uint8Array, size: number) => Uint8Array;

type ZstdDecompressSync = (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;

const codecs = new Map<ArrowCodecName, ArrowDecompress>([['lz4', decompressLz4Frame]]);

/** Node has zstd from 22.15 on. Decoders written in JavaScript are not taken by default: some hang on broken input. */
const nativeZstd = (zlib as { zstdDecompressSync?: ZstdDecompressSync }).zstdDecompressSync;
if (nativeZstd) codecs.set('zstd', (bytes, size) => nativeZstd(bytes, { maxOutputLength: size }));

/**
 * Sets the decoder of a codec of compressed Arrow buffers, for the whole process. LZ4 frames are there by default, ZSTD
 * where Node's zlib has it (22.15 and later). The decoder meets bytes that are not trusted: it must end on any input.
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
  const codec = codecs.get(name);
  if (!codec) throw noCodec(name);
  const plain = size === 0 ? new Uint8Array(0) : runCodec(codec, name, bytes, size);
  if (plain.length !== size) throw malformed(`a compressed buffer holds ${plain.length} bytes and claims ${size}`);
  return plain;
}

function runCodec(codec: ArrowDecompress, name: ArrowCodecName, bytes: Uint8Array, size: number): Uint8Array {
  try {
    return codec(bytes, size);
  } catch (error) {
    if (WitanError.is(error)) throw error;
    throw frameError(
      'CORE_ERR_ARROW_CODEC',
      `a buffer of the Arrow stream is no valid ${name.toUpperCase()} of ${size} bytes`,
      { cause: error },
    );
  }
}

function noCodec(name: ArrowCodecName): Error {
  const text = `the Arrow stream is compressed by ${name.toUpperCase()}, for which no decoder is registered`;
  return frameError(
    'CORE_ERR_ARROW_CODEC',
    `${text}: send it uncompressed or by LZ4, run on Node 22.15 or later, or use registerArrowCodec`,
  );
}
