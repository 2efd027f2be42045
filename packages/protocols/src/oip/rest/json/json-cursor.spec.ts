import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonCursor } from './json-cursor.js';

const parses = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};
const passes = (text: string): boolean => {
  try {
    const cursor = new JsonCursor(Buffer.from(text));
    cursor.pass();
    cursor.end();
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'OIP_ERR_REQUEST' });
    return false;
  }
};

describe('JsonCursor', () => {
  it('steps over what JSON.parse takes, and over nothing else', () => {
    const nearlyJson = fc
      .tuple(
        fc.json({ maxDepth: 4 }),
        fc.nat(),
        fc.constantFrom('', ',', '}', ']', '"', '\\', '0', '-', '.', 'e', ' ', '\u0001'),
      )
      .map(([text, place, inserted]) => {
        const at = place % (text.length + 1);
        return text.slice(0, at) + inserted + text.slice(at + (place % 2));
      });
    fc.assert(
      fc.property(fc.oneof(fc.json(), nearlyJson), (text) => {
        fc.pre((text as unknown as { isWellFormed(): boolean }).isWellFormed());
        expect(passes(text)).toBe(parses(text));
      }),
      { numRuns: 3000 },
    );
  });

  it('reads strings as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(new JsonCursor(Buffer.from(JSON.stringify(text))).string()).toBe(text);
      }),
    );
  });

  it('refuses nesting without end, at once and without a stack overflow', () => {
    expect(passes('['.repeat(1_000_000))).toBe(false);
    expect(passes('{"a":'.repeat(100_000))).toBe(false);
    expect(passes('['.repeat(32) + ']'.repeat(32))).toBe(true);
  });

  it('skips a byte order mark, and refuses what is not UTF-8', () => {
    expect(passes('\ufeff{}')).toBe(true);
    expect(() => new JsonCursor(Buffer.from([0x22, 0xff, 0x22]))).toThrow('not valid UTF-8');
  });
});
