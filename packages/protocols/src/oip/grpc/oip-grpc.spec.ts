import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { status } from '@grpc/grpc-js';
import { BatchControl } from '@witan/core';
import { ModelRegistry } from '@witan/inference';
import { fixture, fixtureModel } from '@witan-libs/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type OipClient, serve, type Served, type ServeOptions } from './oip-client.spec.support.js';

const STORE = dirname(fixtureModel('iris'));
const CONTROL: ServeOptions = { witan: { access: { modelControl: true } } };
const KEY = 'a-key-of-sixteen-or-more';
const KEYS = { apiKeys: { keys: [{ name: 'me', key: KEY }] } };

const input = (name: string, datatype: string, shape: number[], contents?: object) => ({
  name,
  datatype,
  shape,
  ...(contents && { contents }),
});
const IRIS = { model_name: 'iris', inputs: [input('X', 'FP32', [1, 3], { fp32_contents: [3, 4, 1] })] };

/** What a call fails with. */
async function failure(call: Promise<unknown>): Promise<{ code: number; details: string }> {
  try {
    await call;
  } catch (error) {
    const { code, details } = error as { code: number; details: string };
    return { code, details };
  }
  throw new Error('it was answered');
}

function refusal(code: number, text: string): object {
  return { code, details: expect.stringContaining(text) as string };
}

