import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Datatype } from '../infer-types.js';
import { rawValues } from './raw-decode.js';
import { rawBytes } from './raw-encode.js';

const NUMERIC = {
  BOOL: Uint8Array.of(0, 1, 1),
  UINT8: Uint8Array.of(0, 1, 255),
  UINT16: Uint16Array.of(0, 1, 65535),
  UINT32: Uint32Array.of(0, 1, 4294967295),
  UINT64: BigUint64Array.of(0n, 1n, 2n ** 64n - 1n),
  INT8: Int8Array.of(-128, 0, 127),
  INT16: Int16Array.of(-32768, 0, 32767),
  INT32: Int32Array.of(-2147483648, 0, 2147483647),
  INT64: BigInt64Array.of(-(2n ** 63n), 0n, 2n ** 63n - 1n),
  FP16: Uint16Array.of(0x3c00, 0x7c00, 0),
  FP32: Float32Array.of(1.5, -0, Infinity),
  FP64: Float64Array.of(Math.PI, NaN, 5e-324),
} as const;

/** The bytes at every place that an array may begin at. */
function at(offset: number, bytes: Uint8Array): Uint8Array {
  const room = new Uint8Array(offset + bytes.length);
  room.set(bytes, offset);
  return room.subarray(offset);
}

describe('tensors as bytes', () => {
  it.each(Object.entries(NUMERIC))('%s, wherever its bytes begin', (datatype, data) => {
    for (let offset = 0; offset < 8; offset++) {
      const bytes = at(offset, rawBytes({ datatype: datatype as Datatype, data }));
      const values = rawValues('x', datatype as Datatype, [3], bytes);
      expect(values).toEqual(data);
      if (offset === 0) expect((values as Uint8Array).buffer, 'aligned bytes are not copied').toBe(bytes.buffer);
    }
  });

  it('takes any bits but zero for true', () => {
    expect(rawValues('x', 'BOOL', [3], Uint8Array.of(0, 1, 7))).toEqual(Uint8Array.of(0, 1, 1));
  });

  it('BYTES are four bytes of length and UTF-8', () => {
    const bytes = rawBytes({ datatype: 'BYTES', data: ['grün', '', '🌼'] });
    expect([...bytes.subarray(0, 9)]).toEqual([5, 0, 0, 0, 0x67, 0x72, 0xc3, 0xbc, 0x6e]);
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), (texts) => {
        const encoded = rawBytes({ datatype: 'BYTES', data: texts });
        expect(rawValues('x', 'BYTES', [texts.length], encoded)).toEqual(texts);
      }),
    );
    expect(rawValues('x', 'BYTES', [1], rawBytes({ datatype: 'BYTES', data: ['\ufffd'] }))).toEqual(['\ufffd']);
  });

  it.each([
    ['FP32', [2], Buffer.alloc(7), "input byte size mismatch for input 'x': expected 8 bytes for FP32 [2], got 7"],
    ['BYTES', [1], Buffer.from([2, 0, 0, 0, 0x61]), 'only 1 are left'],
    ['BYTES', [2], Buffer.from([0, 0, 0, 0, 0, 0, 0]), 'cannot hold the 2 values'],
    ['BYTES', [1], Buffer.from([0, 0, 0, 0, 0]), '1 bytes are left after its 1 values'],
    ['BYTES', [1], Buffer.from([1, 0, 0, 0, 0xff]), 'value 0 is not UTF-8'],
    ['BYTES', [4_000_000_000], Buffer.alloc(8), 'cannot hold'],
  ] as const)('%s %j of other bytes is refused', (datatype, shape, bytes, why) => {
    expect(() => rawValues('x', datatype, shape, bytes)).toThrow(why);
  });

  it('never does anything but give the values or refuse them', () => {
    const anything = fc.tuple(
      fc.constantFrom(...(Object.keys(NUMERIC) as Datatype[]), 'BYTES' as const),
      fc.array(fc.integer({ min: 0, max: 2 ** 40 }), { maxLength: 4 }),
      fc.uint8Array({ maxLength: 64 }),
    );
    fc.assert(
      fc.property(anything, ([datatype, shape, bytes]) => {
        try {
          rawValues('x', datatype, shape, bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: 'OIP_ERR_INPUT' });
        }
      }),
      { numRuns: 2000 },
    );
  });
});
