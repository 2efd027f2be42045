import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { fixtureModel } from '@witan-libs/testing';
import { describe, expect, it } from 'vitest';
import { makeOutputsTensors } from './tensor-outputs.js';
import { readFields, writeBytes, writeText, writeVarint } from './wire.js';

const model = (name: string): Uint8Array => readFileSync(fixtureModel(name));

describe('making outputs tensors', () => {
  it('leaves a model alone that has nothing of the kind', () => {
    expect(makeOutputsTensors(model('iris'), ['sepal_length'])).toBeUndefined();
  });

  it('keeps the keys of a ZipMap in the order of the columns', () => {
    expect(makeOutputsTensors(model('boosting-zipmap'), ['output_probability'])?.labels).toEqual({
      output_probability: ['0', '1', '2'],
    });
  });

  it.each<[string, ...Uint8Array[]]>([
    ['texts', writeBytes(9, Buffer.from('no')), writeBytes(9, Buffer.from('grün'))],
    ['packed numbers', writeBytes(8, Buffer.from([3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]))],
    [
      'unpacked numbers',
      writeVarint(8, 3),
      Buffer.concat([Buffer.from([64]), Buffer.from([255, 255, 255, 255, 255, 255, 255, 255, 255, 1])]),
    ],
  ])('reads keys that are %s', (kind, ...keys) => {
    const attribute = kind === 'texts' ? 'classlabels_strings' : 'classlabels_int64s';
    const zipMap = [
      writeText(1, 'p'),
      writeText(2, 'z'),
      writeText(4, 'ZipMap'),
      writeBytes(5, writeText(1, attribute), ...keys),
    ];
    const graph = writeBytes(
      7,
      writeBytes(1, ...zipMap),
      writeBytes(12, writeText(1, 'z'), writeBytes(2, writeBytes(4))),
    );
    expect(makeOutputsTensors(graph, ['z'])?.labels).toEqual({ z: kind === 'texts' ? ['no', 'grün'] : ['3', '-1'] });
  });

  it('copies every field that it does not know', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 20, max: 500 }), fc.uint8Array({ maxLength: 40 }))), (extras) => {
        const unknown = extras.map(([number, bytes]) => Buffer.from(writeBytes(number, bytes)));
        const bytes = Buffer.concat([...unknown, model('boosting-zipmap')]);
        const rewritten = makeOutputsTensors(bytes, ['output_probability'])!.bytes;
        const kept = readFields(rewritten).filter((field) => field.number >= 20);
        expect(kept.map((field) => Buffer.from(field.whole))).toEqual(unknown);
      }),
      { numRuns: 30 },
    );
  });

  it('refuses bytes that are no protobuf, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          const fields = readFields(bytes);
          expect(Buffer.concat(fields.map((field) => field.whole))).toEqual(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});
