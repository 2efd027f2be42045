import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Module } from '@nestjs/common';
import { type WitanApplication, WitanFactory, WitanModule } from '@witan/core';
import { ModelModule } from '@witan/inference';
import { INFERENCE_PROTO, OipModule } from '@witan/protocols';
import { fixtureModel } from '@witan-libs/testing';
import protobuf from 'protobufjs';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { grpcurl, kserveClient, type Tool, tritonClient } from '../harness/foreign-tools.js';
import { ROOT } from '../harness/repository.js';

const run = promisify(execFile);
const TYPES = ['f16', 'f32', 'f64', 'i8', 'i16', 'i32', 'i64', 'u8', 'u16', 'u32', 'u64', 'bool', 'string'];

function pathOf(tool: Tool, context: TestContext): string {
  if ('missing' in tool) context.skip(tool.missing);
  return (tool as { path: string }).path;
}

/** What one of test/clients prints. */
// eslint-disable-next-line typescript/no-explicit-any -- its shape is the script's
async function pythonClient(interpreter: string, script: string, ...args: string[]): Promise<any> {
  const { stdout } = await run(interpreter, [join(ROOT, 'test/clients', script), ...args], { maxBuffer: 1 << 26 });
  return JSON.parse(stdout);
}

const models = ['iris', 'iris-classifier', 'w1', 'slow', ...TYPES.map((type) => `identity-${type}`)].map((name) => ({
  name,
  trusted: true,
}));

@Module({
  imports: [
    WitanModule.forRoot({ access: { modelControl: true } }),
    ModelModule.forRoot({ store: dirname(fixtureModel('iris')) }),
    ModelModule.forFeature(...models),
    OipModule.forRoot({}),
  ],
})
class App {}

