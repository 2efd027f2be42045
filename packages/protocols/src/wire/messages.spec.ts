import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { decodeMessage } from './decode-message.js';
import { encodeMessage } from './encode-message.js';
import { bytes, choice, double, flag, list, map, member, message, text, whole } from './message-table.js';

const INNER = { label: text(1), many: list(text(2)), a: member(whole(3)), b: member(message(4, {})) };
const TABLE = {
  name: text(1),
  raw: bytes(2),
  on: flag(3),
  count: whole(4),
  ratio: double(5),
  kind: choice(6, ['NONE', 'SOME', 'ALL']),
  inner: message(7, INNER),
  by: map(8, message(2, INNER)),
  far: text(200),
};
const PROTO = `syntax = "proto3";
enum Kind { NONE = 0; SOME = 1; ALL = 2; }
message Inner { string label = 1; repeated string many = 2; oneof x { int64 a = 3; Nothing b = 4; } }
message Nothing {}
message M { string name = 1; bytes raw = 2; bool on = 3; int64 count = 4; double ratio = 5; Kind kind = 6; Inner inner = 7;
  map<string, Inner> by = 8; string far = 200; repeated int64 dims = 9; }`;
const TYPE = protobuf.parse(PROTO, { keepCase: true }).root.lookupType('M');
const malformed = (what: string, at: number): Error => new RangeError(`${what} at ${at}`);

const word = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ minLength: 100, maxLength: 200 }),
  fc.constantFrom('__proto__', 'x'),
);
const inner = fc.record(
  { label: word, many: fc.array(word, { maxLength: 3 }), a: fc.maxSafeInteger() },
  { requiredKeys: ['many'] },
);
const whole64 = fc.oneof(fc.maxSafeInteger(), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.constant(0));
const anything = fc.record(
  {
    name: word,
    raw: fc.uint8Array({ maxLength: 300 }),
    on: fc.boolean(),
    count: whole64,
    ratio: fc.double(),
    kind: fc.constantFrom('NONE', 'SOME', 'ALL'),
    inner,
    by: fc.dictionary(word, inner, { maxKeys: 3 }),
    far: word,
  },
  { requiredKeys: [] },
);

/** As protobufjs shows it. */
function plain(bytesOf: Uint8Array): object {
  return TYPE.toObject(TYPE.decode(bytesOf), { longs: String, enums: String, bytes: Array });
}

describe('small messages by tables', () => {
  it('are what protobufjs makes of the same values', () => {
    fc.assert(
      fc.property(anything, (value) => {
        const count = value.count === undefined ? {} : { count: String(value.count) };
        const theirs = TYPE.encode(TYPE.fromObject({ ...value, ...count })).finish();
        expect(plain(encodeMessage(TABLE, value))).toEqual(plain(Uint8Array.from(theirs)));
      }),
      { numRuns: 300 },
    );
  });

  it('are read as they were written', () => {
    fc.assert(
      fc.property(anything, (value) => {
        const written = encodeMessage(TABLE, value);
        expect(encodeMessage(TABLE, decodeMessage(TABLE, written, malformed))).toEqual(written);
      }),
      { numRuns: 300 },
    );
  });

  it('may have fields that are unknown, or of another type than their number says', () => {
    const message = Buffer.concat([
      Buffer.from([0x4a, 2, 1, 2, 0x53, 0x08, 1, 0x54, 0x0d, 1, 2, 3, 4]),
      encodeMessage(TABLE, { name: 'x' }),
    ]);
    expect(decodeMessage(TABLE, message, malformed)).toEqual({ name: 'x' });
  });

  it('later values take the place of earlier ones, nested messages are joined, one member of a oneof is left', () => {
    const parts = [
      { name: 'a', inner: { label: 'one', many: ['p'], a: 5 } },
      { name: 'b', inner: { many: ['q'], b: {} } },
    ];
    const both = Buffer.concat(parts.map((part) => encodeMessage(TABLE, part)));
    expect(decodeMessage(TABLE, both, malformed)).toEqual({
      name: 'b',
      inner: { label: 'one', many: ['p', 'q'], b: {} },
    });
  });

  it('an entry of a map may lack its key or its value', () => {
    const message = Buffer.from([0x42, 0, 0x42, 3, 0x0a, 1, 0x6b]);
    const { by } = decodeMessage(TABLE, message, malformed);
    expect({ ...(by as object) }).toEqual({ '': {}, k: {} });
  });

  it('are refused where they are cut short, or have entries without end', () => {
    const whole = encodeMessage(TABLE, { name: 'abc', inner: { label: 'x'.repeat(200), many: ['y'] } });
    for (let length = 1; length < whole.length; length++) {
      if (length === 5) continue; // where the first field ends
      expect(() => decodeMessage(TABLE, whole.subarray(0, length), malformed)).toThrow(RangeError);
    }
    const many = Buffer.concat(Array.from({ length: 10_001 }, () => Buffer.from([0x42, 0])));
    expect(() => decodeMessage(TABLE, many, malformed)).toThrow('more than 10000 entries');
    expect(() => decodeMessage(TABLE, Buffer.from([0x0a, 1, 0xff]), malformed)).toThrow('not UTF-8');
  });

  it('change nothing beside them, however they are damaged', () => {
    fc.assert(
      fc.property(anything, fc.nat(), fc.nat(255), (value, where, byte) => {
        const damaged = encodeMessage(TABLE, value);
        if (damaged.length > 0) damaged[where % damaged.length] = byte;
        try {
          decodeMessage(TABLE, damaged, malformed);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
