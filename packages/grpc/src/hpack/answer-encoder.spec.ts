import { HpackReader } from '@witan-libs/testing';
import { describe, expect, it } from 'vitest';
import { AnswerEncoder, literalBytes, REPEATED } from './answer-encoder.js';

function block(write: (out: Buffer) => number): Buffer {
  const out = Buffer.alloc(4096);
  return out.subarray(0, write(out));
}

const OK = [
  [':status', '200'],
  ['content-type', 'application/grpc'],
];

describe('blocks of answers', () => {
  it('name a repeated field once, and refer to it from then on', () => {
    const encoder = new AnswerEncoder();
    const reader = new HpackReader();
    const head = (): Buffer => block((out) => encoder.repeated(REPEATED.contentType, out, encoder.ok(out, 0)));
    const trailer = (): Buffer => block((out) => encoder.repeated(REPEATED.statusOk, out, encoder.begin(out, 0)));
    const proto = (): Buffer => block((out) => encoder.repeated(REPEATED.contentTypeProto, out, encoder.ok(out, 0)));
    expect(reader.read(head())).toEqual(OK);
    expect(reader.read(trailer())).toEqual([['grpc-status', '0']]);
    expect(reader.read(proto())).toEqual([
      [':status', '200'],
      ['content-type', 'application/grpc+proto'],
    ]);
    const again = head();
    expect(again.length).toBe(2);
    expect(reader.read(again)).toEqual(OK);
    expect(reader.read(trailer())).toEqual([['grpc-status', '0']]);
    expect(proto().length).toBe(2);
  });

  it('leave a smaller table alone, and say so once', () => {
    const encoder = new AnswerEncoder();
    const reader = new HpackReader();
    const head = (): Buffer => block((out) => encoder.repeated(REPEATED.contentType, out, encoder.ok(out, 0)));
    reader.read(head());
    encoder.setTableSize(8192);
    expect(reader.read(head())).toEqual(OK);
    encoder.setTableSize(100);
    encoder.setTableSize(0);
    const first = head();
    expect(first[0]).toBe(0x20);
    expect(reader.read(first)).toEqual(OK);
    const second = head();
    expect(second[0]).toBe(0x88);
    expect(reader.read(second)).toEqual(OK);
    encoder.setTableSize(4096);
    expect(reader.read(head())).toEqual(OK);
  });

  it('carry literals of any length, within what is reckoned for them', () => {
    const reader = new HpackReader();
    for (const length of [0, 1, 14, 15, 126, 127, 128, 300]) {
      for (const name of ['x-own', 'location', 'n'.repeat(200)]) {
        const value = 'v'.repeat(length);
        const bytes = block((out) => new AnswerEncoder().literal(name, value, out, 0));
        expect(reader.read(bytes)).toEqual([[name, value]]);
        expect(bytes.length).toBeLessThanOrEqual(literalBytes(name, value));
      }
    }
  });
});
