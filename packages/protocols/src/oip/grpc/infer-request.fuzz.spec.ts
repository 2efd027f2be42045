import { WitanError } from '@witan/core';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { damaged } from '../../hushar/wire-forms.spec.support.js';
import type { InferRequest } from '../infer-types.js';
import { rawBytes } from '../tensor/raw-encode.js';
import { InferRequestDecoder } from './infer-request.js';
import { encoded, typeOf } from './oip-client.spec.support.js';

/** `WITAN_FUZZ_RUNS=100000` for a night's worth. */
const RUNS = Number(process.env['WITAN_FUZZ_RUNS'] ?? 500);
const REQUEST = typeOf('ModelInferRequest');
const INPUT = typeOf('ModelInferRequest.InferInputTensor');
const CONTENTS = typeOf('InferTensorContents');

const int = (min: number, max: number) => fc.integer({ min, max });
const signed64 = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n);
const unsigned64 = fc.bigInt(0n, 2n ** 64n - 1n);
const word = fc.string({ unit: 'grapheme', maxLength: 8 });

/** For each datatype: its values, the list that they stand in, and how they come out. */
const KINDS = [
  ['BOOL', 'bool_contents', fc.boolean(), (v: boolean[]) => Uint8Array.from(v, Number)],
  ['INT8', 'int_contents', int(-128, 127), (v: number[]) => Int8Array.from(v)],
  ['INT16', 'int_contents', int(-32768, 32767), (v: number[]) => Int16Array.from(v)],
  ['INT32', 'int_contents', int(-(2 ** 31), 2 ** 31 - 1), (v: number[]) => Int32Array.from(v)],
  ['UINT8', 'uint_contents', int(0, 255), (v: number[]) => Uint8Array.from(v)],
  ['UINT16', 'uint_contents', int(0, 65535), (v: number[]) => Uint16Array.from(v)],
  ['UINT32', 'uint_contents', int(0, 2 ** 32 - 1), (v: number[]) => Uint32Array.from(v)],
  ['INT64', 'int64_contents', signed64, (v: bigint[]) => BigInt64Array.from(v)],
  ['UINT64', 'uint64_contents', unsigned64, (v: bigint[]) => BigUint64Array.from(v)],
  ['FP32', 'fp32_contents', fc.float(), (v: number[]) => Float32Array.from(v)],
  ['FP64', 'fp64_contents', fc.double(), (v: number[]) => Float64Array.from(v)],
  ['BYTES', 'bytes_contents', word, (v: string[]) => v],
] as const;

interface Tensor {
  readonly name: string;
  readonly datatype: InferRequest['inputs'][number]['datatype'];
  readonly shape: readonly number[];
  readonly data: InferRequest['inputs'][number]['data'];
  /** Its fields, each as a message of its own. */
  readonly pieces: readonly Buffer[];
}

/** What protobuf reads as one message: fields in any order, those of one list in theirs. */
function shuffled(pieces: readonly Buffer[], listFields: ReadonlySet<number>): fc.Arbitrary<Buffer> {
  return fc
    .shuffledSubarray([...pieces.keys()], { minLength: pieces.length, maxLength: pieces.length })
    .map((order) => {
      const inOrder = order.filter((i) => listFields.has(fieldOf(pieces[i]!))).toSorted((a, b) => a - b);
      const isList = (i: number): boolean => listFields.has(fieldOf(pieces[i]!));
      return Buffer.concat(order.map((i) => pieces[isList(i) ? inOrder.shift()! : i]!));
    });
}

const fieldOf = (piece: Buffer): number => piece[0]! >>> 3;

function block(field: number, content: Buffer): Buffer {
  return Buffer.from(
    protobuf.Writer.create()
      .uint32(field * 8 + 2)
      .bytes(content)
      .finish(),
  );
}

function tensorOf([datatype, list, value, make]: (typeof KINDS)[number]): fc.Arbitrary<
  Tensor & { contents: Buffer[] }
> {
  const values = fc.array(value as fc.Arbitrary<never>, { maxLength: 6 });
  return fc.tuple(word, values, fc.nat({ max: 6 }), fc.boolean()).map(([name, all, cut, tall]) => {
    const shape = tall ? [all.length, 1] : [all.length];
    const onWire = (some: readonly unknown[]): unknown[] =>
      some.map((each) =>
        typeof each === 'bigint' ? each.toString() : datatype === 'BYTES' ? Buffer.from(each as string) : each,
      );
    const part = (some: readonly unknown[]): Buffer => block(5, encoded(CONTENTS, { [list]: onWire(some) }));
    const contents = [part(all.slice(0, cut)), ...(cut < all.length ? [part(all.slice(cut))] : [])];
    const pieces = [
      ...(name === '' ? [] : [encoded(INPUT, { name })]),
      encoded(INPUT, { datatype }),
      ...shape.map((dimension) => encoded(INPUT, { shape: [dimension] })),
    ];
    return { name, datatype, shape, data: (make as (v: unknown[]) => Tensor['data'])(all), pieces, contents };
  });
}

