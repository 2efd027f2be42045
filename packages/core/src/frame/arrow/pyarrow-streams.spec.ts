import { describe, expect, it } from 'vitest';

import { encodeJsonColumns } from '../json/encode.js';
import { registerArrowCodec } from './compression.js';
import { DELTA_STREAM, LZ4_STREAM, VIEW_STREAM, ZSTD_STREAM } from './pyarrow-streams.spec.data.js';
import { ArrowStreamReader, decodeArrowStream } from './read-stream.js';

const expected = {
  n: Array.from({ length: 200 }, (_, i) => Math.floor(i / 8)),
  s: Array.from({ length: 200 }, (_, i) => (i % 50 === 0 ? null : 'abcdefgh'.repeat(i % 3))),
};

describe('streams of pyarrow', () => {
  it('are read when compressed by LZ4', () => {
    expect(JSON.parse(encodeJsonColumns(decodeArrowStream(LZ4_STREAM())))).toEqual(expected);
  });

  it('are read when compressed by ZSTD', () => {
    expect(JSON.parse(encodeJsonColumns(decodeArrowStream(ZSTD_STREAM())))).toEqual(expected);
  });

  it('say so when a codec gives another size than the stream claims', () => {
    registerArrowCodec('zstd', () => new Uint8Array(3));
    expect(() => decodeArrowStream(ZSTD_STREAM())).toThrow(/holds 3 bytes and claims/);
    registerArrowCodec('zstd', () => {
      throw new RangeError('no');
    });
    expect(() => decodeArrowStream(ZSTD_STREAM())).toThrow(expect.objectContaining({ code: 'CORE_ERR_ARROW_CODEC' }));
  });

  it('may extend and replace dictionaries', () => {
    expect(decodeArrowStream(DELTA_STREAM()).column('d').toArray()).toEqual(['a', 'b', 'c', 'a', 'z', null]);
    const parts = new ArrowStreamReader().push(DELTA_STREAM());
    expect(parts.map((frame) => frame.column('d').toArray())).toEqual([
      ['a', 'b'],
      ['c', 'a'],
      ['z', null],
    ]);
    expect(parts[0]!.column('d').data).toMatchObject({ values: ['a', 'b'] });
  });

  it('may use the view layout', () => {
    expect(decodeArrowStream(VIEW_STREAM()).records()).toEqual(
      [
        { v: 'short', b: Buffer.from('x') },
        { v: 'a string longer than twelve bytes', b: null },
        { v: null, b: Buffer.from('0123456789abcdef') },
        { v: 'ü', b: Buffer.from('') },
      ].map(({ v, b }) => ({ v, b: b && new Uint8Array(b) })),
    );
  });
});
