import { WitanError } from '@witan/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTextFormat, type TextField, type TextValue } from './text-format.js';

/** The tree without places: messages as lists of [name, value]. */
function plain(fields: readonly TextField[]): unknown {
  const value = (given: TextValue): unknown => {
    if (given.kind === 'message') return plain(given.fields);
    if (given.kind === 'list') return { list: given.items.map(value) };
    return given.kind === 'number' ? given.value : given.kind === 'word' ? { word: given.text } : given.text;
  };
  return fields.map((field) => [field.name, value(field.value)]);
}

const parse = (text: string): unknown => plain(parseTextFormat(text, 'config.pbtxt'));

describe("protobuf's text format", () => {
  it.each([
    ['', []],
    ['# nothing\n  \t\r\n', []],
    ['a: 1', [['a', 1]]],
    [
      'a:1 b : 2;c:3,d: 4',
      [
        ['a', 1],
        ['b', 2],
        ['c', 3],
        ['d', 4],
      ],
    ],
    [
      'a { b: 1 } c: { d: 2 } e < f: 3 >',
      [
        ['a', [['b', 1]]],
        ['c', [['d', 2]]],
        ['e', [['f', 3]]],
      ],
    ],
    ['a {}', [['a', []]]],
    [
      'a: [ 1, -2 ,3 ] b: [] c [ { x: 1 }, < x: 2 > ]',
      [
        ['a', { list: [1, -2, 3] }],
        ['b', { list: [] }],
        ['c', { list: [[['x', 1]], [['x', 2]]] }],
      ],
    ],
    [
      'a: KIND_CPU b: true',
      [
        ['a', { word: 'KIND_CPU' }],
        ['b', { word: 'true' }],
      ],
    ],
    [
      'a: 0x1F b: 017 c: -0x10 d: 0',
      [
        ['a', 31],
        ['b', 15],
        ['c', -16],
        ['d', 0],
      ],
    ],
    [
      'a: 1.5 b: .5 c: 1e3 d: -2.5E-1f e: 3f g: 1.',
      [
        ['a', 1.5],
        ['b', 0.5],
        ['c', 1000],
        ['d', -0.25],
        ['e', 3],
        ['g', 1],
      ],
    ],
    [
      'a: -inf b: - 5',
      [
        ['a', -Infinity],
        ['b', -5],
      ],
    ],
    [`a: "x" 'y' # and\n "z"`, [['a', 'xyz']]],
    [
      `a: "it's" b: 'say "x"'`,
      [
        ['a', "it's"],
        ['b', 'say "x"'],
      ],
    ],
    [String.raw`a: "\n\t\\\"\'\101\x42\u00e9\U0001F600\?"`, [['a', '\n\t\\"\'ABé😀?']]],
    [
      String.raw`a: "\303\251" b: "\xc3" "\xa9"`,
      [
        ['a', 'é'],
        ['b', 'é'],
      ],
    ],
    ['a: "é😀"', [['a', 'é😀']]],
  ])('reads %j', (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  it.each([
    ['a: 1\nb: ', '2:4', /a value is expected, not the end of the file/],
    ['a 1', '1:3', /':' or '{' must follow a, not "1"/],
    ['a [1]', '1:4', /':' must stand between a and its value/],
    ['a: [1 2]', '1:7', /',' or ']' is expected/],
    ['a: [1,]', '1:7', /a value is expected, not "]"/],
    ['a: [[1]]', '1:5', /no lists in it/],
    ['a { b: 1', '1:9', /a field's name is expected, not the end/],
    ['a < b: 1 }', '1:10', /a field's name is expected/],
    ['}', '1:1', /a field's name is expected, not "}"/],
    ['a: "x\n"', '1:4', /the string does not end on its line/],
    ['a: "x', '1:4', /the string does not end/],
    [String.raw`a: "\q"`, '1:5', /an unknown escape/],
    [String.raw`a: "\777"`, '1:5', /above \\377/],
    [String.raw`a: "\ud800"`, '1:5', /no character/],
    [String.raw`a: "\xff"`, '1:4', /no UTF-8/],
    ['a: 12abc', '1:4', /goes on as a word/],
    ['a: 089', '1:4', /goes on as a word/],
    ['a: 01.5', '1:6', /a field's name/],
    ['a: -b', '1:4', /a number is expected after '-'/],
    ['[com.example.x]: 1', '1:1', /extensions and Any are not read: \[com\.example\.x\]/],
    ['a { [type.googleapis.com/m] { } }', '1:5', /extensions and Any/],
    ['1: 2', '1:1', /a field's name is expected/],
    ['a:: 1', '1:3', /a value is expected/],
    ['\0', '1:1', /a field's name/],
    ['a: {'.repeat(200), '1:404', /more than 100 levels/],
  ])('refuses %j at %s', (text, place, message) => {
    const read = (): unknown => parse(text);
    expect(read).toThrow(message);
    expect(read).toThrow(`config.pbtxt:${place}: `);
    expect(read).toThrow(expect.objectContaining({ code: 'INF_ERR_MODEL_CONFIG' }) as Error);
  });

  it('throws nothing but its own error, and ends, whatever it is given', () => {
    const piece = fc.oneof(
      fc.constantFrom(...'{}[]<>:;,-"\'\\\n#'),
      fc.constantFrom(
        ' ',
        'a',
        'name',
        'inf',
        '0x',
        '1.5',
        '-1',
        '09',
        '"a"',
        '\\x',
        '\\u00',
        '[a.b]',
        'true',
        '\ud800',
      ),
      fc.string({ unit: 'binary', maxLength: 5 }),
    );
    const text = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, (given) => {
        try {
          parseTextFormat(given, 'config.pbtxt');
        } catch (error) {
          expect(WitanError.is(error) && error.code).toBe('INF_ERR_MODEL_CONFIG');
        }
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    ['comments', '#\n'.repeat(500_000)],
    ['one number', `a: ${'1'.repeat(1_000_000)}`],
    ['zeros', `a: ${'0'.repeat(1_000_000)}9`],
    ['one string', `a: "${'x'.repeat(1_000_000)}"`],
    ['many strings', `a: ${'""'.repeat(300_000)}`],
    ['escapes', `a: "${String.raw`\x41`.repeat(250_000)}"`],
    ['fields', 'a:1 '.repeat(250_000)],
    ['open brackets', '['.repeat(1_000_000)],
  ])('takes a megabyte of %s in its stride', { timeout: 10_000 }, (_, text) => {
    try {
      parseTextFormat(text, 'config.pbtxt');
    } catch (error) {
      expect(WitanError.is(error) && error.code).toBe('INF_ERR_MODEL_CONFIG');
    }
  });
});
