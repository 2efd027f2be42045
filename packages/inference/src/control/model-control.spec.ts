import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Module } from '@nestjs/common';
import { type AccessOptions, type WitanApplication, WitanFactory } from '@witan/core';
import { fixtureModel } from '@witan-libs/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ModelModule } from '../module/model.module.js';
import { ModelServicesModule } from '../serving/model-services.module.js';
import { ModelControlModule } from './model-control.module.js';
import type { ModelJson } from './model-json.js';

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

describe('calls that list and change models', () => {
  let store: string;
  const open: { close(): Promise<unknown> }[] = [];
  beforeEach(async () => {
    store = await mkdtemp(join(tmpdir(), 'witan-control-'));
    await put('m/1/model.onnx', 'identity-f32');
    await put('m/2/model.onnx', 'identity-f32');
    await put('other.onnx', 'iris');
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((app) => app.close()));
    await rm(store, { recursive: true });
  });

  async function put(path: string, fixture: string): Promise<void> {
    await mkdir(dirname(join(store, path)), { recursive: true });
    await cp(fixtureModel(fixture), join(store, path));
  }

  async function serve(access: AccessOptions = { modelControl: true }) {
    const models = ModelModule.forRoot({ store, serve: 'all', runners: { trusted: true } });
    @Module({ imports: [models, ModelServicesModule, ModelControlModule] })
    class App {}
    const app = await WitanFactory.create(App, { logger: false, witan: { access } });
    open.push(app);
    await app.init();
    return { app, call: caller(app) };
  }

  function caller(app: WitanApplication) {
    return async (method: Method, url: string, payload?: object | string, headers: Record<string, string> = {}) => {
      const remoteAddress = headers['from'] ?? '127.0.0.1';
      const answer = await app.inject({
        method,
        url,
        remoteAddress,
        headers,
        ...(payload !== undefined && { payload }),
      });
      type Body = ModelJson & { models: ModelJson[]; error: { code: string; message: string } };
      return { status: answer.statusCode, body: answer.json<Body>() };
    };
  }

  const answering = ({ body }: { body: ModelJson }): string =>
    `${body.defaultVersion ?? 'none'} of ${body.versions.map(({ version, state }) => `${version} ${state}`).join(', ')}`;

  it('list models with their versions, aliases and what is wrong', async () => {
    await writeFile(join(store, 'broken.onnx'), 'junk');
    const { call } = await serve({});
    const { status, body } = await call('GET', '/models');
    expect(status).toBe(200);
    expect(body.models.map(({ name }) => name).sort()).toEqual(['broken', 'm', 'other']);
    const one = await call('GET', '/models/broken');
    expect(one.body).toMatchObject({ name: 'broken', pinned: false, aliases: {}, config: { ignored: [] } });
    expect(one.body.versions).toMatchObject([{ state: 'UNAVAILABLE', code: expect.stringMatching(/^INF_ERR_MODEL/) }]);
    const loadedAt = (await call('GET', '/models/m')).body.versions.at(-1)!.loadedAt!;
    expect(new Date(loadedAt).toISOString()).toBe(loadedAt);
  });

  it('name versions and take the names away', async () => {
    const { call } = await serve();
    const named = await call('PUT', '/models/m/aliases/champion', { version: '1' });
    expect([named.status, named.body.aliases]).toEqual([200, { champion: '1' }]);
    const row = [{ x: [1, 2, 3] }];
    expect((await call('POST', '/predictions/m?version=champion', row)).status).toBe(200);
    const gone = await call('DELETE', '/models/m/aliases/champion');
    expect([gone.status, gone.body.aliases]).toEqual([200, {}]);
    const again = await call('DELETE', '/models/m/aliases/champion');
    expect([again.status, again.body.error.code]).toEqual([404, 'INF_ERR_CONTROL_ALIAS']);
    const missing = await call('PUT', '/models/m/aliases/champion', { version: '9' });
    expect([missing.status, missing.body.error.code]).toEqual([404, 'INF_ERR_VERSION_NOT_FOUND']);
  });

  it('roll back, and follow the store again', async () => {
    const { call } = await serve();
    expect(answering(await call('POST', '/models/m/rollback'))).toBe('1 of 1 READY, 2 READY');
    expect((await call('GET', '/models/m')).body.pinned).toBe(true);
    await put('m/3/model.onnx', 'identity-f32');
    expect((await call('POST', '/models/refresh')).status).toBe(200);
    expect((await call('GET', '/models/m')).body.defaultVersion).toBe('1');
    const { body } = await call('POST', '/models/m/unpin');
    expect([body.defaultVersion, body.pinned]).toEqual(['3', false]);
    const nothing = await call('POST', '/models/other/rollback');
    expect([nothing.status, nothing.body.error.code]).toEqual([412, 'INF_ERR_ROLLBACK']);
  });

  it('unload a model, refuse it meanwhile, and load it again', async () => {
    const { call } = await serve();
    expect(answering(await call('POST', '/models/m/unload'))).toMatch(/^none/);
    const refused = await call('POST', '/predictions/m', [{ x: [1, 2, 3] }]);
    expect([refused.status, refused.body.error.code]).toEqual([503, 'INF_ERR_MODEL_UNAVAILABLE']);
    expect((await call('POST', '/models/m/load', { version: 1 })).status).toBe(200);
    expect((await call('POST', '/predictions/m?version=1', [{ x: [1, 2, 3] }])).status).toBe(200);
  });

  it.each([
    ['POST', '/models/m/load', '{"version":', 'INF_ERR_CONTROL_BODY', 400],
    ['POST', '/models/m/load', '[]', 'INF_ERR_CONTROL_BODY', 400],
    ['POST', '/models/m/load', '{"verison":"1"}', 'INF_ERR_CONTROL_BODY', 400],
    ['POST', '/models/m/load', '{"version":{}}', 'INF_ERR_CONTROL_BODY', 400],
    ['POST', '/models/m/load', '{"version":""}', 'INF_ERR_CONTROL_BODY', 400],
    ['PUT', '/models/m/aliases/a', '{}', 'INF_ERR_CONTROL_BODY', 400],
    ['POST', '/models/m/load', `{"version":"${'1'.repeat(256)}"}`, 'INF_ERR_CONTROL_BODY', 400],
    ['POST', '/models/m/load', '{"version":"../1"}', 'INF_ERR_VERSION_NOT_FOUND', 404],
    ['PUT', '/models/m/aliases/..%2f..%2fetc', '{"version":"1"}', 'INF_ERR_ALIAS', 400],
    ['PUT', '/models/m/aliases/__proto__', '{"version":"1"}', 'INF_ERR_ALIAS', 400],
    ['PUT', '/models/m/aliases/1', '{"version":"1"}', 'INF_ERR_ALIAS', 400],
    ['GET', '/models/..%2f..%2fetc%2fpasswd', undefined, 'INF_ERR_MODEL_NOT_FOUND', 404],
    ['GET', '/models/__proto__', undefined, 'INF_ERR_MODEL_NOT_FOUND', 404],
    ['POST', '/models/%00/rollback', undefined, 'INF_ERR_MODEL_NOT_FOUND', 404],
    ['POST', '/models/..%2fm/unload', undefined, 'INF_ERR_MODEL_NOT_FOUND', 404],
    ['DELETE', '/models/none/aliases/a', undefined, 'INF_ERR_MODEL_NOT_FOUND', 404],
  ] as const)('%s %s with %.30s is refused with %s', async (method, url, body, code, status) => {
    const { call } = await serve();
    const headers: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
    const answer = await call(method, url, body, headers);
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
    expect((await call('POST', '/predictions/m', [{ x: [1, 2, 3] }])).status).toBe(200);
  });

  const CHANGES: readonly [Method, string][] = [
    ['POST', '/models/refresh'],
    ['POST', '/models/m/load'],
    ['POST', '/models/m/unload'],
    ['PUT', '/models/m/aliases/a'],
    ['DELETE', '/models/m/aliases/a'],
    ['POST', '/models/m/rollback'],
    ['POST', '/models/m/unpin'],
  ];

  it.each(CHANGES)('%s %s is refused unless the server takes changes, and from elsewhere', async (method, url) => {
    const closed = await serve({});
    const refused = await closed.call(method, url);
    expect([refused.status, refused.body.error.code]).toEqual([403, 'CORE_ERR_ACCESS_CONTROL']);
    const local = await serve({ modelControl: true });
    expect((await local.call(method, url, undefined, { from: '10.0.0.9' })).status).toBe(403);
    const keyed = await serve({ modelControl: true, adminKeys: { keys: [{ name: 'ops', key: 'k'.repeat(16) }] } });
    expect((await keyed.call(method, url)).status).toBe(401);
    const bearer = { authorization: `Bearer ${'k'.repeat(16)}`, from: '10.0.0.9' };
    expect((await keyed.call(method, url, undefined, bearer)).status).not.toBe(401);
  });

  it('need a key for the list where predictions do', async () => {
    const { call } = await serve({ apiKeys: { keys: [{ name: 'alice', key: 'k'.repeat(16) }] } });
    expect((await call('GET', '/models')).status).toBe(401);
    expect((await call('GET', '/models', undefined, { 'x-api-key': 'k'.repeat(16) })).status).toBe(200);
  });

  it('stand in the OpenAPI document', async () => {
    const { app } = await serve();
    const { paths, components } = (await app.inject('/openapi.json')).json<{
      paths: Record<string, object>;
      components: { schemas: object };
    }>();
    expect(Object.keys(paths['/models/{model}/aliases/{alias}']!)).toEqual(['put', 'delete']);
    expect(Object.keys(components.schemas)).toContain('WitanModel');
  });
});