describe('inference over gRPC', () => {
  const TYPES = ['f16', 'f32', 'f64', 'i8', 'i16', 'i32', 'i64', 'u8', 'u16', 'u32', 'u64', 'bool', 'string'];
  let served: Served;
  let client: OipClient;
  beforeAll(async () => {
    served = await serve(STORE, ['iris', 'iris-classifier', 'two-inputs', ...TYPES.map((type) => `identity-${type}`)]);
    ({ client } = served);
  });
  afterAll(async () => {
    client.close();
    await served.app.close();
  });

  it('answers every row of a data set as onnxruntime did', async () => {
    const { columns, inputs, expected, count } = fixture('iris');
    const rows = Array.from({ length: count }, (_, row) => inputs['X']!.map((name) => columns.get(name)![row]!));
    const answer = await client.call('ModelInfer', {
      model_name: 'iris',
      id: 'r7',
      inputs: [input('X', 'FP32', [count, 3], { fp32_contents: rows.flat() })],
    });
    const { raw_output_contents: raw, ...rest } = answer;
    expect(rest).toEqual({
      model_name: 'iris',
      model_version: '1',
      id: 'r7',
      outputs: [{ name: 'sepal_length', datatype: 'FP32', shape: [String(count), '1'] }],
    });
    const values = new Float32Array(Uint8Array.from(raw[0]).buffer);
    values.forEach((value, row) => expect(value).toBeCloseTo((expected['sepal_length']![row] as number[])[0]!, 4));
  });

  it.each([
    ['f16', 'FP16', Uint16Array.of(0x3c00, 0xc000, 0x7c00), undefined],
    ['f32', 'FP32', Float32Array.of(NaN, -0, 1e-45), { fp32_contents: [NaN, -0, 1e-45] }],
    ['f64', 'FP64', Float64Array.of(Math.PI, -0, Infinity), { fp64_contents: [Math.PI, -0, Infinity] }],
    ['i8', 'INT8', Int8Array.of(-128, 0, 127), { int_contents: [-128, 0, 127] }],
    ['i16', 'INT16', Int16Array.of(-32768, 0, 32767), { int_contents: [-32768, 0, 32767] }],
    ['i32', 'INT32', Int32Array.of(-(2 ** 31), 0, 2 ** 31 - 1), { int_contents: [-(2 ** 31), 0, 2 ** 31 - 1] }],
    [
      'i64',
      'INT64',
      BigInt64Array.of(-(2n ** 63n), 2n ** 53n + 1n, 2n ** 63n - 1n),
      { int64_contents: ['-9223372036854775808', '9007199254740993', '9223372036854775807'] },
    ],
    ['u8', 'UINT8', Uint8Array.of(0, 1, 255), { uint_contents: [0, 1, 255] }],
    ['u16', 'UINT16', Uint16Array.of(0, 1, 65535), { uint_contents: [0, 1, 65535] }],
    ['u32', 'UINT32', Uint32Array.of(0, 1, 2 ** 32 - 1), { uint_contents: [0, 1, 2 ** 32 - 1] }],
    [
      'u64',
      'UINT64',
      BigUint64Array.of(2n ** 64n - 1n, 0n, 2n ** 53n + 1n),
      { uint64_contents: ['18446744073709551615', '0', '9007199254740993'] },
    ],
    ['bool', 'BOOL', Uint8Array.of(1, 0, 1), { bool_contents: [true, false, true] }],
    [
      'string',
      'BYTES',
      Buffer.concat([Buffer.of(5, 0, 0, 0), Buffer.from('grün'), Buffer.alloc(4), Buffer.of(1, 0, 0, 0, 0x61)]),
      { bytes_contents: [Buffer.from('grün'), Buffer.alloc(0), Buffer.from('a')] },
    ],
  ])('gives %s back bit by bit, from raw bytes and from typed values', async (type, datatype, data, contents) => {
    const raw = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const outputs = [{ name: 'y', datatype, shape: ['1', '3'] }];
    const model_name = `identity-${type}`;
    // Ids of different lengths put the bytes at every offset.
    for (const id of ['', '1', '12', '123', '1234', '12345', '123456', '1234567']) {
      const request = { model_name, id, inputs: [input('x', datatype, [1, 3])], raw_input_contents: [raw] };
      expect(await client.call('ModelInfer', request)).toMatchObject({ outputs, raw_output_contents: [raw] });
    }
    if (!contents) return;
    const request = { model_name, inputs: [input('x', datatype, [1, 3], contents)] };
    expect(await client.call('ModelInfer', request)).toMatchObject({ outputs, raw_output_contents: [raw] });
  });

  it('joins the rows of callers and gives each its own', async () => {
    const ask = (x: number) =>
      client.call('ModelInfer', {
        model_name: 'identity-f64',
        inputs: [input('x', 'FP64', [1, 3], { fp64_contents: [x, x, x] })],
      });
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => ask(i)));
    answers.forEach((answer, i) => expect(answer.raw_output_contents[0].readDoubleLE(8)).toBe(i));
  });

  it('computes what is asked for, as classes too', async () => {
    const request = {
      model_name: 'iris-classifier',
      inputs: [input('X', 'FP32', [1, 4], { fp32_contents: [5, 3, 1, 0] })],
      outputs: [{ name: 'probabilities', parameters: { classification: { int64_param: 1 } } }, { name: 'label' }],
    };
    const answer = await client.call('ModelInfer', request);
    expect(answer.outputs.map(({ name }: { name: string }) => name)).toEqual(['probabilities', 'label']);
    expect(answer.outputs[0]).toMatchObject({ datatype: 'BYTES', shape: ['1', '1'] });
    expect(answer.raw_output_contents[0].toString('utf8', 4)).toMatch(/^0\.9\d{5}:0$/);
  });

  it('a large request and its answer', async () => {
    const data = Buffer.alloc(3 * 4 * 250_000, 1);
    const request = {
      model_name: 'identity-f32',
      inputs: [input('x', 'FP32', [250_000, 3])],
      raw_input_contents: [data],
    };
    const answer = await client.call('ModelInfer', request);
    expect(data.equals(answer.raw_output_contents[0])).toBe(true);
  });

  it.each([
    [status.NOT_FOUND, { model_name: 'nope' }, "Request for unknown model: 'nope' is not found"],
    [status.NOT_FOUND, { ...IRIS, model_version: '9' }, "Request for unknown model: 'iris' version 9 is not found"],
    [status.NOT_FOUND, {}, "Request for unknown model: '' is not found"],
    [status.INVALID_ARGUMENT, { model_name: 'iris' }, "expected 1 inputs but got 0 inputs for model 'iris'"],
    [
      status.INVALID_ARGUMENT,
      { model_name: 'iris', inputs: [input('Y', 'FP32', [1, 3], { fp32_contents: [3, 4, 1] })] },
      "unexpected inference input 'Y' for model 'iris'",
    ],
    [
      status.INVALID_ARGUMENT,
      { model_name: 'iris', inputs: [input('X', 'FP32', [1, 3], { fp32_contents: [3, 4] })] },
      "input 'X' has 2 values, and its shape [1,3] needs 3",
    ],
    [
      status.INVALID_ARGUMENT,
      { model_name: 'iris', inputs: [input('X', 'FP64', [1, 3], { fp64_contents: [3, 4, 1] })] },
      "inference input 'X' data-type is 'FP64', but model 'iris' expects 'FP32'",
    ],
    [
      status.INVALID_ARGUMENT,
      { model_name: 'iris', inputs: [input('X', 'FP32', [1, 4], { fp32_contents: [3, 4, 1, 1] })] },
      "unexpected shape for input 'X' for model 'iris'. Expected [-1,3], got [1,4]",
    ],
    [
      status.INVALID_ARGUMENT,
      { ...IRIS, outputs: [{ name: 'z' }] },
      "unexpected inference output 'z' for model 'iris'",
    ],
    [status.INVALID_ARGUMENT, { ...IRIS, parameters: { timeout: { int64_param: -1 } } }, "parameter 'timeout' is -1"],
    [status.UNIMPLEMENTED, { ...IRIS, parameters: { sequence_id: { int64_param: 4 } } }, 'no sequence models here'],
  ])('fails with %i: %#', async (code, request, text) => {
    expect(await failure(client.call('ModelInfer', request))).toEqual(refusal(code, text));
  });

  it('bytes that are no message are refused, by every call', async () => {
    const bad = Buffer.from([0x0a, 0x7f, 1]);
    for (const method of ['ModelInfer', 'ModelReady', 'ModelConfig', 'RepositoryIndex', 'TraceSetting'])
      expect(await failure(client.raw(method, bad))).toEqual(
        refusal(status.INVALID_ARGUMENT, 'the message is not valid protobuf: a length points past the end at byte 1'),
      );
  });
});

