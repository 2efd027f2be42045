import { describe, expect, it } from 'vitest';
import { isHugeAndDeeper, isHugeAndLonger } from './json-depth.js';
import { Frame } from '../frame/frame.js';
import { conformFrame } from './conform.js';
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

  it('of too many rows is refused before it is parsed, in each form', () => {
    const rows = `[${'{},'.repeat(1_000_000)}`;
    const refused = expect.objectContaining({ code: 'CORE_ERR_ROWS_LIMIT' });
    expect(() => decoder.decode(`${rows}{}]`)).toThrow(refused);
    expect(() => decoder.decode(`{"records":${rows}`)).toThrow(refused);
    const cells = '1,'.repeat(40_000);
    expect(isHugeAndLonger(`[{"v":[${cells}1],"w":[${cells}1]},{"s":",,,,,"}]`, 2)).toBe(false);
    expect(isHugeAndLonger(`{"columns":{"a":[${cells}1],"b":[${cells}1]}}`, 2)).toBe(false);
    expect(isHugeAndLonger(` {"a":[${cells}1]}`, 40_000)).toBe(true);
    expect(isHugeAndLonger(` {"a":[${cells}1]}`, 40_001)).toBe(false);
  });

  it('that a record holds as text is refused as well', () => {
    expect(() => decoder.decode(JSON.stringify(['['.repeat(100_000)]))).toThrow(/nested deeper than 32 levels/);
  });

  it('is counted by its deepest place, not by how many brackets it has', () => {
    const wide = `[${'[1],'.repeat(50_000)}[1]]`;
    expect(isHugeAndDeeper(wide, 2)).toBe(false);
    expect(isHugeAndDeeper(wide, 1)).toBe(true);
    expect(isHugeAndDeeper('['.repeat(100), 32)).toBe(false);
  });
});

describe('a small body that stands for much memory', () => {
  const nullable = Schema.dynamic({
    columns: {
      x: 'u8',
      fixed: { dtype: 'f64', shape: [1000], nullable: true },
      open: { dtype: 'f64', shape: [null], nullable: true },
    },
  });
  const refused = expect.objectContaining({ code: 'CORE_ERR_ROWS_LIMIT', message: expect.stringContaining('bytes') });
  const rows = (count: number): string => '{"x":1},'.repeat(count - 1);

  it('is refused before the memory is taken', () => {
    const limits = { maxDecodedBytes: 1_000_000 };
    expect(() => jsonDecoderOf(nullable).decode(`[${rows(200)}{"x":1}]`, limits)).toThrow(refused);
    const open = `[${rows(100)}{"x":1,"open":[${'1,'.repeat(1000)}1]}]`;
    expect(() => jsonDecoderOf(nullable).decode(open, limits)).toThrow(refused);
    expect(jsonDecoderOf(nullable).decode(open, { maxDecodedBytes: 2_000_000 }).frame.rows).toBe(100);
  });

  it('is refused as Arrow too, where columns are absent', () => {
    const frame = Frame.fromColumns({ x: new Uint8Array(200) });
    expect(() => conformFrame(nullable, frame, { maxDecodedBytes: 1_000_000 })).toThrow(refused);
    expect(conformFrame(nullable, frame, { maxDecodedBytes: 2_000_000 }).rows).toBe(200);
  });
});
