import { describe, expect, it } from 'vitest';
import { didYouMean, nearest } from './did-you-mean.js';
import { bytes, count, duration, listenTarget } from './quantities.js';
import { textTable } from './text-table.js';

describe('quantities of a command line', () => {
  it.each([
    ['500ms', 500],
    ['10s', 10_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
  ])('%s is a duration', (text, ms) => expect(duration(text, '--poll')).toBe(ms));

  it.each(['10', '0s', '-1s', '1d', '', 'NaNs', '1e9s', '99999h'])('%j is none', (text) =>
    expect(() => duration(text, '--poll')).toThrow(/^--poll: .*write 500ms, 10s, 2m or 1h/),
  );

  it.each([
    ['1024', 1024],
    ['512MB', 512e6],
    ['8GiB', 8 * 2 ** 30],
    ['1.5 kb', 1500],
    ['7B', 7],
  ])('%s is a size', (text, size) => expect(bytes(text, '--max-bytes')).toBe(size));

  it.each(['', '0', '-1', '1TB', 'GB', '1e99', '9999999999999GB'])('%j is none', (text) =>
    expect(() => bytes(text, '--max-bytes')).toThrow(/^--max-bytes: /),
  );

  it.each([
    ['0', 0],
    ['65535', 65_535],
    ['off', false],
    ['./w.sock', './w.sock'],
    ['/run/w.sock', '/run/w.sock'],
  ])('%s is a place to listen at', (text, target) => expect(listenTarget(text, '--http')).toBe(target));

  it.each(['65536', '-1', 'http', '', '3000 '])('%j is none', (text) =>
    expect(() => listenTarget(text, '--http')).toThrow(/^--http: /),
  );

  it('are whole numbers within their bounds', () => {
    expect(count('128', '--max-models', 1000)).toBe(128);
    for (const text of ['0', '1001', '1.5', 'many', '1e3'])
      expect(() => count(text, '--max-models', 1000), text).toThrow(/from 1 to 1000/);
  });
});

describe('what was probably meant', () => {
  it.each([
    ['srve', 'serve'],
    ['SERVE', 'serve'],
    ['infre', 'infer'],
    ['model', 'models'],
  ])('%s: %s', (word, meant) => expect(nearest(word, ['serve', 'infer', 'models', 'proto'])).toBe(meant));

  it('is nothing where nothing is near', () => expect(didYouMean('launch', ['serve', 'infer', 'models'])).toBe(''));
});

describe('a table', () => {
  it('is aligned, and keeps a terminal safe from what a server says', () => {
    const table = textTable(
      ['A', 'LONG', 'C'],
      [
        ['1', 'x', '\u001b[31mred\n'],
        ['22', '', ''],
      ],
    );
    expect(table).toBe('A   LONG  C\n1   x     ?[31mred?\n22\n');
  });
});