describe('the calls beside inference', () => {
  let served: Served | undefined;
  let client: OipClient;
  const start = async (...args: Parameters<typeof serve> extends [string, ...infer R] ? R : never): Promise<void> => {
    served = await serve(STORE, ...args);
    ({ client } = served);
  };
  afterEach(async () => {
    client.close();
    await served?.app.close();
  });
  const fails = (method: string, request?: object) => failure(client.call(method, request));

  it('health and metadata', async () => {
    await start(['iris'], { oip: { serverName: 'mine', version: '7' } });
    expect(await client.call('ServerLive')).toEqual({ live: true });
    expect(await client.call('ServerReady')).toEqual({ ready: true });
    expect(await client.call('ModelReady', { name: 'iris' })).toEqual({ ready: true });
    expect(await client.call('ModelReady', { name: 'iris', version: '1' })).toEqual({ ready: true });
    for (const unknown of [{ name: 'nope' }, { name: 'iris', version: '9' }, {}])
      expect(await client.call('ModelReady', unknown)).toEqual({});
    expect(await client.call('ServerMetadata')).toEqual({
      name: 'mine',
      version: '7',
      extensions: expect.arrayContaining(['binary_tensor_data', 'statistics']) as string[],
    });
    const metadata = {
      name: 'iris',
      versions: ['1'],
      platform: 'onnxruntime_onnx',
      inputs: [{ name: 'X', datatype: 'FP32', shape: ['-1', '3'] }],
      outputs: [{ name: 'sepal_length', datatype: 'FP32', shape: ['-1', '1'] }],
    };
    expect(await client.call('ModelMetadata', { name: 'iris' })).toEqual(metadata);
    expect(await client.call('ModelMetadata', { name: 'iris', version: '1' })).toEqual(metadata);
  });

  it.each(['ModelMetadata', 'ModelConfig', 'ModelStatistics'])('%s of a model that is not there', async (method) => {
    await start(['iris']);
    const text = "Request for unknown model: 'nope' is not found";
    expect(await fails(method, { name: 'nope' })).toEqual(refusal(status.NOT_FOUND, text));
    expect(await fails(method, { name: 'iris', version: '9' })).toEqual(
      refusal(status.NOT_FOUND, "Request for unknown model: 'iris' version 9 is not found"),
    );
  });

  it('versions by number and by alias', async () => {
    await start(['iris']);
    await served!.app.nest.get(ModelRegistry).setAlias('iris', 'champion', '1');
    expect(await client.call('ModelInfer', { ...IRIS, model_version: 'champion' })).toMatchObject({
      model_name: 'iris',
      model_version: '1',
    });
    expect(await client.call('ModelReady', { name: 'iris', version: 'champion' })).toEqual({ ready: true });
  });

  it('configuration, as it is in force', async () => {
    await start([{ name: 'iris', batch: { maxRows: 7, maxDelayMs: 2 } }]);
    expect(await client.call('ModelConfig', { name: 'iris' })).toMatchObject({
      config: {
        name: 'iris',
        platform: 'onnxruntime_onnx',
        backend: 'onnxruntime',
        max_batch_size: 7,
        input: [{ name: 'X', data_type: 'TYPE_FP32', dims: ['3'] }],
        output: [{ name: 'sepal_length', data_type: 'TYPE_FP32', dims: ['1'] }],
        dynamic_batching: { max_queue_delay_microseconds: '2000' },
        version_policy: { latest: { num_versions: 1 } },
        instance_group: [{ kind: 'KIND_CPU', count: 1 }],
      },
    });
  });

  it('statistics with real counts', async () => {
    await start(['iris', 'w1']);
    await client.call('ModelInfer', IRIS);
    await client.call('ModelInfer', {
      model_name: 'iris',
      inputs: [input('X', 'FP32', [2, 3], { fp32_contents: [3, 4, 1, 3, 4, 1] })],
    });
    await failure(client.call('ModelInfer', { model_name: 'iris' }));
    const [seen] = (await client.call('ModelStatistics', { name: 'iris', version: '1' })).model_stats;
    expect(seen).toMatchObject({
      name: 'iris',
      version: '1',
      inference_count: '3',
      execution_count: '2',
      inference_stats: { success: { count: '2' }, compute_infer: { count: '2' } },
      batch_stats: [{ batch_size: '1' }, { batch_size: '2' }],
    });
    expect(Number(seen.last_inference)).toBeGreaterThan(1e12);
    expect(Number(seen.inference_stats.compute_infer.ns)).toBeGreaterThan(0);
    const all = await client.call('ModelStatistics');
    expect(all.model_stats.map(({ name }: { name: string }) => name)).toEqual(['iris', 'w1']);
  });

  it('loads and unloads, in the words of Triton and of KServe', async () => {
    await start(['iris', 'w1'], CONTROL);
    expect(await client.call('RepositoryModelUnload', { model_name: 'iris' })).toEqual({});
    expect((await client.call('RepositoryIndex')).models).toEqual([
      { name: 'iris', version: '1', state: 'UNAVAILABLE', reason: 'unloaded' },
      { name: 'w1', version: '1', state: 'READY' },
    ]);
    expect((await client.call('RepositoryIndex', { ready: true })).models).toMatchObject([{ name: 'w1' }]);
    expect(await client.call('ModelReady', { name: 'iris' })).toEqual({});
    expect(await failure(client.call('ModelInfer', IRIS))).toEqual(
      refusal(status.UNAVAILABLE, "Request for unknown model: 'iris' is not at ready state"),
    );
    expect(await client.call('RepositoryModelLoad', { repository_name: 'any', model_name: 'iris' })).toEqual({});
    expect(await client.call('ModelInfer', IRIS)).toMatchObject({ model_name: 'iris' });
    // KServe's messages: the name is field 1, the answers have model_name = 1 and isLoaded = 2.
    const kserve = Buffer.from([0x0a, 4, ...Buffer.from('iris')]);
    const answer = Buffer.concat([kserve, Buffer.from([0x10, 1])]);
    expect(await client.raw('RepositoryModelUnload', kserve)).toEqual(answer);
    expect(await client.call('ModelReady', { name: 'iris' })).toEqual({});
    expect(await client.raw('RepositoryModelLoad', kserve)).toEqual(answer);
    expect(await client.call('ModelReady', { name: 'iris' })).toEqual({ ready: true });
  });

  it('loads with a configuration and files of the call’s own', async () => {
    await start(['iris'], CONTROL);
    const file = readFileSync(fixtureModel('iris'));
    const config = { string_param: JSON.stringify({ max_batch_size: 3 }) };
    await client.call('RepositoryModelLoad', {
      model_name: 'iris',
      parameters: { config, 'file:1/model.onnx': { bytes_param: file } },
    });
    expect((await client.call('ModelConfig', { name: 'iris' })).config.max_batch_size).toBe(3);
    expect(await client.call('ModelInfer', IRIS)).toMatchObject({ model_name: 'iris' });
  });

  it.each([
    ['RepositoryModelLoad', { model_name: 'x' }, status.NOT_FOUND, "failed to load 'x'"],
    ['RepositoryModelUnload', { model_name: 'x' }, status.NOT_FOUND, "failed to unload 'x'"],
    [
      'RepositoryModelLoad',
      { model_name: 'iris', parameters: { speed: { int64_param: 1 } } },
      status.INVALID_ARGUMENT,
      "unrecognized load parameter 'speed' with type number",
    ],
    [
      'RepositoryModelLoad',
      { model_name: 'iris', parameters: { config: {} } },
      status.INVALID_ARGUMENT,
      "parameter 'config' has no value",
    ],
    [
      'RepositoryModelUnload',
      { model_name: 'iris', parameters: { hard: { bool_param: true } } },
      status.INVALID_ARGUMENT,
      "unrecognized unload parameter 'hard'",
    ],
  ])('%s of what cannot be done: %#', async (method, request, code, text) => {
    await start(['iris'], CONTROL);
    expect(await fails(method, request)).toEqual(refusal(code, text));
  });

  it('settings of trace and log are told as they are, and cannot be changed', async () => {
    await start(['iris'], CONTROL);
    const trace = await client.call('TraceSetting');
    expect(trace.settings).toMatchObject({ trace_level: { value: ['OFF'] }, trace_rate: { value: ['0'] } });
    expect(await client.call('TraceSetting', { model_name: 'iris' })).toEqual(trace);
    const same = { trace_level: { value: ['OFF'] }, trace_rate: {} };
    expect(await client.call('TraceSetting', { settings: same })).toEqual(trace);
    expect(await fails('TraceSetting', { settings: { trace_level: { value: ['TIMESTAMPS'] } } })).toEqual(
      refusal(status.UNIMPLEMENTED, 'cannot be changed'),
    );
    expect(await fails('TraceSetting', { model_name: 'nope' })).toEqual(refusal(status.NOT_FOUND, "'nope'"));
    const log = await client.call('LogSettings');
    expect(log.settings).toMatchObject({
      log_error: { bool_param: expect.any(Boolean) as boolean },
      log_verbose_level: { uint32_param: expect.any(Number) as number },
      log_format: { string_param: 'default' },
    });
    expect(await client.call('LogSettings', log)).toEqual(log);
    expect(await fails('LogSettings', { settings: { log_verbose_level: { uint32_param: 4 } } })).toEqual(
      refusal(status.UNIMPLEMENTED, 'cannot be changed'),
    );
    expect(await fails('LogSettings', { settings: { colour: { string_param: 'red' } } })).toEqual(
      refusal(status.INVALID_ARGUMENT, "unknown log setting 'colour'"),
    );
    expect(await fails('LogSettings', { settings: { log_info: {} } })).toEqual(
      refusal(status.INVALID_ARGUMENT, "setting 'log_info' has no value"),
    );
  });

  it('shared memory is not offered, and says so', async () => {
    await start(['iris']);
    for (const kind of ['System', 'Cuda'])
      for (const order of ['Status', 'Register', 'Unregister'])
        expect(await fails(`${kind}SharedMemory${order}`, { name: 'region' })).toEqual(
          refusal(status.UNIMPLEMENTED, 'shared memory is not supported'),
        );
  });

  describe('who may call what', () => {
    it('by default anyone predicts and reads, and nobody changes the server', async () => {
      await start(['iris']);
      const change = { settings: { trace_level: { value: ['OFF'] } } };
      const log = { settings: { log_info: { bool_param: true } } };
      for (const [method, request] of [
        ['RepositoryModelLoad', { model_name: 'iris' }],
        ['RepositoryModelUnload', { model_name: 'iris' }],
        ['TraceSetting', change],
        ['LogSettings', log],
      ] as const)
        expect(await fails(method, request)).toEqual(refusal(status.PERMISSION_DENIED, 'switched off'));
      for (const method of ['TraceSetting', 'LogSettings', 'RepositoryIndex', 'ModelStatistics'])
        expect(await client.call(method)).toBeTypeOf('object');
      expect(await client.call('ModelInfer', IRIS)).toMatchObject({ model_name: 'iris' });
    });

    it('with keys, inference needs one and health does not', async () => {
      await start(['iris'], { witan: { access: KEYS } });
      expect(await fails('ModelInfer', IRIS)).toMatchObject({ code: status.UNAUTHENTICATED });
      const { answers, error } = await client.streamed([IRIS]);
      expect([answers, error?.code]).toEqual([[], status.UNAUTHENTICATED]);
      const metadata = { authorization: `Bearer ${KEY}` };
      expect(await client.call('ModelInfer', IRIS, { metadata })).toMatchObject({ model_name: 'iris' });
      expect((await client.streamed([IRIS], { metadata })).answers).toHaveLength(1);
      for (const method of ['ServerLive', 'ServerReady', 'ServerMetadata']) await client.call(method);
    });

    it('metadata needs a key too when it is not open', async () => {
      await start(['iris'], { witan: { access: KEYS }, oip: { metadataOpen: false } });
      for (const method of [
        'ServerMetadata',
        'ModelMetadata',
        'ModelConfig',
        'ModelStatistics',
        'RepositoryIndex',
        'TraceSetting',
        'LogSettings',
      ])
        expect([method, await fails(method)]).toMatchObject([method, { code: status.UNAUTHENTICATED }]);
      for (const method of ['ServerLive', 'ServerReady']) await client.call(method);
      expect(await client.call('ModelReady', { name: 'iris' })).toEqual({ ready: true });
    });
  });

  describe('callers that stop waiting, and too many of them', () => {
    const SLOW = { model_name: 'slow', inputs: [input('x', 'FP32', [1, 1], { fp32_contents: [1] })] };
    const oneByOne = { name: 'slow', threads: 1, batch: { maxRows: 1, coalesce: 'off' as const } };

    /** A request that is being run. */
    const running = async (): Promise<{ first: Promise<unknown> }> => {
      const first = client.call('ModelInfer', SLOW);
      const gates = served!.app.nest.get(BatchControl);
      while (gates.stats("model 'slow'").inFlight === 0) await new Promise((resolve) => setImmediate(resolve));
      return { first };
    };

    it('a deadline ends the wait, and the rows are not run', async () => {
      await start([oneByOne]);
      const { first } = await running();
      // Whoever notices first, client, transport or gate: it is the deadline, not a caller that went away.
      const late = await Promise.all(
        [1, 2, 3, 4, 5].map((ms) => failure(client.call('ModelInfer', SLOW, { deadlineMs: ms }))),
      );
      expect(late.map(({ code }) => code)).toEqual(Array.from(late, () => status.DEADLINE_EXCEEDED));
      await first;
      await client.call('ModelInfer', SLOW);
      const [{ inference_count: rows }] = (await client.call('ModelStatistics', { name: 'slow' })).model_stats;
      expect(rows).toBe('2');
    });

    it('the request’s own timeout too, in Triton’s words', async () => {
      await start([oneByOne]);
      const { first } = await running();
      const request = { ...SLOW, parameters: { timeout: { int64_param: 1000 } } };
      expect(await failure(client.call('ModelInfer', request))).toEqual(
        refusal(status.DEADLINE_EXCEEDED, 'Request timeout expired'),
      );
      await first;
    });

    it('a full queue is RESOURCE_EXHAUSTED: KServe’s client would repeat UNAVAILABLE', async () => {
      await start([{ name: 'slow', batch: { maxRows: 1, maxQueueRows: 1, coalesce: 'off' } }]);
      const ask = () =>
        client
          .call('ModelInfer', SLOW)
          .then(() => status.OK)
          .catch((error: { code: number }) => error.code);
      const codes = await Promise.all([ask(), ask(), ask(), ask(), ask(), ask()]);
      expect(new Set(codes)).toEqual(new Set([status.OK, status.RESOURCE_EXHAUSTED]));
    });

    it('a request that would take too much memory', async () => {
      await start(['identity-i64'], { witan: { grpc: { maxDecodedBytes: 1000 } } });
      const contents = { int64_contents: Array.from({ length: 300 }, () => 1) };
      const request = { model_name: 'identity-i64', inputs: [input('x', 'INT64', [100, 3], contents)] };
      expect(await failure(client.call('ModelInfer', request))).toEqual(
        refusal(status.RESOURCE_EXHAUSTED, 'raise grpc.maxDecodedBytes'),
      );
    });
  });
});
