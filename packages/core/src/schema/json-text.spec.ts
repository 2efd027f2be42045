import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WitanError } from '../errors/witan-error.js';
import { jsonDecoderOf } from './json-decoder.js';
import { jsonErrorPosition } from './json-error.js';
import { BIG_NUMBER_MARK, parseJson, quoteBigIntegers } from './json-text.js';
import { Schema } from './schema.decorator.js';

const MIXED = Schema.dynamic({
  name: 'Mixed',
  columns: {
    id: 'i64',
    big: { dtype: 'u64', nullable: true },
    x: { dtype: 'f64', nullable: true },
    t: { dtype: 'utf8', nullable: true },
    v: { dtype: 'f32', shape: [2], nullable: true },
    l: { dtype: 'list<i64>', nullable: true },
  },
});
const decoder = jsonDecoderOf(MIXED);
const SPACES = fc.constantFrom('', ' ', '\n\t ');
const I64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const U64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
// Text that looks like numbers, quotes and escapes.
const TRICKY = fc.oneof(
  fc.constantFrom(
    '12345678901234567890',
    '"',
    '\\',
    '\\"12345678901234567890',
    ':12345678901234567890,',
    '\\\\"',
    '[9007199254740993]',
  ),
  fc
    .array(fc.constantFrom('"', '\\', '1234567890123456', ':', ',', '{', '}', 'é', '😀', '-'), { maxLength: 8 })
    .map((parts) => parts.join('')),
);

describe('64-bit integers in JSON', () => {
  it('are exact among any text, spacing and neighbours', () => {
    const row = fc.record({
      id: I64,
      big: U64,
      x: fc.double({ noNaN: true, noDefaultInfinity: true }),
      t: TRICKY,
      l: fc.array(I64, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 4 }), SPACES, fc.boolean(), (rows, s, asText) => {
        const text = rows.map(({ id, big, x, t, l }) => {
          const record = `{${s}"t"${s}:${JSON.stringify(t)},"id":${s}${id}${s},"big":${big},"x":${JSON.stringify(x)},"l":[${s}${l.join(`${s},${s}`)}${s}],${JSON.stringify(`k${t}`)}:${big}}`;
          return asText ? JSON.stringify(record) : record;
        });
        const { frame } = decoder.decode(Buffer.from(`[${text.join(',')}]`));
        rows.forEach(({ id, big, x, t, l }, i) => {
          const seen = frame.records()[i]! as Record<string, unknown>;
          expect([seen.id, seen.big, seen.t, Array.from(seen.l as BigInt64Array)]).toEqual([id, big, t, l]);
          expect(seen.x === x || (x === 0 && seen.x === 0)).toBe(true);
        });
      }),
      { numRuns: 300 },
    );
  });

  it('leave everything else as JSON.parse has it', () => {
    const unmark = (value: unknown): unknown => {
      if (typeof value === 'string' && value[0] === BIG_NUMBER_MARK) return Number(value.slice(1));
      if (Array.isArray(value)) return value.map(unmark);
      return typeof value === 'object' && value !== null
        ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, unmark(v)]))
        : value;
    };
    const plain = (value: unknown): boolean =>
      !JSON.stringify(value).includes('\\udfff') && !JSON.stringify(value).includes('__proto__');
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false } as never).filter(plain), fc.nat(3), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(unmark(parseJson(text, true))).toEqual(JSON.parse(text));
      }),
      { numRuns: 300 },
    );
  });

  it('never make invalid JSON valid', () => {
    const parts = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"',
      '\\',
      '12345678901234567',
      '0',
      '-',
      '.',
      'e',
      ' ',
      'true',
      '"a"',
    );
    const valid = (text: string): boolean => {
      try {
        JSON.parse(text);
        return true;
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 12 }), (tokens) => {
        const text = tokens.join('');
        expect(valid(quoteBigIntegers(text))).toBe(valid(text));
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    '{12345678901234567:1}',
    '{12345678901234567 :1}',
    '[012345678901234567]',
    '[-012345678901234567]',
    '[12345678901234567.]',
    '[12345678901234567',
  ])('refuse %s as JSON does', (text) => {
    expect(() => parseJson(text, true)).toThrow(/not JSON/);
  });
});

describe('jsonErrorPosition', () => {
  it('is where every longer text is invalid and the text before could go on', () => {
    const parts = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"a"',
      '"',
      '\\',
      '\\u00',
      '1',
      '-',
      '0',
      '.5',
      'e9',
      ' ',
      'true',
      'nul',
      '\n',
      'é',
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 10 }), (tokens) => {
        const text = tokens.join('');
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        const position = jsonErrorPosition(text);
        expect(position).toBeLessThanOrEqual(text.length);
        if (valid) expect(position).toBe(text.length);
      }),
      { numRuns: 2000 },
    );
  });

  it.each<[string, number]>([
    ['[1,]', 3],
    ['{"a" 1}', 5],
    ['{"a":1,}', 7],
    ['[1 2]', 3],
    ['["a\nb"]', 3],
    ['["\\x"]', 2],
    ['', 0],
    ['[01]', 2],
    ['tru', 0],
    ['[1]x', 3],
  ])('of %j is %i', (text, position) => {
    expect(jsonErrorPosition(text)).toBe(position);
  });
});

describe('the decoder under mutated input', () => {
  const SEEDS = [
    '[{"id":9007199254740993,"big":18446744073709551615,"x":1.5,"t":"a\\u00e9","v":[1,2],"l":[1,2]}]',
    '{"records":[{"id":1},{"id":"2","t":"\\ud83d\\ude00"}]}',
    '{"columns":{"id":[1,2],"x":[null,"NaN"],"v":[[1,2],null],"l":[[],[9223372036854775807]]}}',
    '["{\\"id\\":9007199254740993}"]',
  ];
  const MUTATION = fc.record({
    at: fc.nat(120),
    remove: fc.nat(6),
    insert: fc.oneof(
      fc.string({ maxLength: 4 }),
      fc.constantFrom('9'.repeat(20), '[', '{', '"', '\\u', '\\ud800', 'null', '-', '1e999', '__proto__'),
    ),
  });

  it('gives a Frame or a WitanError that is not INTERNAL, never anything else', () => {
    fc.assert(
      fc.property(fc.constantFrom(...SEEDS), fc.array(MUTATION, { maxLength: 4 }), (seed, mutations) => {
        let text = seed;
        for (const { at, remove, insert } of mutations) text = text.slice(0, at) + insert + text.slice(at + remove);
        for (const body of [Buffer.from(text), text]) expectFrameOrFault(body);
      }),
      { numRuns: 2000 },
    );
  });

  it('survives any bytes and any JSON', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => expectFrameOrFault(bytes)),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.jsonValue(), (value) => expectFrameOrFault(JSON.stringify([value]))),
      { numRuns: 500 },
    );
  });

  function expectFrameOrFault(body: Uint8Array | string): void {
    try {
      const { frame } = decoder.decode(body);
      expect(frame.names).toEqual(MIXED.columns.map(({ name }) => name));
      frame.records();
    } catch (error) {
      if (!WitanError.is(error)) throw error;
      expect(error.category).toBe('INVALID_ARGUMENT');
      expect(error.message.length).toBeLessThan(1000);
      for (const { value } of (error.details?.violations ?? []) as { value: string }[])
        expect(value.length).toBeLessThanOrEqual(64);
    }
  }
});
