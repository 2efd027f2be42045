import { describe, expect, it } from 'vitest';
import { ProtoWriter } from './proto-writer.js';

const WRITES: readonly (readonly [string, (w: ProtoWriter) => void])[] = [
  ['a short varint', (w) => w.uint32(5)],
  ['a long varint', (w) => w.uint32(300_000)],
  ['a 64-bit varint', (w) => w.varint64(-1, -1)],
  ['a float', (w) => w.float(1.5)],
  ['a double', (w) => w.double(-2.5)],
  ['short text', (w) => w.string('abc')],
  ['long text', (w) => w.string('ä'.repeat(40))],
  ['bytes', (w) => w.raw(Uint8Array.of(1, 2, 3, 4, 5, 6, 7))],
];

function written(write: (w: ProtoWriter) => void): Buffer {
  const writer = new ProtoWriter();
  write(writer);
  return Buffer.from(writer.finish());
}

describe('a message larger than the scratch buffer', () => {
  it.each(WRITES)('is whole wherever it outgrows the buffer, at %s too', (_, write) => {
    const one = written(write);
    // The buffer's first size, and so the write at which it grows, is the writer's own affair: every offset is tried.
    for (let before = 0; before < one.length; before++) {
      const count = Math.ceil(150_000 / one.length);
      const seen = written((w) => {
        w.raw(new Uint8Array(before));
        for (let i = 0; i < count; i++) write(w);
      });
      const expected = Buffer.alloc(count * one.length + before);
      expected.fill(one, 0, count * one.length);
      expect(seen.equals(expected)).toBe(true);
    }
  });
});
