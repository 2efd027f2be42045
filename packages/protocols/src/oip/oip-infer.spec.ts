import { dirname } from 'node:path';
import type { TestingApplication } from '@witan/core/testing';
import { fixture, fixtureModel } from '@witan-libs/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { binaryBody, oipApplication, splitAnswer, tensor } from './oip.spec.support.js';

const MODELS = [
  'iris',
  'iris-classifier',
  'mixed-strings',
  'two-inputs',
  'variable-width',
  'scalar-outputs',
  'nan',
  'wrong-rows',
  ...['f16', 'f32', 'f64', 'i8', 'i16', 'i32', 'i64', 'u8', 'u16', 'u32', 'u64', 'bool', 'string'].map(
    (type) => `identity-${type}`,
  ),
];

describe('inference over REST', () => {
  let app: TestingApplication;
  const infer = (model: string, payload: object | string, headers: Record<string, string> = {}) =>
    app.inject({ method: 'POST', url: `/v2/models/${model}/infer`, payload, headers });
  const x = (datatype: string, data: unknown[]) => tensor('x', datatype, [1, data.length], data);

  beforeAll(async () => {
    app = await oipApplication(dirname(fixtureModel('iris')), MODELS);
  });
  afterAll(() => app?.close());

  it('answers every row of a data set as onnxruntime did', async () => {
    const { columns, inputs, expected, count } = fixture('iris');
    const rows = Array.from({ length: count }, (_, row) => inputs['X']!.map((name) => columns.get(name)![row]!));
    const answer = await infer('iris', { id: 'r7', inputs: [tensor('X', 'FP32', [count, 3], rows)] });
    expect(answer.statusCode).toBe(200);
    const { outputs, ...rest } = answer.json<{ outputs: { data: number[] }[] }>();
    expect(rest).toEqual({ model_name: 'iris', model_version: '1', id: 'r7' });
    expect(outputs).toMatchObject([{ name: 'sepal_length', datatype: 'FP32', shape: [count, 1] }]);
    outputs[0]!.data.forEach((value, row) =>
      expect(value).toBeCloseTo((expected['sepal_length']![row] as number[])[0]!, 4),
    );
  });

  it.each([
    ['f32', 'FP32', [1.5, 0.1, -3e38], undefined],
    ['f64', 'FP64', [Math.PI, 5e-324, -1e300], undefined],
    ['i8', 'INT8', [-128, 0, 127], undefined],
    ['i16', 'INT16', [-32768, 0, 32767], undefined],
    ['i32', 'INT32', [-2147483648, 0, 2147483647], undefined],
    ['u8', 'UINT8', [0, 1, 255], undefined],
    ['u16', 'UINT16', [0, 1, 65535], undefined],
    ['u32', 'UINT32', [0, 1, 4294967295], undefined],
    ['bool', 'BOOL', [true, false, true], undefined],
    ['string', 'BYTES', ['grün', '', '"🌼"'], undefined],
    ['i64', 'INT64', [], '[9223372036854775807,-9223372036854775808,9007199254740993]'],
    ['u64', 'UINT64', [], '[18446744073709551615,0,9007199254740993]'],
    ['f32', 'FP32', [], '["NaN","Infinity","-Infinity"]'],
  ] as const)('gives %s back in JSON: %s', async (type, datatype, data, text) => {
    const body = JSON.stringify({ inputs: [x(datatype, [...data])] });
    const exact = text === undefined ? body : body.replace('"shape":[1,0]', '"shape":[1,3]').replace('[]', text);
    const answer = await infer(`identity-${type}`, exact);
    expect(answer.payload).toContain(
      `{"name":"y","datatype":"${datatype}","shape":[1,3],"data":${text ?? JSON.stringify(data)}}`,
    );
  });

  it.each([
    ['f16', 'FP16', Uint16Array.of(0x3c00, 0xc000, 0x7c00)],
    ['f32', 'FP32', Float32Array.of(NaN, -0, 1e-45)],
    ['f64', 'FP64', Float64Array.of(Math.PI, -0, Infinity)],
    ['i64', 'INT64', BigInt64Array.of(-(2n ** 63n), 1n, 2n ** 63n - 1n)],
    ['u64', 'UINT64', BigUint64Array.of(2n ** 64n - 1n, 0n, 1n)],
    ['i8', 'INT8', Int8Array.of(-1, 0, 1)],
    ['bool', 'BOOL', Uint8Array.of(1, 0, 1)],
  ] as const)('gives %s back as bytes, bit by bit', async (type, datatype, data) => {
    const bytes = new Uint8Array(data.buffer);
    const input = { name: 'x', shape: [1, 3], datatype, parameters: { binary_data_size: bytes.length } };
    // Ids of different lengths put the bytes at every offset.
    for (const id of ['', '1', '12', '123']) {
      const request = binaryBody({ id, parameters: { binary_data_output: true }, inputs: [input] }, bytes);
      const answer = await infer(`identity-${type}`, request.payload as never, request.headers);
      expect(answer.headers['content-type']).toBe('application/octet-stream');
      expect(Number(answer.headers['inference-header-content-length']) % 8).toBe(0);
      const { json, bytes: raw } = splitAnswer(answer);
      expect(json).toMatchObject({
        outputs: [{ name: 'y', datatype, shape: [1, 3], parameters: { binary_data_size: bytes.length } }],
      });
      expect([...raw]).toEqual([...bytes]);
    }
  });

  it('takes strings as bytes, and refuses those that are no text', async () => {
    const value = (text: string | number[]): Buffer => {
      const bytes = Buffer.from(text as string);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return Buffer.concat([length, bytes]);
    };
    const send = (bytes: Buffer) => {
      const input = { name: 'x', shape: [1, 3], datatype: 'BYTES', parameters: { binary_data_size: bytes.length } };
      const outputs = [{ name: 'y', parameters: { binary_data: true } }];
      const request = binaryBody({ inputs: [input], outputs }, bytes);
      return infer('identity-string', request.payload as never, request.headers);
    };
    const good = Buffer.concat([value('grün'), value(''), value('🌼')]);
    expect(splitAnswer(await send(good)).bytes).toEqual(good);
    const bad = await send(Buffer.concat([value('a'), value([0xff, 0xfe]), value('b')]));
    expect([bad.statusCode, bad.json()]).toEqual([
      400,
      { error: "input 'x': value 1 is not UTF-8: models here take text, and other bytes cannot be given to them" },
    ]);
  });

  it('lets each output choose its form, and computes only what is asked for', async () => {
    const inputs = [tensor('X', 'FP32', [1, 4], [5, 3, 1, 0])];
    const outputs = [{ name: 'probabilities', parameters: { binary_data: true } }, { name: 'label' }];
    const answer = await infer('iris-classifier', { inputs, outputs });
    const { json, bytes } = splitAnswer(answer);
    expect(json['outputs']).toMatchObject([
      { name: 'probabilities', shape: [1, 3], parameters: { binary_data_size: 12 } },
      { name: 'label', datatype: 'INT64', shape: [1], data: [0] },
    ]);
    expect(bytes.length).toBe(12);
    const one = await infer('iris-classifier', { inputs, outputs: [{ name: 'label' }, { name: 'label' }] });
    expect(one.json<{ outputs: object[] }>().outputs).toEqual([
      { name: 'label', datatype: 'INT64', shape: [1], data: [0] },
    ]);
  });

  it('answers with classes', async () => {
    const request = {
      inputs: [tensor('X', 'FP32', [2, 4], [5, 3, 1, 0, 6, 3, 5, 2])],
      outputs: [{ name: 'probabilities', parameters: { classification: 1 } }],
    };
    const answer = await infer('iris-classifier', request);
    const [output] = answer.json<{ outputs: { datatype: string; shape: number[]; data: string[] }[] }>().outputs;
    expect(output).toMatchObject({ datatype: 'BYTES', shape: [2, 1] });
    expect(output!.data.map((text) => text.split(':')[1])).toEqual(['0', '2']);
    expect(output!.data[0]).toMatch(/^0\.\d{6}:0$/);
  });

  it('runs rows of several callers together, and gives each its own', async () => {
    const answers = await Promise.all(
      [1, 2, 3, 4].map((value) => infer('identity-f32', { inputs: [x('FP32', [value, value, value])] })),
    );
    expect(answers.map((answer) => answer.json<{ outputs: { data: number[] }[] }>().outputs[0]!.data[0])).toEqual([
      1, 2, 3, 4,
    ]);
    const stats = await app.inject('/v2/models/identity-f32/stats');
    const { model_stats } = stats.json<{ model_stats: { batch_stats: { batch_size: number }[] }[] }>();
    expect(model_stats[0]!.batch_stats.some(({ batch_size }) => batch_size === 4)).toBe(true);
  });

  it('takes several inputs in any order, and outputs without a second dimension', async () => {
    const inputs = [tensor('b', 'FP32', [2, 2], [1, 2, 3, 4]), tensor('a', 'FP32', [2], [10, 20])];
    const sum = await infer('two-inputs', { inputs });
    expect(sum.json()).toMatchObject({ outputs: [{ shape: [2, 2], data: [11, 12, 23, 24] }] });
    const scalars = await infer('scalar-outputs', { inputs: [tensor('x', 'FP32', [2, 2], [1, 2, -1, -2])] });
    expect(scalars.json<{ outputs: object[] }>().outputs).toEqual([
      { name: 'sum', datatype: 'FP32', shape: [2], data: [3, -3] },
      { name: 'is_positive', datatype: 'BOOL', shape: [2], data: [true, false] },
      { name: 'name', datatype: 'BYTES', shape: [2], data: ['positive', 'not positive'] },
    ]);
  });

  it('takes no rows, and widths that the model leaves open', async () => {
    const none = await infer('iris', { inputs: [tensor('X', 'FP32', [0, 3], [])] });
    expect(none.json()).toMatchObject({ outputs: [{ shape: [0, 1], data: [] }] });
    const wide = await infer('variable-width', { inputs: [tensor('x', 'FP32', [1, 5], [1, 2, 3, 4, 5])] });
    expect(wide.json()).toMatchObject({ outputs: [{ shape: [1, 5], data: [2, 4, 6, 8, 10] }] });
  });

  it('writes NaN and infinities as the strings that they are everywhere here', async () => {
    const answer = await infer('nan', { inputs: [tensor('x', 'FP32', [2, 1], [-1, 0])] });
    expect(answer.payload).toContain('"data":["NaN","-Infinity"]');
  });

  it('takes a body that is nothing but one tensor', async () => {
    const headers = { 'inference-header-content-length': '0' };
    const row = Float32Array.of(3.5, 1.4, 0.2);
    const answer = await infer('iris', Buffer.from(row.buffer), headers);
    expect(splitAnswer(answer).json).toMatchObject({ outputs: [{ name: 'sepal_length', shape: [1, 1] }] });
    expect(splitAnswer(answer).bytes.readFloatLE(0)).toBeCloseTo(5.03, 1);
    const wide = await infer('variable-width', Buffer.from(row.buffer), headers);
    expect(splitAnswer(wide).json).toMatchObject({ outputs: [{ shape: [1, 3] }] });
    expect((await infer('two-inputs', Buffer.from(row.buffer), headers)).json()).toEqual({
      error: "raw input data is taken by models with one input only, and model 'two-inputs' has 2",
    });
    expect((await infer('iris', Buffer.alloc(11), headers)).json<{ error: string }>().error).toContain(
      'expected 12 bytes',
    );
    expect((await infer('identity-string', Buffer.from('a'), headers)).statusCode).toBe(400);
  });

  it('needs no content type, and minds none', async () => {
    const payload = JSON.stringify({ inputs: [tensor('X', 'FP32', [1, 3], [3, 4, 1])] });
    for (const type of [undefined, 'text/plain', 'application/json; charset=utf-8', 'application/octet-stream']) {
      const answer = await infer('iris', payload, type === undefined ? {} : { 'content-type': type });
      expect(answer.statusCode).toBe(200);
    }
  });

  it.each([
    [
      'iris',
      [],
      "expected 1 inputs but got 0 inputs for model 'iris'. Got input(s) [], but missing required input(s) ['X']. Please provide all required input(s).",
    ],
    ['two-inputs', [tensor('a', 'FP32', [1], [1])], "Got input(s) ['a'], but missing required input(s) ['b']"],
    ['iris', [tensor('Y', 'FP32', [1, 3], [1, 2, 3])], "unexpected inference input 'Y' for model 'iris'"],
    [
      'iris',
      [tensor('X', 'FP32', [1, 4], [1, 2, 3, 4])],
      "unexpected shape for input 'X' for model 'iris'. Expected [-1,3], got [1,4]",
    ],
    ['iris', [tensor('X', 'FP32', [3], [1, 2, 3])], 'Expected [-1,3], got [3]'],
    [
      'iris',
      [tensor('X', 'FP64', [1, 3], [1, 2, 3])],
      "inference input 'X' data-type is 'FP64', but model 'iris' expects 'FP32'",
    ],
    [
      'iris',
      [tensor('X', 'FP32', [1, 3], [1, 2])],
      "input 'X' has fewer values in 'data' than the 3 that its shape needs",
    ],
    [
      'two-inputs',
      [tensor('a', 'FP32', [2], [1, 2]), tensor('b', 'FP32', [1, 2], [1, 2])],
      "input 'b' batch size does not match other inputs for 'two-inputs'",
    ],
    [
      'two-inputs',
      [tensor('a', 'FP32', [1], [1]), tensor('a', 'FP32', [1], [1])],
      "input 'b' is missing for model 'two-inputs', another one is given twice",
    ],
    [
      'identity-f16',
      [tensor('x', 'FP16', [1, 3], [1, 2, 3])],
      "sending FP16 data via JSON is not supported. Please use the binary data format for input 'x'",
    ],
  ])('%s refuses other inputs with 400: %j', async (model, inputs, error) => {
    const answer = await infer(model, { inputs });
    expect(answer.statusCode).toBe(400);
    expect(answer.json<{ error: string }>().error).toContain(error);
  });

  it.each([
    [[1_000_000_000_000, 0], 413, 'more than the 1000000 rows'],
    [[5, 0], 400, 'its rows have no values'],
  ])('refuses rows of nothing, which cost nothing to send: %j', async (shape, status, error) => {
    const answer = await infer('variable-width', { inputs: [tensor('x', 'FP32', shape, [])] });
    expect([answer.statusCode, answer.json<{ error: string }>().error]).toEqual([
      status,
      expect.stringContaining(error),
    ]);
  });

  it('refuses BF16 by its name', async () => {
    const input = { name: 'X', shape: [1, 3], datatype: 'BF16', parameters: { binary_data_size: 6 } };
    const request = binaryBody({ inputs: [input] }, new Uint8Array(6));
    const answer = await infer('iris', request.payload as never, request.headers);
    expect(answer.json<{ error: string }>().error).toContain("onnxruntime's binding for Node takes no BF16");
  });

  it('refuses outputs that there are not, and FP16 in JSON', async () => {
    const inputs = [tensor('X', 'FP32', [1, 3], [3, 4, 1])];
    const unknown = await infer('iris', { inputs, outputs: [{ name: 'width' }] });
    expect([unknown.statusCode, unknown.json()]).toEqual([
      400,
      { error: "unexpected inference output 'width' for model 'iris': it has sepal_length" },
    ]);
    const half = { name: 'x', shape: [1, 3], datatype: 'FP16', parameters: { binary_data_size: 6 } };
    const request = binaryBody({ inputs: [half] }, new Uint8Array(6));
    const answer = await infer('identity-f16', request.payload as never, request.headers);
    expect(answer.json<{ error: string }>().error).toContain('Please use the binary data format for output');
    const strings = {
      inputs: [tensor('x', 'BYTES', [1, 3], ['a', 'b', 'c'])],
      outputs: [{ name: 'y', parameters: { classification: 1 } }],
    };
    expect((await infer('identity-string', strings)).json<{ error: string }>().error).toContain(
      'class result not available',
    );
  });

  it.each([
    [{ sequence_id: 5 }, 501, 'there are no sequence models here'],
    [{ sequence_start: true }, 501, 'there are no sequence models here'],
    [{ priority: 'high' }, 400, "parameter 'priority' is high"],
    [{ timeout: -1 }, 400, "parameter 'timeout' is -1"],
    [{ binary_data_output: 1 }, 400, "parameter 'binary_data_output' must be true or false"],
    [{ sequence_id: 0, priority: 3, timeout: 0, 'my own': 'x' }, 200, ''],
  ])('looks at the parameters that the protocol reserves: %j', async (parameters, status, error) => {
    const answer = await infer('iris', { parameters, inputs: [tensor('X', 'FP32', [1, 3], [3, 4, 1])] });
    expect(answer.statusCode).toBe(status);
    if (error) expect(answer.json<{ error: string }>().error).toContain(error);
  });

  it.each([
    ['not a number', '12x'],
    ['longer than the body', '100000'],
  ])('refuses a header length that is %s', async (_, length) => {
    const answer = await infer('iris', '{}', { 'inference-header-content-length': length });
    expect([answer.statusCode, answer.json<{ error: string }>().error]).toEqual([
      400,
      expect.stringContaining('Inference-Header-Content-Length'),
    ]);
  });

  it('answers 500 in its own form when the model fails', async () => {
    const answer = await infer('wrong-rows', { inputs: [tensor('x', 'FP32', [2, 2], [1, 2, 3, 4])] });
    expect(answer.statusCode).toBe(500);
    expect(answer.json<{ error: string }>().error).toContain('must give a row for each');
  });
});
