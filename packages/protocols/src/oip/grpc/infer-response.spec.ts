import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InferResponse } from '../infer-types.js';
import { encodeInferResponse, encodeStreamFailure, encodeStreamResponse } from './infer-response.js';
import { decoded, typeOf } from './oip-client.spec.support.js';

const RESPONSE: InferResponse = {
  model: 'm',
  version: '2',
  id: 'r',
  parameters: { text: 'ü', yes: true, whole: -3, real: 0.5, large: 2n ** 64n - 1n, low: -(2n ** 63n) },
  outputs: [
    { name: 'a', datatype: 'FP32', shape: [2, 1], data: Float32Array.of(1, -0), parameters: { own: 1 } },
    { name: 'b', datatype: 'BYTES', shape: [2], data: ['grün', ''] },
    { name: '', datatype: 'INT64', shape: [], data: BigInt64Array.of(-1n) },
    { name: 'none', datatype: 'UINT8', shape: [0, 3], data: new Uint8Array(0) },
  ],
};
const SHOWN = {
  model_name: 'm',
  model_version: '2',
  id: 'r',
  parameters: {
    text: { string_param: 'ü' },
    yes: { bool_param: true },
    whole: { int64_param: '-3' },
    real: { double_param: 0.5 },
    large: { uint64_param: '18446744073709551615' },
    low: { int64_param: '-9223372036854775808' },
  },
  outputs: [
    { name: 'a', datatype: 'FP32', shape: ['2', '1'], parameters: { own: { int64_param: '1' } } },
    { name: 'b', datatype: 'BYTES', shape: ['2'] },
    { datatype: 'INT64' },
    { name: 'none', datatype: 'UINT8', shape: ['0', '3'] },
  ],
  raw_output_contents: [
    Buffer.from(Float32Array.of(1, -0).buffer),
    Buffer.concat([Buffer.of(5, 0, 0, 0), Buffer.from('grün'), Buffer.of(0, 0, 0, 0)]),
    Buffer.alloc(8, 0xff),
    Buffer.alloc(0),
  ],
};

describe('a ModelInferResponse', () => {
  it('has all of an answer, tensors as raw bytes', () => {
    expect(decoded(typeOf('ModelInferResponse'), encodeInferResponse(RESPONSE))).toEqual(SHOWN);
  });

  it('in a stream says that it is the only one to its request', () => {
    const parameters = { ...SHOWN.parameters, triton_final_response: { bool_param: true } };
    expect(decoded(typeOf('ModelStreamInferResponse'), encodeStreamResponse(RESPONSE))).toEqual({
      infer_response: { ...SHOWN, parameters },
    });
  });

  it('a failure in a stream says of which request', () => {
    const failure = encodeStreamFailure('no', { model: 'm', version: '', id: '7' });
    expect(decoded(typeOf('ModelStreamInferResponse'), failure)).toEqual({
      error_message: 'no',
      infer_response: { model_name: 'm', id: '7', parameters: { triton_final_response: { bool_param: true } } },
    });
  });

  it('may have names and tensors of any length', () => {
    const bytes = fc.oneof(fc.nat(5), fc.constantFrom(126, 127, 128, 16_383, 16_384, 100_000));
    const output = fc.record({ length: bytes, name: fc.string({ maxLength: 300 }) });
    fc.assert(
      fc.property(fc.array(output, { maxLength: 5 }), (all) => {
        const outputs = all.map(({ length, name }) => ({
          name,
          datatype: 'UINT8' as const,
          shape: [length],
          data: new Uint8Array(length).fill(7),
        }));
        const { infer_response: shown } = decoded(
          typeOf('ModelStreamInferResponse'),
          encodeStreamResponse({ model: 'm'.repeat(200), version: '1', outputs }),
        );
        expect((shown.outputs ?? []).map(({ name = '' }) => name)).toEqual(all.map(({ name }) => name));
        expect((shown.raw_output_contents ?? []).map((raw: Buffer) => raw.length)).toEqual(
          all.map(({ length }) => length),
        );
      }),
      { numRuns: 100 },
    );
  });
});