describe('the Open Inference Protocol over gRPC, called by programs that are not ours', () => {
  let app: WitanApplication;
  let address: string;
  let tools: { triton: Tool; kserve: Tool; grpcurl: Tool };

  beforeAll(async () => {
    tools = { triton: await tritonClient(), kserve: await kserveClient(), grpcurl: await grpcurl() };
    app = await WitanFactory.create(App, { logger: false });
    address = (await app.listen({ http: false, grpc: 0, host: '127.0.0.1', banner: false })).grpc!;
  });
  afterAll(() => app?.close());

  it('the .proto has the numbers and types of Triton’s', async (context) => {
    const theirs = await pythonClient(pathOf(tools.triton, context), 'oip_grpc_client.py', 'describe');
    const { root } = protobuf.parse(INFERENCE_PROTO, { keepCase: true });
    const { nested = {} } = root.lookup('inference') as protobuf.Namespace;
    for (const each of Object.values(nested)) {
      if (each instanceof protobuf.Type) expectSame(each, theirs.messages);
      else if (each instanceof protobuf.Enum) expect(theirs.enums[each.fullName.slice(1)]).toEqual(each.values);
    }
    const { methods } = root.lookupService('inference.GRPCInferenceService');
    const ours = Object.values(methods).map(({ name, requestType, responseType, requestStream, responseStream }) => [
      name,
      [requestType, responseType, requestStream ?? false, responseStream ?? false],
    ]);
    expect(Object.fromEntries(ours)).toEqual(theirs.methods);
  });

  it.for(['sync', 'aio'])('tritonclient.grpc, %s', async (kind, context) => {
    const seen = await pythonClient(pathOf(tools.triton, context), 'oip_grpc_client.py', address, kind);
    expect(seen).toMatchObject({ live: true, ready: true, model_ready: true, unknown_ready: false });
    expect(seen.metadata).toMatchObject({ name: 'witan' });
    expect(seen.model_metadata).toEqual({
      name: 'iris',
      versions: ['1'],
      platform: 'onnxruntime_onnx',
      inputs: [{ name: 'X', datatype: 'FP32', shape: ['-1', '3'] }],
      outputs: [{ name: 'sepal_length', datatype: 'FP32', shape: ['-1', '1'] }],
    });
    expect(seen.config.config).toMatchObject({
      name: 'iris',
      backend: 'onnxruntime',
      max_batch_size: 64,
      input: [{ name: 'X', data_type: 'TYPE_FP32', dims: ['3'] }],
      instance_group: [{ kind: 'KIND_CPU' }],
    });
    expect(seen.identities).toEqual(Object.fromEntries(TYPES.map((type) => [type, true])));
    expect(seen.default.answer).toMatchObject({ model_name: 'iris', model_version: '1', id: 'r1' });
    expect(seen.default.output).toMatchObject({ dtype: 'float32', shape: [2, 1] });
    expect([seen.gzip, seen.deflate]).toEqual([seen.default.output.values, seen.default.output.values]);
    expect(seen.chosen).toEqual(['label']);
    expect(seen.classes).toMatchObject({
      shape: [1, 2],
      values: [[expect.stringMatching(/^0\.9\d*:0/), expect.any(String)]],
    });
    expect(seen.stream).toEqual(
      Array.from({ length: 10 }, (_, i) =>
        i === 4 ? "Request for unknown model: 'nope' is not found" : [String(i), i],
      ),
    );
    expect(seen.statistics.model_stats[0]).toMatchObject({
      name: 'iris',
      inference_stats: { success: { count: expect.any(String), ns: expect.any(String) } },
    });
    expect(seen.trace.settings).toMatchObject({ trace_level: { value: ['OFF'] } });
    expect(seen.trace_again).toEqual(seen.trace);
    expect(seen.log.settings).toMatchObject({ log_format: { string_param: 'default' } });
    expect(seen.index.models).toContainEqual({ name: 'w1', version: '1', state: 'UNAVAILABLE', reason: 'unloaded' });
    expect(seen).toMatchObject({ unloaded: false, loaded: true, loaded_config: 5 });
    expect(seen.refused).toEqual({
      model: ['StatusCode.NOT_FOUND', "Request for unknown model: 'nope' is not found"],
      version: ['StatusCode.NOT_FOUND', expect.stringContaining("'iris' version 9 is not found")],
      shape: ['StatusCode.INVALID_ARGUMENT', expect.stringContaining('Expected [-1,3], got [2,2]')],
      datatype: ['StatusCode.INVALID_ARGUMENT', expect.stringContaining("data-type is 'FP64'")],
      name: ['StatusCode.INVALID_ARGUMENT', expect.stringContaining("unexpected inference input 'Y'")],
      sequence: ['StatusCode.UNIMPLEMENTED', expect.stringContaining('no sequence models')],
      load: ['StatusCode.NOT_FOUND', expect.stringContaining("failed to load 'nope'")],
      log: ['StatusCode.UNIMPLEMENTED', expect.stringContaining('cannot be changed')],
      shared_memory: ['StatusCode.UNIMPLEMENTED', expect.stringContaining('shared memory is not supported')],
      deadline: ['StatusCode.DEADLINE_EXCEEDED', expect.any(String)],
    });
  });

  it('KServe’s client, and its way to load and unload', async (context) => {
    const seen = await pythonClient(pathOf(tools.kserve, context), 'kserve_grpc_client.py', address);
    expect(seen).toMatchObject({ live: true, ready: true, model_ready: true });
    expect(seen.raw).toEqual(['iris', 'k1', [2, 1], [expect.any(Number), expect.any(Number)]]);
    expect(seen.typed).toEqual(seen.raw);
    expect(seen.unloaded).toEqual(['w1', true, false]);
    expect(seen.loaded).toEqual(['w1', true, true]);
    expect(seen.refused).toEqual(['NOT_FOUND', "Request for unknown model: 'nope' is not found"]);
  });

  it('grpcurl, by reflection', async (context) => {
    const tool = pathOf(tools.grpcurl, context);
    const call = async (method: string, message: object): Promise<unknown> => {
      const args = ['-plaintext', '-d', JSON.stringify(message), address, `inference.GRPCInferenceService/${method}`];
      return JSON.parse((await run(tool, args)).stdout);
    };
    expect((await run(tool, ['-plaintext', address, 'list'])).stdout).toContain('inference.GRPCInferenceService');
    const inputs = [{ name: 'X', datatype: 'FP32', shape: [1, 3], contents: { fp32_contents: [3, 4, 1] } }];
    expect(await call('ModelInfer', { model_name: 'iris', inputs })).toMatchObject({
      modelName: 'iris',
      outputs: [{ name: 'sepal_length', shape: ['1', '1'] }],
      rawOutputContents: [expect.any(String)],
    });
    expect(await call('ModelConfig', { name: 'iris' })).toMatchObject({ config: { maxBatchSize: 64 } });
  });
});

/** Numbers of google.protobuf.FieldDescriptorProto.Type. */
const FIELD_TYPES: Readonly<Record<string, number>> = {
  double: 1,
  float: 2,
  int64: 3,
  uint64: 4,
  int32: 5,
  bool: 8,
  string: 9,
  bytes: 12,
  uint32: 13,
};
const MESSAGE = 11;
const ENUM = 14;

/** Every field that is published stands in theirs with the same number and type. */
function expectSame(
  type: protobuf.Type,
  theirs: Readonly<Record<string, Record<string, [number, number, string]>>>,
): void {
  const fields = theirs[type.fullName.slice(1)];
  for (const field of type.fieldsArray) {
    field.resolve();
    const seen = fields?.[field.name];
    const kind = field.resolvedType instanceof protobuf.Enum ? ENUM : (FIELD_TYPES[field.type] ?? MESSAGE);
    const expected = [field.id, field instanceof protobuf.MapField ? MESSAGE : kind];
    expect([field.fullName, seen?.[0], seen?.[1]]).toEqual([field.fullName, ...expected]);
    if (field.resolvedType instanceof protobuf.Type && !(field instanceof protobuf.MapField))
      expect(seen![2]).toBe(field.resolvedType.fullName.slice(1));
  }
  for (const nested of type.nestedArray) if (nested instanceof protobuf.Type) expectSame(nested, theirs);
}
