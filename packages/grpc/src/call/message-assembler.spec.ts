import { grpcMessage } from '@witan-libs/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MessageAssembler, type MessageSink } from './message-assembler.js';

class Seen implements MessageSink {
  readonly messages: [boolean, string][] = [];
  readonly wrong: [number, string][] = [];
  onMessage(compressed: boolean, message: Buffer): void {
    this.messages.push([compressed, message.toString('latin1')]);
  }
  onBadMessage(code: number, text: string): void {
    this.wrong.push([code, text]);
  }
}

describe('messages in any pieces', () => {
  it('are the same as in one', () => {
    const messages = fc.array(fc.record({ bytes: fc.uint8Array({ maxLength: 9000 }), compressed: fc.nat(1) }), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(messages, fc.infiniteStream(fc.integer({ min: 1, max: 7000 })), (list, sizes) => {
        const all = Buffer.concat(list.map(({ bytes, compressed }) => grpcMessage(bytes, compressed)));
        const seen = new Seen();
        const assembler = new MessageAssembler(10_000, seen);
        for (let at = 0; at < all.length;) {
          const end = Math.min(all.length, at + sizes.next().value!);
          assembler.push(all, at, end);
          at = end;
        }
        expect(seen.messages).toEqual(
          list.map(({ bytes, compressed }) => [compressed === 1, Buffer.from(bytes).toString('latin1')]),
        );
        expect(assembler.midMessage).toBe(false);
      }),
    );
  });

  it('are not kept by the chunks they came in', () => {
    const messages: Buffer[] = [];
    const assembler = new MessageAssembler(100, {
      onMessage: (_, message) => messages.push(message),
      onBadMessage: () => undefined,
    });
    const chunk = Buffer.concat([grpcMessage(Buffer.from('abc')), grpcMessage(Buffer.alloc(0))]);
    assembler.push(chunk, 0, chunk.length);
    chunk.fill(0);
    expect(messages.map(String)).toEqual(['abc', '']);
  });

  it('say what they lack', () => {
    const assembler = new MessageAssembler(100, new Seen());
    const bytes = grpcMessage(Buffer.alloc(50));
    expect([assembler.lacking, assembler.midMessage]).toEqual([0, false]);
    assembler.push(bytes, 0, 3);
    expect([assembler.lacking, assembler.midMessage]).toEqual([0, true]);
    assembler.push(bytes, 3, 15);
    expect([assembler.lacking, assembler.midMessage]).toEqual([40, true]);
  });

  it('cost no memory for a length that is only stated', () => {
    const assembler = new MessageAssembler(2 ** 31, new Seen());
    const bytes = Buffer.from([0, 0x40, 0, 0, 0, 1]);
    const before = process.memoryUsage().arrayBuffers;
    assembler.push(bytes, 0, bytes.length);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  });
});

it.each([
  ['flags that are not known', Buffer.from([2, 0, 0, 0, 0]), 13],
  ['a message beyond the limit', Buffer.from([0, 0, 0, 0, 101]), 8],
  ['the largest length there is', Buffer.from([0, 255, 255, 255, 255]), 8],
])('%s end it, and nothing more is read', (_what, bytes, code) => {
  const seen = new Seen();
  const assembler = new MessageAssembler(100, seen);
  assembler.push(bytes, 0, bytes.length);
  assembler.push(grpcMessage(Buffer.alloc(1)), 0, 6);
  expect(seen.wrong.map(([first]) => first)).toEqual([code]);
  expect(seen.messages).toEqual([]);
});
