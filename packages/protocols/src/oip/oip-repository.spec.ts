import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestingApplication } from '@witan/core/testing';
import type { ModelModuleOptions } from '@witan/inference';
import { fixtureModel } from '@witan-libs/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { oipApplication, tensor } from './oip.spec.support.js';

const CONFIG = `
name: "flowers"
platform: "onnxruntime_onnx"
max_batch_size: 16
input [ { name: "X" data_type: TYPE_FP32 dims: [ 4 ] } ]
output [
  { name: "label" data_type: TYPE_INT64 dims: [ 1 ] reshape { shape: [ ] } },
  { name: "probabilities" data_type: TYPE_FP32 dims: [ 3 ] label_filename: "labels.txt" }
]
version_policy { all { } }
`;
const FLOWER = tensor('X', 'FP32', [1, 4], [5, 3, 1, 0]);
const CLASSES = { inputs: [FLOWER], outputs: [{ name: 'probabilities', parameters: { classification: 1 } }] };

describe('the protocol on a repository of models', () => {
  let app: TestingApplication | undefined;
  let store: string;
  const put = (path: string, content: string | Buffer): void => {
    mkdirSync(join(store, path, '..'), { recursive: true });
    writeFileSync(join(store, path), content);
  };
  const putModel = (path: string, fixture: string): void => {
    mkdirSync(join(store, path), { recursive: true });
    copyFileSync(fixtureModel(fixture), join(store, path, 'model.onnx'));
  };
  const start = async (root: ModelModuleOptions = {}): Promise<void> => {
    const runners = { trusted: true };
    const options = { root: { serve: 'all', runners, ...root } as const, witan: { access: { modelControl: true } } };
    app = await oipApplication(store, [], options);
  };
  const get = async <T = Record<string, unknown>>(url: string): Promise<T> => (await app!.inject(url)).json<T>();
  const post = (url: string, payload: object = {}) => app!.inject({ method: 'POST', url, payload });

  beforeEach(() => {
    store = mkdtempSync(join(tmpdir(), 'witan-oip-'));
    put('flowers/config.pbtxt', CONFIG);
    put('flowers/labels.txt', 'setosa\nversicolor\nvirginica\n');
    putModel('flowers/1', 'iris-classifier');
    putModel('flowers/2', 'iris-classifier');
    putModel('iris/1', 'iris');
  });
  afterEach(async () => {
    await app?.close();
    app = undefined;
    rmSync(store, { recursive: true });
  });

  it('names classes by the label file, and versions by their numbers', async () => {
    await start();
    const answer = await post('/v2/models/flowers/infer', CLASSES);
    expect(answer.json()).toMatchObject({ model_version: '2', outputs: [{ shape: [1, 1] }] });
    expect(answer.json<{ outputs: { data: string[] }[] }>().outputs[0]!.data[0]).toMatch(/^0\.98\d{4}:0:setosa$/);
    expect(await get('/v2/models/flowers')).toMatchObject({ versions: ['1', '2'] });
    expect((await post('/v2/models/flowers/versions/1/infer', CLASSES)).json()).toMatchObject({ model_version: '1' });
    expect(await get('/v2/models/flowers/config')).toMatchObject({ max_batch_size: 16, version_policy: { all: {} } });
    expect(await get('/v2/models/flowers/stats')).toMatchObject({
      model_stats: [
        { version: '1', inference_count: 1 },
        { version: '2', inference_count: 1 },
      ],
    });
  });

  it('loads a model when it is first asked for, and counts it as ready', async () => {
    await start({ loading: 'lazy' });
    expect(await get('/v2/health/ready')).toMatchObject({ ready: true });
    expect((await post('/v2/repository/index', { ready: true })).json()).toEqual([]);
    expect(await get('/v2/models/iris/ready')).toEqual({ name: 'iris', ready: true });
    expect(await get('/v2/models/stats')).toEqual({ model_stats: [] });
    const answer = await post('/v2/models/iris/infer', { inputs: [tensor('X', 'FP32', [1, 3], [3, 4, 1])] });
    expect(answer.statusCode).toBe(200);
    expect((await post('/v2/repository/index', { ready: true })).json()).toEqual([
      { name: 'iris', version: '1', state: 'READY' },
    ]);
  });

  it('tells of a broken model why, and serves the others', async () => {
    put('broken/1/model.onnx', 'this is no model');
    await start();
    const index = (await post('/v2/repository/index')).json<{ name: string; state: string; reason?: string }[]>();
    expect(index.find(({ name }) => name === 'broken')).toMatchObject({
      state: 'UNAVAILABLE',
      reason: expect.stringMatching(/onnx/i) as string,
    });
    const refused = await post('/v2/models/broken/infer', { inputs: [FLOWER] });
    expect([refused.statusCode, refused.json<{ error: string }>().error]).toEqual([
      503,
      expect.stringContaining("Request for unknown model: 'broken' is not at ready state"),
    ]);
    expect((await app!.inject('/v2/models/broken/ready')).statusCode).toBe(503);
    expect((await post('/v2/models/flowers/infer', CLASSES)).statusCode).toBe(200);
    const loaded = await post('/v2/repository/models/broken/load');
    expect(loaded.json<{ error: string }>().error).toContain("failed to load 'broken'");
    expect(loaded.statusCode).toBeGreaterThanOrEqual(400);
  });

  it('loads with another configuration, and with other files', async () => {
    await start();
    const config = JSON.stringify({ max_batch_size: 4, version_policy: { latest: { num_versions: 1 } } });
    expect((await post('/v2/repository/models/flowers/load', { parameters: { config } })).statusCode).toBe(200);
    expect(await get('/v2/models/flowers/config')).toMatchObject({ max_batch_size: 4 });
    expect(await get('/v2/models/flowers')).toMatchObject({ versions: ['2'] });
    const file = readFileSync(fixtureModel('variable-width')).toString('base64');
    const parameters = { config: JSON.stringify({ max_batch_size: 8 }), 'file:7/model.onnx': file };
    const loaded = await post('/v2/repository/models/iris/load', { parameters });
    expect([loaded.statusCode, loaded.payload]).toEqual([200, '{}']);
    expect(await get('/v2/models/iris')).toMatchObject({ versions: ['7'], inputs: [{ name: 'x', shape: [-1, -1] }] });
  });

  it.each(['file:../../x/model.onnx', 'file:/etc/passwd', 'file:1/../../x', 'file:'])(
    'takes no file outside of the model: %s',
    async (name) => {
      await start();
      const parameters = { config: '{}', [name]: 'AAAA' };
      const answer = await post('/v2/repository/models/iris/load', { parameters });
      expect([answer.statusCode, typeof answer.json<{ error: string }>().error]).toEqual([400, 'string']);
      expect((await app!.inject('/v2/models/iris/ready')).statusCode).toBe(200);
    },
  );
});
