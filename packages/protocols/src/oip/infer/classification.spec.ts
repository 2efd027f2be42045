import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classesOf } from './classification.js';

const output = (shape: readonly number[], data: Float32Array | BigInt64Array | readonly string[]) => ({
  name: 'y',
  datatype:
    data instanceof Float32Array
      ? ('FP32' as const)
      : data instanceof BigInt64Array
        ? ('INT64' as const)
        : ('BYTES' as const),
  shape,
  data,
});

describe('classification', () => {
  it('gives the largest of each row as value:index:label', () => {
    const scores = output([2, 3], Float32Array.of(0.25, 0.5, 0.125, 1, 0, 1));
    expect(classesOf(scores, 2, true, ['cat', 'dog'])).toEqual({
      name: 'y',
      datatype: 'BYTES',
      shape: [2, 2],
      data: ['0.500000:1:dog', '0.250000:0:cat', '1.000000:0:cat', '1.000000:2'],
    });
  });

  it('of a model without batches looks at all values', () => {
    expect(classesOf(output([2, 2], BigInt64Array.of(1n, 4n, 2n, 3n)), 9, false, undefined)).toMatchObject({
      shape: [4],
      data: ['4:1', '3:3', '2:2', '1:0'],
    });
  });

  it('puts NaN last, and takes no rows', () => {
    expect(classesOf(output([1, 3], Float32Array.of(NaN, -Infinity, 2)), 3, true, undefined).data).toEqual([
      '2.000000:2',
      '-inf:1',
      'nan:0',
    ]);
    expect(classesOf(output([0, 3], new Float32Array(0)), 2, true, undefined)).toMatchObject({
      shape: [0, 0],
      data: [],
    });
  });

  it('orders as sorting does, for few classes and for many', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 40 }),
        (values, count) => {
          const expected = values
            .map((value, index) => ({ value, index }))
            .sort((a, b) => b.value - a.value || a.index - b.index)
            .slice(0, count)
            .map(({ value, index }) => `${value.toFixed(6)}:${index}`.replace('-0.000000', '0.000000'));
          const { data } = classesOf(output([1, values.length], Float32Array.from(values)), count, true, undefined);
          expect((data as string[]).map((text) => text.replace('-0.000000', '0.000000'))).toEqual(expected);
        },
      ),
    );
  });

  it('is refused for strings', () => {
    expect(() => classesOf(output([1, 1], ['a']), 1, true, undefined)).toThrow(
      "class result not available for output 'y'",
    );
  });
});
