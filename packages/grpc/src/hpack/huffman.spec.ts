import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HpackError } from './hpack-error.js';
import { HUFFMAN_CODES } from './huffman-code.js';
import { decodeHuffman } from './huffman-decode.js';
import { encodeHuffman, huffmanLength } from './huffman-encode.spec.support.js';

const encode = (text: string): Buffer => {
  const out = Buffer.alloc(huffmanLength(text));
  expect(encodeHuffman(text, out, 0)).toBe(out.length);
  return out;
};

function decode(bytes: Buffer): string {
  const out = Buffer.alloc(bytes.length * 2);
  return out.toString('latin1', 0, decodeHuffman(bytes, 0, bytes.length, out));
}

describe("Huffman's code", () => {
  it.each([
    ['www.example.com', 'f1e3c2e5f23a6ba0ab90f4ff'],
    ['no-cache', 'a8eb10649cbf'],
    ['custom-key', '25a849e95ba97d7f'],
    ['Mon, 21 Oct 2013 20:13:21 GMT', 'd07abe941054d444a8200595040b8166e082a62d1bff'],
    ['https://www.example.com', '9d29ad171863c78f0b97c8e9ae82ae43d3'],
    [
      'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
      '94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
    ],
  ])("codes the RFC's example %s", (text, hex) => {
    expect(encode(text).toString('hex')).toBe(hex);
    expect(decode(Buffer.from(hex, 'hex'))).toBe(text);
  });

  it('has the first and the last codes of the RFC', () => {
    expect(HUFFMAN_CODES[0x30]).toEqual({ code: 0, bits: 5 });
    expect(HUFFMAN_CODES[0]).toEqual({ code: 0x1ff8, bits: 13 });
    expect(HUFFMAN_CODES[22]).toEqual({ code: 0x3ffffffe, bits: 30 });
    expect(HUFFMAN_CODES[256]).toEqual({ code: 0x3fffffff, bits: 30 });
  });

  it('gives back every byte, alone and among others', () => {
    for (let byte = 0; byte < 256; byte++) {
      const text = String.fromCharCode(byte);
      expect(decode(encode(text))).toBe(text);
      expect(decode(encode(`a${text}Z${text}`))).toBe(`a${text}Z${text}`);
    }
  });

  it('gives back any text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const text = Buffer.from(bytes).toString('latin1');
        expect(decode(encode(text))).toBe(text);
      }),
    );
  });

  it('reads any bytes as a text that is coded so, or refuses them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), (bytes) => {
        const input = Buffer.from(bytes);
        let text: string;
        try {
          text = decode(input);
        } catch (error) {
          expect(error).toBeInstanceOf(HpackError);
          return;
        }
        // The code is unique, padding included.
        expect(encode(text)).toEqual(input);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['a byte of nothing but padding', 'ff'],
    ['padding of 8 bits behind a code', '1fff'],
    ['padding of zeros', '18'],
    ['padding in which a code has begun', '07ffe0'],
    ['EOS', 'ffffffff'],
    ['EOS behind a code', '1fffffffff'],
    ['a code that is cut off', 'ffc0'],
  ])('refuses %s', (_what, hex) => {
    expect(() => decode(Buffer.from(hex, 'hex'))).toThrow(HpackError);
  });
});
