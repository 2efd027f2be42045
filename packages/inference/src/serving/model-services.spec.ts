import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type DynamicModule, Module } from '@nestjs/common';
import { type WitanApplication, WitanFactory } from '@witan/core';
import { columnOf, decodeArrowStream, encodeArrowStream, Frame } from '@witan/core/frame';
import { fixtureModel } from '@witan-libs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import type { ModelModuleOptions } from '../module/model-options.js';
import { ModelModule } from '../module/model.module.js';
import { ModelRegistry } from '../module/model-registry.js';
import { identityModel } from './identity-model.spec.support.js';
import { ModelServicesModule } from './model-services.module.js';

const ARROW = 'application/vnd.apache.arrow.stream';
/** By the file below the store: a fixture's name, or what stands in the file. */
type Files = Readonly<Record<string, string | Buffer>>;

describe('typed services of models', () => {
  const open: { close(): Promise<unknown> }[] = [];
  const folders: string[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((app) => app.close()));
    await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
  });

  async function put(store: string, files: Files): Promise<void> {
    for (const [path, content] of Object.entries(files)) {
      const file = join(store, path);
      await mkdir(dirname(file), { recursive: true });
      if (typeof content === 'string') await cp(fixtureModel(content), file);
      else await writeFile(file, content);
    }
  }

  async function serve(files: Files, options: ModelModuleOptions = {}) {
    const store = await mkdtemp(join(tmpdir(), 'witan-services-'));
    folders.push(store);
    await put(store, files);
    const models: DynamicModule = ModelModule.forRoot({ store, serve: 'all', runners: { trusted: true }, ...options });
    @Module({ imports: [models, ModelServicesModule] })
    class App {}
    const app = await WitanFactory.create(App, { logger: false });
    open.push(app);
    await app.init();
    return { app, store, post: poster(app) };
  }

  function poster(app: WitanApplication) {
    return async (path: string, payload: unknown) => {
      const answer = await app.inject({ method: 'POST', url: `/predictions/${path}`, payload: payload as object });
      return { status: answer.statusCode, ...(answer.json() as { records?: unknown; error?: Record<string, string> }) };
    };
  }

  it.each(['__proto__', 'constructor', 'toString'])('of others go on beside a model with a tensor %s', async (name) => {
    const { post } = await serve({
      'bad.onnx': identityModel({ input: 'x', output: name, dims: [null, 3] }),
      'iris.onnx': 'iris',
    });
    expect(await post('iris', [{ X: [1, 2, 3] }])).toMatchObject({ status: 200 });
    expect(await post('bad', [{ x: [1, 2, 3] }])).toMatchObject({
      status: 503,
      error: { message: expect.stringContaining(`an input or output called '${name}'`) },
    });
  });

  it("have a model's inputs and outputs as columns, whatever their dtypes and shapes", async () => {
    const { post } = await serve({
      'iris.onnx': 'iris',
      'mixed.onnx': 'mixed-strings',
      'half.onnx': 'identity-f16',
      'flags.onnx': 'identity-bool',
      'big.onnx': 'identity-u64',
      'wide.onnx': 'variable-width',
    });
    const answers = await Promise.all([
      post('iris', [{ X: [3.4, 1.4, 0.2] }]),
      post('mixed', [{ color: 'red', size: 'L', weight: 2.5 }]),
      post('half', [{ x: [0.5, -2, 65504] }]),
      post('flags', [{ x: [true, false, true] }]),
      post('wide', [{ x: [1, 2] }, { x: [3, 4] }]),
      post('wide', [{ x: [7] }]),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
    expect(answers[0]!.records).toEqual([{ sepal_length: expect.closeTo(4.914, 2) }]);
    expect(answers[1]!.records).toEqual([{ label: expect.any(String), probabilities: expect.any(Array) }]);
    expect(answers[2]!.records).toEqual([{ y: [0.5, -2, 65504] }]);
    expect(answers[3]!.records).toEqual([{ y: [true, false, true] }]);
    expect(answers[4]!.records).toEqual([{ y: [2, 4] }, { y: [6, 8] }]);
    expect(answers[5]!.records).toEqual([{ y: [14] }]);
  });

  it('take Arrow and give Arrow', async () => {
    const { app } = await serve({ 'iris.onnx': 'iris' });
    const X = columnOf('f32', [[3.4, 1.4, 0.2]], { shape: [3] });
    const answer = await app.inject({
      method: 'POST',
      url: '/predictions/iris',
      headers: { 'content-type': ARROW, accept: ARROW },
      payload: Buffer.from(encodeArrowStream(Frame.fromColumns({ X }))),
    });
    expect(answer.statusCode).toBe(200);
    const frame = decodeArrowStream(answer.rawPayload);
    expect([...frame.columns.keys()]).toEqual(['sepal_length']);
  });

  it('say which column of which row is wrong', async () => {
    const { post } = await serve({ 'iris.onnx': 'iris' });
    const { status, error } = await post('iris', [{ X: [1, 2, 3] }, { X: [1, 2] }]);
    expect(status).toBe(422);
    expect(error).toMatchObject({ code: 'CORE_ERR_VALIDATION', message: expect.stringContaining("row 1, column 'X'") });
  });

  it('choose a version by number and by alias', async () => {
    const { app, post } = await serve({
      'iris/1/model.onnx': 'iris',
      'iris/2/model.onnx': 'iris',
      'iris/witan.yaml': Buffer.from('versions: all\naliases: { champion: "1" }\n'),
    });
    const row = [{ X: [3.4, 1.4, 0.2] }];
    for (const query of ['', '?version=', '?version=1', '?version=2', '?version=champion'])
      expect((await post(`iris${query}`, row)).status, query).toBe(200);
    for (const version of ['3', '..%2F1', '__proto__', 'constructor', '%00']) {
      const { status, error } = await post(`iris?version=${version}`, row);
      expect([status, error!['code']], version).toEqual([404, 'INF_ERR_VERSION_NOT_FOUND']);
    }
    const registry = app.nest.get(ModelRegistry);
    const used = registry.describe('iris')!.versions.map(({ version, state }) => [version, state]);
    expect(used).toEqual([
      ['1', 'READY'],
      ['2', 'READY'],
    ]);
  });

  it('refuse a version of another signature, and say where it answers', async () => {
    const { post } = await serve({
      'm/1/model.onnx': 'identity-f32',
      'm/2/model.onnx': 'iris',
      'm/witan.yaml': Buffer.from('versions: all\n'),
    });
    const { status, error } = await post('m?version=1', [{ X: [1, 2, 3] }]);
    expect(status).toBe(400);
    expect(error).toMatchObject({
      code: 'INF_ERR_SERVICE_VERSION',
      message: expect.stringContaining('/v2/models/m/versions/1/infer'),
    });
  });

  it('are made anew when a version with another signature takes over', async () => {
    const { app, store, post } = await serve({ 'm/1/model.onnx': 'identity-f32' });
    expect((await post('m', [{ x: [1, 2, 3] }])).records).toEqual([{ y: [1, 2, 3] }]);
    await put(store, { 'm/2/model.onnx': 'two-inputs' });
    const registry = app.nest.get(ModelRegistry);
    await registry.refresh();
    expect((await post('m', [{ a: 1, b: [2, 3] }])).records).toEqual([{ sum: [3, 4] }]);
    const { paths } = (await app.inject('/openapi.json')).json() as { paths: object };
    expect(JSON.stringify(paths)).toContain('/predictions/m');
    expect((await app.inject('/proto')).body).toMatch(/message MInputRow \{[^}]*float a = 1;[^}]*float b = 2;/);
    await registry.rollback('m');
    expect((await post('m', [{ x: [1, 2, 3] }])).records).toEqual([{ y: [1, 2, 3] }]);
  });

  it('go with their model', async () => {
    const { app, store, post } = await serve({ 'a.onnx': 'iris', 'b.onnx': 'iris' });
    await rm(join(store, 'b.onnx'));
    await app.nest.get(ModelRegistry).refresh();
    expect((await post('b', [{ X: [1, 2, 3] }])).status).not.toBe(200);
    expect((await post('a', [{ X: [1, 2, 3] }])).status).toBe(200);
  });

  it('of a lazy model are made by the first request, also by many at once', async () => {
    const { app, post } = await serve({ 'iris.onnx': 'iris' }, { loading: 'lazy' });
    expect((await app.inject('/proto')).body).not.toContain('IrisService');
    const row = [{ X: [3.4, 1.4, 0.2] }];
    const answers = await Promise.all([post('iris', row), post('iris', row), post('iris', [{}])]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 422]);
    expect((await app.inject('/proto')).body).toContain('service IrisService');
  });

  it('of a model that cannot be loaded say why', async () => {
    const { post } = await serve({ 'good.onnx': 'iris', 'bad.onnx': Buffer.from('junk') });
    const { status, error } = await post('bad', [{ X: [1, 2, 3] }]);
    expect([status, error!['code']]).toEqual([503, 'INF_ERR_MODEL_UNAVAILABLE']);
    expect((await post('good', [{ X: [1, 2, 3] }])).status).toBe(200);
    expect((await post('none', [{ X: [1, 2, 3] }])).status).toBe(404);
  });

  it('are not made of a model without rows, which says who serves it', async () => {
    const { app, post } = await serve({
      'matrix.onnx': identityModel(
        { input: 'x', output: 'y', dims: [2, 3] },
        { input: 'u', output: 'v', dims: [4, 3] },
      ),
    });
    const { status, error } = await post('matrix', [{ x: [1, 2, 3] }]);
    expect(status).toBe(501);
    expect(error).toMatchObject({
      code: 'INF_ERR_SERVICE_NONE',
      message: expect.stringContaining('/v2/models/matrix/infer'),
    });
    expect((await app.inject('/proto')).body).not.toContain('Matrix');
  });

  it('give columns names that .proto can have', async () => {
    const { app, post } = await serve({
      'odd.onnx': identityModel(
        { input: 'serving_default:0', output: '1', dims: [null] },
        { input: 'Serving.Default:0', output: '0', dims: [null, 2] },
      ),
    });
    const row = { 'serving_default:0': 1, 'Serving.Default:0_2': [2, 3] };
    expect(await post('odd', [row])).toMatchObject({ status: 200, records: [{ '1': 1, '0': [2, 3] }] });
    expect((await app.inject('/proto')).body).toContain('serving_default_0_2');
  });

  it('of models whose names are alike in .proto have packages of their own', async () => {
    const { app, post } = await serve({
      'a-b.onnx': 'iris',
      'a_b.onnx': 'iris',
      'A.B.onnx': 'iris',
      '2x.onnx': 'iris',
    });
    const row = [{ X: [3.4, 1.4, 0.2] }];
    for (const name of ['a-b', 'a_b', 'A.B', '2x']) expect((await post(name, row)).status, name).toBe(200);
    const packages = [...(await app.inject('/proto')).body.matchAll(/^package (\S+);/gm)].map((match) => match[1]);
    expect(packages).toHaveLength(4);
    expect(packages).toContain('a_b.v1');
    expect(packages).toContain('f_2x.v1');
    expect(packages.filter((name) => /^a_b_x[0-9a-f]{6}\.v1$/.test(name!))).toHaveLength(2);
  });

  it('take the features of a vectorization, and tell which were missing', async () => {
    const identity = { type: 'identity', default_val: [7] };
    const config = {
      feature_transformations: { a: identity, b: identity, c: identity },
      feature_order: ['a', 'b', 'c'],
    };
    const { app } = await serve({
      'm/1/model.onnx': 'identity-f32',
      'm/features.json': Buffer.from(JSON.stringify(config)),
      'm/witan.yaml': Buffer.from('vectorize: features.json\n'),
    });
    const answer = await app.inject({
      method: 'POST',
      url: '/predictions/m',
      headers: { 'x-witan-defaults': '1' },
      payload: [{ c: 3, a: 1 }],
    });
    expect(answer.json()).toMatchObject({ records: [{ y: [1, 7, 3] }] });
    expect(answer.headers['x-witan-defaults']).toContain('b');
  });
});