const parameterValue = fc.oneof(
  fc.boolean().map((value) => [{ bool_param: value }, value] as const),
  fc.maxSafeInteger().map((value) => [{ int64_param: String(value) }, value] as const),
  fc.bigInt(2n ** 60n, 2n ** 64n - 1n).map((value) => [{ uint64_param: String(value) }, value] as const),
  fc.double({ noNaN: true }).map((value) => [{ double_param: value }, value] as const),
  word.map((value) => [{ string_param: value }, value] as const),
);

const parameters = fc.dictionary(
  word.filter((name) => !name.startsWith('shared_memory_') && name !== '__proto__'),
  parameterValue,
  { maxKeys: 3 },
);

type Case = readonly [message: Buffer, expected: object];

const cases: fc.Arbitrary<Case> = fc
  .record({
    model: word,
    version: word,
    id: word,
    parameters,
    outputs: fc.array(word, { maxLength: 3 }),
    tensors: fc.array(fc.oneof(...KINDS.map(tensorOf)), { maxLength: 4 }),
    isRaw: fc.boolean(),
  })
  .chain(({ model, version, id, parameters: asked, outputs, tensors, isRaw }) => {
    const text = (name: string, value: string): Buffer[] => (value === '' ? [] : [encoded(REQUEST, { [name]: value })]);
    const inputs = fc.tuple(
      ...tensors.map(({ pieces, contents }) =>
        shuffled(isRaw ? pieces : [...pieces, ...contents], new Set([3, 5])).map((bytes) => block(5, bytes)),
      ),
    );
    const entries = Object.entries(asked);
    const expected = {
      model,
      ...(version !== '' && { version }),
      ...(id !== '' && { id }),
      ...(entries.length > 0 && { parameters: Object.fromEntries(entries.map(([name, [, value]]) => [name, value])) }),
      inputs: tensors.map(({ name, datatype, shape, data }) => ({ name, datatype, shape, data })),
      ...(outputs.length > 0 && { outputs: outputs.map((name) => ({ name })) }),
    };
    return inputs
      .chain((blocks) =>
        shuffled(
          [
            ...text('model_name', model),
            ...text('model_version', version),
            ...text('id', id),
            ...entries.map(([name, [value]]) => encoded(REQUEST, { parameters: { [name]: value } })),
            ...blocks,
            ...outputs.map((name) => encoded(REQUEST, { outputs: [{ name }] })),
            ...(isRaw ? tensors.map((tensor) => block(7, Buffer.from(rawBytes(tensor)))) : []),
          ],
          new Set([5, 6, 7]),
        ),
      )
      .map((message): Case => [message, expected]);
  });

/** Within a larger buffer, so that a read past the end would be seen. */
function decode(message: Buffer): InferRequest {
  const around = Buffer.concat([Buffer.alloc(5, 0xff), message, Buffer.alloc(40, 0x12)]);
  return new InferRequestDecoder(around.subarray(5, 5 + message.length), { maxDecodedBytes: 1 << 22 }).decode();
}

describe('any valid ModelInferRequest', () => {
  it('is decoded to its tensors, in whatever order its fields come', () => {
    fc.assert(
      fc.property(cases, ([message, expected]) => {
        const { parameters: given, ...rest } = decode(message);
        expect({ ...rest, ...(given && { parameters: { ...given } }) }).toEqual(expected);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('any damaged one', () => {
  it('is refused with a clear error, or is another request', () => {
    const sorts = new Set<string>();
    fc.assert(
      fc.property(damaged(cases.map(([message]) => message)), (message) => {
        try {
          decode(message);
          sorts.add('taken');
        } catch (error) {
          if (!WitanError.is(error)) throw error;
          expect(['INVALID_ARGUMENT', 'UNIMPLEMENTED', 'RESOURCE_EXHAUSTED']).toContain(error.category);
          sorts.add(error.code);
        }
      }),
      { numRuns: 2 * RUNS },
    );
    expect([...sorts]).toEqual(expect.arrayContaining(['taken', 'OIP_ERR_REQUEST']));
  });
});
