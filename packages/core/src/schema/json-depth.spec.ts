import { describe, expect, it } from 'vitest';
import { isHugeAndDeeper } from './json-depth.js';
import { jsonDecoderOf } from './json-decoder.js';
import { Schema } from './schema.decorator.js';

const decoder = jsonDecoderOf(Schema.dynamic({ columns: { x: 'f64' } }));

describe('a huge body', () => {
  it('that nests for megabytes is refused before it is parsed', () => {
    const brackets = '['.repeat(4_000_000);
    expect(() => decoder.decode(brackets + ']'.repeat(4_000_000))).toThrow(/nested deeper than 32 levels/);
    expect(() => decoder.decode(`[{"x":1,"deep":${brackets}`)).toThrow(/nested deeper than 32 levels/);
  });

  it('of flat rows is decoded, whatever brackets its strings hold', () => {
    const rows = Array.from({ length: 5000 }, (_, x) => ({ x, note: `[[[{{{"\\"${'['.repeat(40)}` }));
    expect(decoder.decode(JSON.stringify(rows)).frame.rows).toBe(5000);
  });

  it('is counted by its deepest place, not by how many brackets it has', () => {
    const wide = `[${'[1],'.repeat(50_000)}[1]]`;
    expect(isHugeAndDeeper(wide, 2)).toBe(false);
    expect(isHugeAndDeeper(wide, 1)).toBe(true);
    expect(isHugeAndDeeper('['.repeat(100), 32)).toBe(false);
  });
});
