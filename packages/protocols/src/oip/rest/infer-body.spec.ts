import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeInferBody, type InferBody } from './infer-body.js';

const LIMITS = { maxDecodedBytes: 1 << 20 };
const decode = (json: unknown, ...binary: Uint8Array[]): InferBody => {
  const header = Buffer.from(typeof json === 'string' ? json : JSON.stringify(json));
  return decodeInferBody(Buffer.concat([header, ...binary]), binary.length > 0 ? header.length : undefined, LIMITS);
};
const x = { name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2] };

describe('the body of an inference request', () => {
  it('is read whatever the order of its members', () => {
    const text =
      '{"outputs":[{"parameters":{"binary_data":true},"name":"y"}],"more":{"a":[1,{"b":null}]},"inputs":[{"data":[1,2],"parameters":{"p":1},"shape":[1,2],"datatype":"FP32","name":"x","more":[[]]}],"parameters":{"q":"a"},"id":"7"}';
    expect(decode(text)).toEqual({
      id: '7',
      parameters: { q: 'a' },
      inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', parameters: { p: 1 }, data: Float32Array.of(1, 2) }],
      outputs: [{ name: 'y', parameters: { binary_data: true } }],
    });
  });

  it('has the bytes of binary tensors behind the JSON, in order, beside tensors in JSON', () => {
    const binary = (name: string, datatype: string, size: number) => ({
      name,
      datatype,
      shape: [2],
      parameters: { binary_data_size: size },
    });
    const a = Float32Array.of(1, 2);
    const b = BigInt64Array.of(3n, -4n);
    const body = decode(
      { inputs: [binary('a', 'FP32', 8), x, binary('b', 'INT64', 16)] },
      new Uint8Array(a.buffer),
      new Uint8Array(b.buffer),
    );
    expect(body.inputs.map(({ data }) => data)).toEqual([a, Float32Array.of(1, 2), b]);
  });

  it.each([
    ['', 'ends too early'],
    ['[]', 'unexpected'],
    ['{}', "no 'inputs'"],
    ['{"inputs":{}}', "'inputs' must be an array"],
    ['{"inputs":[1]}', 'must be an object'],
    ['{"inputs":[]} x', 'unexpected "x"'],
    [{ id: 7, inputs: [x] }, "'id' must be a string"],
    [{ inputs: [{ ...x, name: undefined }] }, "no 'name'"],
    [{ inputs: [{ ...x, shape: undefined }] }, "no 'shape'"],
    [{ inputs: [{ ...x, datatype: undefined }] }, "no 'datatype'"],
    [{ inputs: [{ ...x, data: undefined }] }, "neither 'data' nor"],
    [{ inputs: [{ ...x, data: 'ab' }] }, "'data' must be an array"],
    [{ inputs: [{ ...x, datatype: 'FLOAT' }] }, "unknown datatype 'FLOAT'"],
    [{ inputs: [{ ...x, datatype: 'FP16' }] }, 'sending FP16 data via JSON is not supported'],
    [{ inputs: [{ ...x, shape: [-1, 2] }] }, 'none of them negative'],
    [{ inputs: [{ ...x, shape: [1.5] }] }, 'none of them negative'],
    [{ inputs: [{ ...x, shape: ['1'] }] }, 'none of them negative'],
    [{ inputs: [{ ...x, shape: Array.from({ length: 33 }, () => 1) }] }, 'at most 32'],
    [{ inputs: [{ ...x, shape: [2 ** 40, 2 ** 40] }] }, 'too large'],
    [{ inputs: [x], parameters: [] }, 'must be an object'],
    [{ inputs: [x], parameters: { a: null } }, "parameter 'a' of the request must be"],
    [{ inputs: [{ ...x, parameters: { shared_memory_region: 'r' } }] }, 'shared memory is not supported'],
    [{ inputs: [{ ...x, parameters: { binary_data_size: 8 } }] }, "both 'data' and 'binary_data_size'"],
    [
      { inputs: [{ ...x, data: undefined, parameters: { binary_data_size: 8 } }] },
      "must specify valid 'Inference-Header-Content-Length'",
    ],
    [{ inputs: [x], outputs: [{}] }, "an output has no 'name'"],
    [
      { inputs: [{ ...x, shape: [1 << 19], data: Array.from({ length: 1 << 19 }, () => 0) }] },
      'does not fit into what one request may take',
    ],
  ] as const)('%j is refused', (json, why) => {
    expect(() => decode(json)).toThrow(why);
  });

  it('counts what was said last of what is said twice, for the data as well', () => {
    const twice = (members: string): unknown => decode(`{"inputs":[{"name":"x",${members}}]}`).inputs[0]!.data;
    expect(twice('"datatype":"INT32","shape":[2],"data":[1,2],"datatype":"FP32"')).toEqual(Float32Array.of(1, 2));
    expect(() => twice('"datatype":"FP32","shape":[2],"data":[1,2],"shape":[3]')).toThrow('fewer values');
    expect(() => twice('"datatype":"FP32","shape":[1],"data":[1],"datatype":"BYTES"')).toThrow('no BYTES value');
  });

  it.each([
    ['inputs', `{"inputs":[${'{"name":"x","shape":[1],"datatype":"FP32","data":[1]},'.repeat(25_000)}`],
    ['outputs', `{"outputs":[${'{"name":"y"},'.repeat(51_000)}`],
    ['members of a tensor', `{"inputs":[{${'"shape":[1],'.repeat(100_001)}`],
    ['members', `{${'"inputs":[],'.repeat(100_001)}`],
  ])('of more %s than any model has is refused before its end is read', (_what, text) => {
    expect(() => decode(text)).toThrow(
      expect.objectContaining({
        code: 'OIP_ERR_TOO_LARGE',
        message: expect.stringContaining('more than 100000 inputs, outputs and members') as string,
      }) as Error,
    );
  });

  it('may have a MiB of parameters in all', () => {
    const parameters = { comment: 'c'.repeat(600_000) };
    expect(decode({ inputs: [x], parameters }).parameters).toEqual(parameters);
    expect(() => decode({ inputs: [{ ...x, parameters }], parameters })).toThrow('more than 1048576 bytes');
  });

  it.each([
    [4, 'unexpected size for input'],
    [12, 'unexpected additional input data for model: 4 bytes'],
  ])('of %i bytes behind the JSON where it says 8 is refused', (length, why) => {
    const input = { name: 'x', shape: [2], datatype: 'FP32', parameters: { binary_data_size: 8 } };
    expect(() => decode({ inputs: [input] }, new Uint8Array(length))).toThrow(why);
  });

  it('is read or refused, whatever it is', () => {
    const tensor = fc.record(
      {
        name: fc.oneof(fc.string(), fc.constant('x')),
        shape: fc.oneof(fc.array(fc.oneof(fc.nat(3), fc.double(), fc.bigInt().map(Number))), fc.anything()),
        datatype: fc.oneof(fc.constantFrom('FP32', 'INT64', 'BYTES', 'BOOL', 'UINT8', 'FP16', 'BF16'), fc.anything()),
        parameters: fc.oneof(fc.record({ binary_data_size: fc.oneof(fc.nat(40), fc.anything()) }), fc.anything()),
        data: fc.oneof(
          fc.array(fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.array(fc.double()))),
          fc.anything(),
        ),
      },
      { requiredKeys: [] },
    );
    const request = fc.record(
      {
        id: fc.anything(),
        parameters: fc.anything(),
        inputs: fc.oneof(fc.array(tensor), fc.anything()),
        outputs: fc.anything(),
      },
      { requiredKeys: ['inputs'] },
    );
    const bytes = fc.uint8Array({ maxLength: 80 });
    fc.assert(
      fc.property(request, bytes, fc.nat(), fc.boolean(), (json, tail, cut, isCut) => {
        const text =
          JSON.stringify(json, (_key, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)) ?? '';
        const header = Buffer.from(isCut ? text.slice(0, cut % (text.length + 1)) : text);
        const body = Buffer.concat([header, tail]);
        for (const length of [undefined, header.length, cut % (body.length + 1)]) {
          try {
            decodeInferBody(body, length, LIMITS);
          } catch (error) {
            expect((error as { code?: string }).code).toMatch(/^OIP_ERR_/);
          }
        }
      }),
      { numRuns: 3000 },
    );
  });
});
