import { describe, expect, it } from 'vitest';

import { WitanError } from '../../../errors/witan-error.js';
import { decompressZstd } from './decompress.js';
import { ZSTD_LEVEL_1, ZSTD_LEVEL_19, ZSTD_TEXT } from './frames.spec.data.js';

const size = Buffer.byteLength(ZSTD_TEXT());

describe('ZSTD', () => {
  it.each([
    [1, ZSTD_LEVEL_1()],
    [19, ZSTD_LEVEL_19()],
  ])('is decoded: level %s', (_, frame) => {
    expect(Buffer.from(decompressZstd(frame, size)).toString()).toBe(ZSTD_TEXT());
  });

  it('may be several frames, with others between that are skipped', () => {
    const skipped = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    const twice = decompressZstd(Buffer.concat([ZSTD_LEVEL_1(), skipped, ZSTD_LEVEL_19()]), 2 * size);
    expect(Buffer.from(twice).toString()).toBe(ZSTD_TEXT() + ZSTD_TEXT());
  });

  it('is refused when it holds more or less than it claims', () => {
    for (const claimed of [0, size - 1, size + 1])
      expect(() => decompressZstd(ZSTD_LEVEL_19(), claimed)).toThrow(/claims/);
  });

  it('ends on broken input, and throws nothing of its own', () => {
    for (const original of [ZSTD_LEVEL_1(), ZSTD_LEVEL_19()]) {
      for (let bit = 0; bit < 8 * original.length; bit += 5) {
        const frame = Uint8Array.from(original);
        frame[bit >> 3]! ^= 1 << (bit & 7);
        tryIt(frame);
      }
      for (let length = 0; length < original.length; length++) expect(tryIt(original.subarray(0, length))).toBe(false);
      for (let at = 4; at < original.length; at += 2) {
        for (const byte of [0, 0x7f, 0xff]) tryIt(Uint8Array.from(original).fill(byte, at, at + 1 + (at % 7)));
      }
    }
  });

  function tryIt(frame: Uint8Array): boolean {
    try {
      decompressZstd(frame, size);
      return true;
    } catch (error) {
      expect(WitanError.is(error)).toBe(true);
      return false;
    }
  }
});
