import { frame, FrameType, PREFACE } from '@witan-libs/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConnectionError } from './connection-error.js';
import { type FrameHandler, FrameReader } from './frame-reader.js';

/** Everything that is told, with DATA put together. */
class Told implements FrameHandler {
  readonly heads: string[] = [];
  readonly frames: string[] = [];
  private data = '';
  private dataHead = '';
  private dataLeft = 0;

  onHead(type: number, flags: number, id: number, length: number): void {
    this.heads.push(`${type} ${flags} ${id} ${length}`);
  }
  onFrame(type: number, flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    this.frames.push(`${type} ${flags} ${id} ${bytes.toString('hex', start, end)}`);
  }
  onData(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    this.frames.push(`0 ${flags} ${id} ${bytes.toString('hex', start, end)}`);
  }
  onDataBegin(flags: number, id: number, length: number): void {
    this.dataHead = `0 ${flags} ${id} `;
    this.data = '';
    this.dataLeft = length;
  }
  onDataPiece(bytes: Buffer, start: number, end: number): void {
    expect(end).toBeGreaterThan(start);
    this.data += bytes.toString('hex', start, end);
    this.dataLeft -= end - start;
  }
  onDataEnd(): void {
    expect(this.dataLeft).toBe(0);
    this.frames.push(this.dataHead + this.data);
  }
}

const anyFrame = fc.record({
  type: fc.oneof(fc.constant(FrameType.DATA), fc.integer({ min: 0, max: 12 })),
  flags: fc.nat(255),
  id: fc.nat(0x7fff_ffff),
  payload: fc.uint8Array({ maxLength: 60 }),
});

/** What is kept of a chunk must be copied: the next read overwrites it. */
function push(reader: FrameReader, chunk: Buffer): void {
  // A chunk may be longer than what was read.
  const bytes = Buffer.concat([chunk, Buffer.alloc(16, 0x55)]);
  reader.push(bytes, chunk.length);
  bytes.fill(0xaa);
}

describe('any chunking of the same bytes', () => {
  it('tells of the same frames', () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { maxLength: 12 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 40 })),
        (list, sizes) => {
          const all = Buffer.concat([
            PREFACE,
            ...list.map(({ type, flags, id, payload }) => frame(type, flags, id, payload)),
          ]);
          const told = new Told();
          const reader = new FrameReader(told);
          for (let at = 0; at < all.length;) {
            const end = Math.min(all.length, at + sizes.next().value!);
            push(reader, all.subarray(at, end));
            at = end;
          }
          const texts = list.map(
            ({ type, flags, id, payload }) => `${type} ${flags} ${id} ${Buffer.from(payload).toString('hex')}`,
          );
          expect(told.frames).toEqual(texts);
          expect(told.heads.length).toBe(list.length);
          expect(reader.midFrame).toBe(false);
        },
      ),
      { numRuns: 500 },
    );
  });
});

it('the highest bit of a stream is passed over', () => {
  const told = new Told();
  const bytes = frame(FrameType.PING, 0, 5, Buffer.alloc(8));
  bytes[5]! |= 0x80;
  push(new FrameReader(told), Buffer.concat([PREFACE, bytes]));
  expect(told.heads).toEqual(['6 0 5 8']);
});

it('a frame that is too large is refused by its head, in one chunk or in two', () => {
  const head = Buffer.from([0, 0x40, 1, 0, 0, 0, 0, 0, 1]);
  expect(() => push(new FrameReader(new Told()), Buffer.concat([PREFACE, head]))).toThrow(ConnectionError);
  const reader = new FrameReader(new Told());
  push(reader, Buffer.concat([PREFACE, head.subarray(0, 4)]));
  expect(() => push(reader, head.subarray(4))).toThrow(ConnectionError);
});

it('a wrong preface is refused at its first wrong byte', () => {
  const reader = new FrameReader(new Told());
  push(reader, Buffer.from('PRI '));
  push(reader, Buffer.from('* HTT'));
  expect(reader.prefaceSeen).toBe(false);
  expect(() => push(reader, Buffer.from('p'))).toThrow(ConnectionError);
});
