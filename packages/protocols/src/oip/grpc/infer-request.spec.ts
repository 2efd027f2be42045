import { WitanError } from '@witan/core';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import type { InferRequest } from '../infer-types.js';
import { InferRequestDecoder } from './infer-request.js';
import { encoded, typeOf } from './oip-client.spec.support.js';

const TYPE = typeOf('ModelInferRequest');
const LIMITS = { maxDecodedBytes: 1 << 20 };
const decode = (message: Buffer, limits = LIMITS): InferRequest => new InferRequestDecoder(message, limits).decode();
const decodeObject = (value: object, limits = LIMITS): InferRequest => decode(encoded(TYPE, value), limits);

function failure(value: object | Buffer, limits = LIMITS): [string, string] {
  try {
    decode(Buffer.isBuffer(value) ? value : encoded(TYPE, value), limits);
  } catch (error) {
    if (WitanError.is(error)) return [error.code, error.message];
    throw error;
  }
  throw new Error('it was taken');
}

const input = (datatype: string, shape: number[], contents?: object, name = 'x') => ({
  name,
  datatype,
  shape,
  ...(contents && { contents }),
});

describe('a ModelInferRequest', () => {
  it('is decoded with its names, parameters and outputs', () => {
    const request = decodeObject({
      model_name: 'm',
      model_version: '3',
      id: 'r-ü',
      parameters: {
        flag: { bool_param: false },
        small: { int64_param: -5 },
        large: { int64_param: '-9223372036854775808' },
        text: { string_param: '' },
        real: { double_param: 0.25 },
        unsigned: { uint64_param: '18446744073709551615' },
        priority: { uint64_param: 2 },
        __proto__2: { bool_param: true },
      },
      inputs: [{ ...input('FP32', [1], { fp32_contents: [1] }), parameters: { own: { int64_param: 1 } } }],
      outputs: [{ name: 'y' }, { name: 'z', parameters: { classification: { int64_param: 3 } } }],
    });
    expect({ ...request, parameters: { ...request.parameters } }).toEqual({
      model: 'm',
      version: '3',
      id: 'r-ü',
      parameters: {
        flag: false,
        small: -5,
        large: -(2n ** 63n),
        text: '',
        real: 0.25,
        unsigned: 2n ** 64n - 1n,
        priority: 2,
        __proto__2: true,
      },
      inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: Float32Array.of(1), parameters: { own: 1 } }],
      outputs: [{ name: 'y' }, { name: 'z', parameters: { classification: 3 } }],
    });
  });

  it('without anything is empty', () => {
    expect(decode(Buffer.alloc(0))).toEqual({ model: '', inputs: [] });
  });

  it.each([
    ['BOOL', { bool_contents: [true, false, true] }, Uint8Array.of(1, 0, 1)],
    ['INT8', { int_contents: [-128, 0, 127] }, Int8Array.of(-128, 0, 127)],
    ['INT16', { int_contents: [-32768, 1, 32767] }, Int16Array.of(-32768, 1, 32767)],
    ['INT32', { int_contents: [-(2 ** 31), 1, 2 ** 31 - 1] }, Int32Array.of(-(2 ** 31), 1, 2 ** 31 - 1)],
    ['UINT8', { uint_contents: [0, 1, 255] }, Uint8Array.of(0, 1, 255)],
    ['UINT16', { uint_contents: [0, 1, 65535] }, Uint16Array.of(0, 1, 65535)],
    ['UINT32', { uint_contents: [0, 1, 2 ** 32 - 1] }, Uint32Array.of(0, 1, 2 ** 32 - 1)],
    [
      'INT64',
      { int64_contents: ['-9223372036854775808', '9007199254740993', '-1'] },
      BigInt64Array.of(-(2n ** 63n), 2n ** 53n + 1n, -1n),
    ],
    [
      'UINT64',
      { uint64_contents: ['18446744073709551615', '0', '9007199254740993'] },
      BigUint64Array.of(2n ** 64n - 1n, 0n, 2n ** 53n + 1n),
    ],
    ['FP32', { fp32_contents: [0.1, NaN, -Infinity] }, Float32Array.of(0.1, NaN, -Infinity)],
    ['FP64', { fp64_contents: [0.1, 5e-324, -0] }, Float64Array.of(0.1, 5e-324, -0)],
    ['BYTES', { bytes_contents: ['grün', '', '🌼'].map((text) => Buffer.from(text)) }, ['grün', '', '🌼']],
  ])('has typed contents of %s', (datatype, contents, data) => {
    expect(decodeObject({ inputs: [input(datatype, [3, 1], contents)] }).inputs[0]).toEqual({
      name: 'x',
      datatype,
      shape: [3, 1],
      data,
    });
  });

  it('raw tensors are views of the message where they are aligned, and copies elsewhere', () => {
    const values = Float32Array.of(1.5, NaN, -0);
    const seen = new Set<boolean>();
    for (const id of ['', '1', '12', '123', '1234', '12345', '123456', '1234567']) {
      const request = { id, inputs: [input('FP32', [3])], raw_input_contents: [Buffer.from(values.buffer)] };
      const message = encoded(TYPE, request);
      const { data } = decode(message).inputs[0]!;
      expect(data).toEqual(values);
      const isAligned = (message.byteOffset + message.length - values.byteLength) % 4 === 0;
      expect((data as Float32Array).buffer === message.buffer).toBe(isAligned);
      seen.add(isAligned);
    }
    expect(seen.size).toBe(2);
  });

  it('raw halves of floats and strings', () => {
    const strings = Buffer.from([2, 0, 0, 0, 0xc3, 0xbc, 0, 0, 0, 0]);
    const inputs = [input('FP16', [2]), input('BF16', [1], undefined, 'b'), input('BYTES', [2], undefined, 's')];
    const raw = [Buffer.from([0, 0x3c, 0, 0xc0]), Buffer.from([1, 2]), strings];
    expect(decodeObject({ inputs, raw_input_contents: raw }).inputs.map(({ data }) => data)).toEqual([
      Uint16Array.of(0x3c00, 0xc000),
      Uint16Array.of(0x201),
      ['ü', ''],
    ]);
  });

  it('no values need no contents', () => {
    const [first, second] = decodeObject({ inputs: [input('FP32', [0, 3]), input('BYTES', [0], {}, 'b')] }).inputs;
    expect([first!.data, second!.data]).toEqual([new Float32Array(0), []]);
  });

  it('contents may come in pieces and not packed, among unknown fields and groups', () => {
    const writer = protobuf.Writer.create();
    const unpacked = protobuf.Writer.create().uint32(0x18).int64(7).uint32(0x18).int64(-8).finish();
    const packed = protobuf.Writer.create().uint32(0x1a).fork().int64(9).int64(10).ldelim().finish();
    const group = [0x53, 0x08, 0x01, 0x5b, 0x5c, 0x54];
    const tensor = Buffer.concat([
      Buffer.from(protobuf.Writer.create().uint32(0x2a).bytes(unpacked).finish()),
      Buffer.from(group),
      Buffer.from(protobuf.Writer.create().uint32(0x18).int64(2).finish()),
      Buffer.from(protobuf.Writer.create().uint32(0x2a).bytes(packed).finish()),
      Buffer.from(protobuf.Writer.create().uint32(0x1a).fork().int64(2).ldelim().finish()),
      Buffer.from(protobuf.Writer.create().uint32(0x0a).string('old').uint32(0x0a).string('x').finish()),
      Buffer.from(protobuf.Writer.create().uint32(0x12).string('INT64').finish()),
    ]);
    const message = Buffer.from(writer.uint32(0x2a).bytes(tensor).uint32(0x7d).fixed32(1).finish());
    expect(decode(message).inputs).toEqual([
      { name: 'x', datatype: 'INT64', shape: [2, 2], data: BigInt64Array.of(7n, -8n, 9n, 10n) },
    ]);
  });

  it.each([
    [
      { model_name: 'm', inputs: [input('FP32', [1], { fp32_contents: [1] })], raw_input_contents: [Buffer.alloc(4)] },
      "contents field must not be specified when using raw_input_contents for 'x' for model 'm'",
    ],
    [
      { model_name: 'm', inputs: [input('FP32', [1])] },
      "unable to find data for input tensor 'x' for model 'm' in request.",
    ],
    [
      {
        model_name: 'm',
        inputs: [input('FP32', [1]), input('FP32', [1], undefined, 'z')],
        raw_input_contents: [Buffer.alloc(4)],
      },
      "unable to find data for input tensor 'z' for model 'm' in request.",
    ],
    [
      {
        model_name: 'm',
        inputs: [input('FP32', [1])],
        raw_input_contents: [Buffer.alloc(4), Buffer.alloc(4)],
      },
      "unexpected additional input data for model 'm': 2 raw_input_contents for 1 inputs",
    ],
    [
      { model_name: 'm', inputs: [input('FP32', [1], { int_contents: [1] })] },
      "unexpected explicit tensor data for input tensor 'x' for model 'm' of type 'INT32', expected datatype 'FP32'",
    ],
    [
      { model_name: 'm', inputs: [input('FP16', [1], { fp32_contents: [1] })] },
      "expected datatype 'FP16'; FP16 is sent in raw_input_contents",
    ],
    [{ inputs: [input('INT8', [2], { int_contents: [1, 128] })] }, "input 'x': value 1 is 128, which is no INT8"],
    [{ inputs: [input('UINT16', [1], { uint_contents: [65536] })] }, "input 'x': value 0 is 65536, which is no UINT16"],
    [{ inputs: [input('INT16', [1], { int_contents: [-40000] })] }, "input 'x': value 0 is -40000, which is no INT16"],
    [{ inputs: [input('BYTES', [1], { bytes_contents: [Buffer.of(0xff)] })] }, "input 'x': value 0 is not UTF-8"],
    [{ inputs: [input('FLOAT', [1])] }, "input 'x' has the unknown datatype 'FLOAT'"],
    [{ inputs: [input('FP32', [-1])] }, 'none of them negative'],
    [
      {
        inputs: [
          input(
            'FP32',
            Array.from({ length: 33 }, () => 1),
          ),
        ],
      },
      'at most 32 dimensions',
    ],
    [{ inputs: [input('FP32', [2 ** 40, 2 ** 40])] }, 'is too large'],
    [
      { inputs: [input('FP32', [2])], raw_input_contents: [Buffer.alloc(7)] },
      "input byte size mismatch for input 'x': expected 8 bytes for FP32 [2], got 7",
    ],
    [{ parameters: { empty: {} } }, "parameter 'empty' has no value"],
    [{ parameters: { shared_memory_region: { string_param: 'r' } } }, 'shared memory is not supported'],
  ])('is refused: %#', (request, text) => {
    expect(failure(request)[1]).toContain(text);
  });

  it('is refused where it would take too much memory', () => {
    const ones = { bool_contents: Array.from({ length: 1000 }, () => true) };
    expect(failure({ inputs: [input('BOOL', [1000], ones)] }, { maxDecodedBytes: 999 })[0]).toBe('OIP_ERR_TOO_LARGE');
    const longs = { int64_contents: Array.from({ length: 1000 }, () => 1) };
    expect(failure({ inputs: [input('INT64', [1000], longs)] }, { maxDecodedBytes: 7999 })[0]).toBe(
      'OIP_ERR_TOO_LARGE',
    );
    expect(decodeObject({ inputs: [input('INT64', [1000], longs)] }, { maxDecodedBytes: 8000 }).inputs).toHaveLength(1);
    const strings = { inputs: [input('BYTES', [1000])], raw_input_contents: [Buffer.alloc(4000)] };
    expect(failure(strings, { maxDecodedBytes: 30_000 })[0]).toBe('OIP_ERR_TOO_LARGE');
    const empties = Buffer.alloc(2 * 65_537, Buffer.from([0x2a, 0]));
    expect(failure(empties)).toEqual(['OIP_ERR_TOO_LARGE', expect.stringContaining('more than 65536 inputs')]);
  });

  it('is refused wherever it ends too early', () => {
    const whole = encoded(TYPE, {
      model_name: 'm',
      id: 'i',
      parameters: { p: { double_param: 1 } },
      inputs: [input('INT64', [2, 2], { int64_contents: ['300', '-1', '5', '6'] })],
      outputs: [{ name: 'y' }],
    });
    const ends: number[] = [];
    for (let length = 1; length < whole.length; length++) {
      try {
        decode(whole.subarray(0, length));
        ends.push(length);
      } catch (error) {
        expect(error).toMatchObject({ code: 'OIP_ERR_REQUEST', category: 'INVALID_ARGUMENT' });
      }
    }
    // Only between two fields: after the name, the id, the parameter and the input.
    expect(ends).toHaveLength(4);
    expect(failure(whole.subarray(0, 2))[1]).toBe(
      'the message is not valid protobuf: a length points past the end at byte 1',
    );
  });

  it.each([
    ['a group that never ends', [0x53]],
    ['a group that ends twice', [0x54]],
    ['a field number 0', [0x02, 0]],
    ['an unknown wire type', [0x56]],
    ['a number of eleven bytes', [0x50, ...Array.from({ length: 10 }, () => 0xff), 0x01]],
    ['nested groups without end', Array.from({ length: 5000 }, () => 0x53)],
    ['packed values that end within one', [0x2a, 9, 0x12, 4, 0x46, 0x50, 0x33, 0x32, 0x2a, 1, 0x32]],
  ])('%s is refused', (_, bytes) => {
    expect(failure(Buffer.from(bytes))[0]).toBe('OIP_ERR_REQUEST');
  });
});
