import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Datatype } from '../../infer-types.js';
import { JsonCursor } from './json-cursor.js';
import { jsonValues } from './tensor-data.js';

const read = (datatype: Datatype, shape: readonly number[], text: string): ArrayLike<unknown> => {
  const cursor = new JsonCursor(Buffer.from(text));
  const values = jsonValues(cursor, 'x', datatype, shape);
  cursor.end();
  return values;
};
const refusal = (datatype: Datatype, shape: readonly number[], text: string): string => {
  try {
    read(datatype, shape, text);
  } catch (error) {
    expect(error).toMatchObject({ category: 'INVALID_ARGUMENT' });
    return (error as Error).message;
  }
  return 'not refused';
};

/** A number's text in many ways of writing it. */
const numberText = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.oneof(fc.constant('0'), fc.stringMatching(/^[1-9]\d{0,24}$/)),
    fc.oneof(fc.constant(''), fc.stringMatching(/^\.\d{1,30}$/)),
    fc.oneof({ weight: 3, arbitrary: fc.constant('') }, fc.stringMatching(/^[eE][+-]?\d{1,2}$/)),
  )
  .map((parts) => parts.join(''));
const space = fc.constantFrom('', ' ', '\n', '\t \r');

describe('floats in JSON', () => {
  it('are what JSON.parse gives, rounded to FP32 once more, however they are written', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(space, numberText, space), { maxLength: 8 }), (parts) => {
        const text = `[${parts.map((each) => each.join('')).join(',')}]`;
        const expected = JSON.parse(text) as number[];
        expect([...(read('FP64', [parts.length], text) as Float64Array)]).toEqual(expected);
        if (expected.every((value) => Math.abs(value) < 3e38))
          expect(read('FP32', [parts.length], text)).toEqual(Float32Array.from(expected));
      }),
      { numRuns: 2000 },
    );
  });

  it('are exact for every double and every float32, as programs print them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true, noDefaultInfinity: true })),
        fc.array(fc.float({ noNaN: true, noDefaultInfinity: true })),
        (doubles, floats) => {
          expect(read('FP64', [doubles.length], JSON.stringify(doubles))).toEqual(
            Float64Array.from(JSON.parse(JSON.stringify(doubles)) as number[]),
          );
          expect(read('FP32', [floats.length], JSON.stringify(floats))).toEqual(
            Float32Array.from(JSON.parse(JSON.stringify(floats)) as number[]),
          );
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('next to the middle between two float32 go to the side that JSON.parse chooses', () => {
    fc.assert(
      fc.property(
        fc.float({ min: Math.fround(1e-20), max: Math.fround(1e18), noNaN: true }),
        fc.integer({ min: -3, max: 3 }),
        (value, steps) => {
          const bits = new Uint32Array(Float32Array.of(value).buffer);
          bits[0]!++;
          const middle = (value + new Float32Array(bits.buffer)[0]!) / 2;
          const near = new BigUint64Array(Float64Array.of(middle).buffer);
          near[0]! += BigInt(steps);
          const text = new Float64Array(near.buffer)[0]!.toPrecision(19);
          const plain = Number(text) === 0 ? '0' : text;
          expect(read('FP32', [1], `[${plain}]`)).toEqual(Float32Array.of(JSON.parse(plain) as number));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('may be NaN and infinities, as strings', () => {
    expect(read('FP32', [3], '["NaN", "Infinity","-Infinity"]')).toEqual(Float32Array.of(NaN, Infinity, -Infinity));
    expect(refusal('FP32', [1], '["1.5"]')).toContain('only "NaN"');
  });

  it('that no FP32 or FP64 holds are refused', () => {
    expect(refusal('FP32', [1], '[3.5e38]')).toContain('too large');
    expect(refusal('FP64', [1], '[1e400]')).toContain('too large');
  });
});

describe('integers in JSON', () => {
  it.each([
    ['INT64', -(2n ** 63n), 2n ** 63n - 1n],
    ['UINT64', 0n, 2n ** 64n - 1n],
  ] as const)('%s keeps every digit', (datatype, min, max) => {
    const edges = [min, max, 0n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 10n ** 15n, 2n ** 32n].map(fc.constant);
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.bigInt({ min, max }), ...edges)), (values) => {
        const signed =
          datatype === 'INT64' ? values.map((value) => (value > 0n && value % 2n ? -value : value)) : values;
        expect([...(read(datatype, [values.length], `[${signed.join(' , ')}]`) as BigInt64Array)]).toEqual(signed);
      }),
      { numRuns: 1000 },
    );
    expect(refusal(datatype, [1], `[${max + 1n}]`)).toContain('not within');
    expect(refusal(datatype, [1], `[${min - 1n}]`)).toContain('not within');
  });

  it.each([
    ['INT8', -128, 127],
    ['UINT8', 0, 255],
    ['INT16', -32768, 32767],
    ['UINT16', 0, 65535],
    ['INT32', -2147483648, 2147483647],
    ['UINT32', 0, 4294967295],
  ] as const)('%s is taken from %d to %d', (datatype, min, max) => {
    expect([...(read(datatype, [4], `[${min},${max}, 1.0,1e1]`) as Int32Array)]).toEqual([min, max, 1, 10]);
    for (const text of [String(min - 1), String(max + 1), '99999999999999999999'])
      expect(refusal(datatype, [1], `[${text}]`)).toContain(`within ${min} and ${max}`);
    expect(refusal(datatype, [1], '[1.5]')).toContain('no integer');
  });
});

describe('BOOL and BYTES in JSON', () => {
  it('are true and false, and strings of any text', () => {
    expect(read('BOOL', [4], '[true,false , 1,0]')).toEqual(Uint8Array.of(1, 0, 1, 0));
    expect(read('BYTES', [2, 2], '[["grün","\\u00e9"],["","\\ud83c\\udf3c"]]')).toEqual(['grün', 'é', '', '🌼']);
    expect(refusal('BOOL', [1], '["true"]')).toContain('is no BOOL');
    expect(refusal('BYTES', [1], '[1]')).toContain('send strings');
    expect(refusal('BYTES', [1], '["\\ud83c"]')).toContain('half a surrogate pair');
  });
});

describe('the form of data', () => {
  it('is flat, or nested in the shape', () => {
    for (const text of ['[1,2,3,4,5,6]', '[[1,2,3],[4,5,6]]', ' [ [1,2,3] , [4,5,6] ] '])
      expect(read('INT32', [2, 3], text)).toEqual(Int32Array.of(1, 2, 3, 4, 5, 6));
    expect(read('FP32', [2, 0], '[[],[]]')).toEqual(new Float32Array(0));
    expect(read('FP32', [0, 3], '[]')).toEqual(new Float32Array(0));
    expect(read('FP32', [], '[4]')).toEqual(Float32Array.of(4));
  });

  it.each([
    [[2, 3], '[[1,2],[3,4],[5,6]]', 'fewer'],
    [[2, 3], '[[1,2,3],[4,5]]', 'fewer'],
    [[2, 3], '[[100,200,300]]', 'nested'],
    [[2, 3], '[[[1,2,3],[4,5,6]]]', 'an array'],
    [[2, 3], '[1,2,3,[4,5,6]]', 'an array'],
    [[3], '[1,2]', 'fewer'],
    [[3], '[1,2,3,4]', 'more'],
    [[0], '[1]', 'more'],
    [[1_000_000_000], '[1]', 'fewer'],
    [[1], '[null]', 'null'],
    [[1], '[{}]', 'an object'],
  ] as const)('of shape %j cannot be %s', (shape, text, why) => {
    expect(refusal('FP32', shape, text)).toContain(why);
    expect(refusal('INT64', shape, text)).toContain(why);
  });

  it.each([
    '[01]',
    '[1.]',
    '[.5]',
    '[-]',
    '[+1]',
    '[1e]',
    '[0x1]',
    '[1 2]',
    '[1,]',
    '[,1]',
    '[1',
    '[1,2',
    '[\u00001]',
    '[--1]',
    '[1;2]',
  ])('is no JSON: %s', (text) => {
    for (const datatype of ['FP32', 'FP64', 'INT32', 'INT64', 'BOOL', 'BYTES'] as const)
      expect(refusal(datatype, [2], text)).not.toBe('not refused');
  });
});
