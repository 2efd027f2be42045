import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteTable } from './byte-table.js';

function viewOf(text: string, before = 0): DataView {
  const bytes = Buffer.concat([Buffer.alloc(before, 0x41), Buffer.from(text), Buffer.from('after')]);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

describe('ByteTable', () => {
  it('finds exactly the names that it was given, wherever they lie', () => {
    const name = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.string({ maxLength: 3 }));
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 60 }), name, fc.nat(9), (names, other, before) => {
        const table = new ByteTable(names);
        for (const text of [...names, other]) {
          const end = before + Buffer.byteLength(text);
          const found = names.indexOf(text);
          expect(table.find(viewOf(text, before), before, end)).toBe(found);
          names.forEach((_, i) => expect(table.is(i, viewOf(text, before), before, end)).toBe(i === found));
        }
      }),
    );
  });

  it('is not taken in by a name that goes on, or is cut short', () => {
    const table = new ByteTable(['abcdef', 'ab', '']);
    const view = viewOf('abcdefg');
    expect([0, 1, 2, 3, 5, 6, 7].map((end) => table.find(view, 0, end))).toEqual([2, -1, 1, -1, -1, 0, -1]);
  });

  it('reads nothing outside of its bounds', () => {
    const bytes = Buffer.from('abc');
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    expect(new ByteTable(['abc']).find(view, 0, 3)).toBe(0);
  });
});
