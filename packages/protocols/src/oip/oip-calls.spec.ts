import { dirname } from 'node:path';
import { gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import { BatchControl, HEALTH_REPORT, type HealthReporter, Readiness } from '@witan/core';
import type { TestingApplication } from '@witan/core/testing';
import { ModelRegistry } from '@witan/inference';
import { fixtureModel, ManualClock } from '@witan-libs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { oipApplication, type OipTestOptions, tensor } from './oip.spec.support.js';

const STORE = dirname(fixtureModel('iris'));
const ROW = { inputs: [tensor('X', 'FP32', [1, 3], [3, 4, 1])] };
const CONTROL: OipTestOptions = { witan: { access: { modelControl: true } } };
const KEY = 'a-key-of-sixteen-or-more';

@Injectable()
class Unwell implements HealthReporter {
  [HEALTH_REPORT]() {
    return [{ name: 'unwell', ok: false }];
  }
}

describe('the calls of the protocol over REST', () => {
  let app: TestingApplication;
  const start = async (models: Parameters<typeof oipApplication>[1], options?: OipTestOptions) => {
    app = await oipApplication(STORE, models, options);
  };
  const get = (url: string, headers = {}) => app.inject({ method: 'GET', url, headers });
  const post = (url: string, payload?: object | string, headers = {}) =>
    app.inject({ method: 'POST', url, headers, ...(payload !== undefined && { payload }) });
  afterEach(() => app?.close());

  it('health and metadata', async () => {
    await start(['iris'], { oip: { serverName: 'mine', version: '7' } });
    expect((await get('/v2/health/live')).json()).toEqual({ live: true });
    expect((await get('/v2/health/ready')).json()).toEqual({ ready: true, live: true });
    const metadata = { name: 'mine', version: '7', extensions: expect.arrayContaining(['binary_tensor_data']) };
    expect((await get('/v2')).json()).toEqual(metadata);
    expect((await get('/v2/')).json()).toEqual(metadata);
    expect((await get('/v2/models')).json()).toEqual({ models: ['iris'] });
    const model = {
      name: 'iris',
      versions: ['1'],
      platform: 'onnxruntime_onnx',
      inputs: [{ name: 'X', datatype: 'FP32', shape: [-1, 3] }],
      outputs: [{ name: 'sepal_length', datatype: 'FP32', shape: [-1, 1] }],
    };
    expect((await get('/v2/models/iris')).json()).toEqual(model);
    expect((await get('/v2/models/iris/versions/1')).json()).toEqual(model);
    expect((await get('/v2/models/iris/versions/1/ready')).json()).toEqual({ name: 'iris', ready: true });
  });

  it.each([
    [true, 503, 503],
    [false, 200, 503],
  ])(
    'readiness, strict or not (%s): while something is not well, and while draining',
    async (strict, sick, draining) => {
      await start(['iris'], { oip: { strictReadiness: strict }, providers: [Unwell] });
      const first = await get('/v2/health/ready');
      expect([first.statusCode, first.json<object>()]).toEqual([
        sick,
        expect.objectContaining({ ready: sick === 200, live: true }),
      ]);
      app.nest.get(Readiness).startDraining();
      expect((await get('/v2/health/ready')).statusCode).toBe(draining);
      expect((await get('/v2/health/live')).json()).toEqual({ live: true });
    },
  );

  it('claims no extension that it does not serve', async () => {
    await start(['iris']);
    const { extensions } = (await get('/v2')).json<{ extensions: string[] }>();
    expect(extensions.filter((name) => /sequence|shared_memory|trace|logging|generate/.test(name))).toEqual([]);
    expect((await get('/v2/systemsharedmemory/status')).statusCode).toBe(501);
    expect((await post('/v2/cudasharedmemory/region/a/register', {})).statusCode).toBe(501);
    expect((await post('/v2/models/iris/generate', {})).statusCode).toBe(404);
  });

  it('configuration, as it is in force', async () => {
    await start([
      { name: 'iris', batch: { maxRows: 7, maxDelayMs: 2 } },
      { name: 'w1', batch: false },
    ]);
    expect((await get('/v2/models/iris/config')).json()).toMatchObject({
      name: 'iris',
      max_batch_size: 7,
      input: [{ name: 'X', data_type: 'TYPE_FP32', dims: [3] }],
      dynamic_batching: { max_queue_delay_microseconds: 2000 },
    });
    expect((await get('/v2/models/w1/versions/1/config')).json()).toMatchObject({
      max_batch_size: 0,
      input: [{ name: 'input', dims: [-1, 16] }],
    });
  });

  it('statistics with real counts', async () => {
    await start(['iris', 'w1']);
    const two = { inputs: [tensor('X', 'FP32', [2, 3], [3, 4, 1, 3, 4, 1])] };
    for (const body of [ROW, two]) await post('/v2/models/iris/infer', body);
    const [seen] = (await get('/v2/models/iris/versions/1/stats')).json<{ model_stats: Record<string, never>[] }>()
      .model_stats;
    expect(seen).toMatchObject({
      name: 'iris',
      version: '1',
      inference_count: 3,
      execution_count: 2,
      inference_stats: { success: { count: 2 }, fail: { count: 0 }, compute_infer: { count: 2 } },
      batch_stats: [{ batch_size: 1 }, { batch_size: 2 }],
    });
    expect(seen!['last_inference']).toBeGreaterThan(0);
    const all = (await get('/v2/models/stats')).json<{ model_stats: { name: string }[] }>();
    expect(all.model_stats.map(({ name }) => name)).toEqual(['iris', 'w1']);
    expect((await get('/v2/models/w1/stats')).json()).toMatchObject({ model_stats: [{ inference_count: 0 }] });
  });

  it('versions by number and by alias', async () => {
    await start(['iris']);
    await app.nest.get(ModelRegistry).setAlias('iris', 'champion', '1');
    const answer = await post('/v2/models/iris/versions/champion/infer', ROW);
    expect(answer.json()).toMatchObject({ model_name: 'iris', model_version: '1' });
    expect((await get('/v2/models/iris/versions/champion/ready')).statusCode).toBe(200);
    expect((await get('/v2/models/iris/versions/champion')).json()).toMatchObject({ versions: ['1'] });
  });

  it.each([
    ['GET', '/v2/models/nope', "Request for unknown model: 'nope' is not found"],
    ['GET', '/v2/models/nope/ready', "Request for unknown model: 'nope' is not found"],
    ['GET', '/v2/models/nope/config', "Request for unknown model: 'nope' is not found"],
    ['GET', '/v2/models/nope/stats', "Request for unknown model: 'nope' is not found"],
    ['GET', '/v2/models/nope/trace/setting', "Request for unknown model: 'nope' is not found"],
    ['POST', '/v2/models/nope/infer', "Request for unknown model: 'nope' is not found"],
    ['GET', '/v2/models/iris/versions/9', "Request for unknown model: 'iris' version 9 is not found"],
    ['GET', '/v2/models/iris/versions/9/ready', "Request for unknown model: 'iris' version 9 is not found"],
    ['GET', '/v2/models/iris/versions/9/stats', "Request for unknown model: 'iris' version 9 is not found"],
    ['POST', '/v2/models/iris/versions/9/infer', "Request for unknown model: 'iris' version 9 is not found"],
    ['GET', '/v2/models/..%2f..%2fetc/ready', "Request for unknown model: '../../etc' is not found"],
  ] as const)('%s %s: 404', async (method, url, error) => {
    await start(['iris']);
    const answer = await app.inject({ method, url, ...(method === 'POST' && { payload: ROW }) });
    expect(answer.statusCode).toBe(404);
    expect(answer.json<{ error: string }>().error).toContain(error);
  });

  it('other methods, other paths', async () => {
    await start(['iris']);
    const refused = await app.inject({ method: 'PUT', url: '/v2/models/iris/infer', payload: '{}' });
    expect([refused.statusCode, refused.headers['allow'], refused.json()]).toEqual([
      405,
      'POST, OPTIONS',
      { error: '/v2/models/iris/infer does not take PUT: send POST' },
    ]);
    expect((await app.inject({ method: 'OPTIONS', url: '/v2/models/iris' })).headers['allow']).toBe(
      'GET, HEAD, OPTIONS',
    );
    expect((await app.inject({ method: 'HEAD', url: '/v2/models/iris' })).statusCode).toBe(200);
    expect((await app.inject({ method: 'DELETE', url: '/v2' })).statusCode).toBe(405);
    for (const method of ['TRACE', 'QUERY'] as unknown as 'GET'[])
      expect((await app.inject({ method, url: '/v2/models/iris' })).statusCode).toBe(405);
    const unknown = await get('/v2/what');
    expect([unknown.statusCode, unknown.json()]).toEqual([
      404,
      { error: 'there is no /v2/what here: see /v2/docs/dataplane.json' },
    ]);
    expect((await post('/v2/models/iris/infer', 'x'.repeat(10))).json<{ error: string }>().error).toContain(
      'failed to parse the request JSON buffer: unexpected "xxxxxxxxxx" at byte 0',
    );
  });

  it.each(['/v2/models/iris/', '/v2//', `/v2/models/${'n'.repeat(300)}`])('%s is no path', async (url) => {
    await start(['iris']);
    const answer = await get(url);
    expect(answer.statusCode).toBe(404);
    expect(answer.json().error).toContain('there is no /v2/');
  });

  it('a message shows of what was sent what tells it apart, not megabytes', async () => {
    await start(['iris']);
    const { body, statusCode } = await post('/v2/models/iris/infer', {
      inputs: [tensor('n'.repeat(1e6), 'FP32', [1], [1])],
    });
    expect(statusCode).toBe(400);
    expect(body).toMatch(/^{"error":"unexpected inference input 'nnn/);
    expect(body.length).toBeLessThan(1100);
  });

  it('lives below the global prefix', async () => {
    await start(['iris'], { configure: (nest) => void nest.setGlobalPrefix('api') });
    expect((await post('/api/v2/models/iris/infer', ROW)).statusCode).toBe(200);
    expect((await app.inject({ method: 'PUT', url: '/api/v2/models/iris' })).statusCode).toBe(405);
    const document = (await get('/api/v2/docs/dataplane.json')).json<{ paths: object }>();
    expect(Object.keys(document.paths)).toContain('/api/v2/health/live');
  });

  it('lives beside the global prefix where its paths are excluded', async () => {
    const exclude = ['v2', 'v2/*path'];
    await start(['iris'], { configure: (nest) => void nest.setGlobalPrefix('api', { exclude }) });
    expect((await post('/v2/models/iris/infer', ROW)).statusCode).toBe(200);
    const refused = await app.inject({ method: 'PUT', url: '/v2/models/iris' });
    expect([refused.statusCode, refused.headers.allow]).toEqual([405, 'GET, HEAD, OPTIONS']);
    expect((await get('/v2/no/such/call')).json()).toMatchObject({
      error: expect.stringMatching(/no \/v2\/no\/such\/call /),
    });
  });

  it('shows only the models that it is told to', async () => {
    await start(['iris', 'w1'], { ...CONTROL, oip: { models: ['w1'] } });
    expect((await get('/v2/models')).json()).toEqual({ models: ['w1'] });
    expect((await post('/v2/repository/index')).json()).toEqual([{ name: 'w1', version: '1', state: 'READY' }]);
    for (const url of ['/v2/models/iris/infer', '/v2/repository/models/iris/load', '/v2/repository/models/iris/unload'])
      expect((await post(url, ROW)).statusCode).toBe(404);
    expect((await get('/v2/models/iris/ready')).statusCode).toBe(404);
  });

  describe('the repository', () => {
    it('unloads and loads', async () => {
      await start(['iris', 'w1'], CONTROL);
      expect((await post('/v2/repository/index', '')).json()).toEqual([
        { name: 'iris', version: '1', state: 'READY' },
        { name: 'w1', version: '1', state: 'READY' },
      ]);
      const unloaded = await post('/v2/repository/models/iris/unload', { parameters: { unload_dependents: true } });
      expect(unloaded.statusCode).toBe(200);
      expect((await post('/v2/repository/index', {})).json()).toMatchObject([
        { name: 'iris', state: 'UNAVAILABLE', reason: 'unloaded' },
        { name: 'w1', state: 'READY' },
      ]);
      expect((await post('/v2/repository/index', { ready: true })).json()).toMatchObject([{ name: 'w1' }]);
      const gone = await post('/v2/models/iris/infer', ROW);
      expect([gone.statusCode, gone.json<{ error: string }>().error]).toEqual([
        503,
        expect.stringContaining("Request for unknown model: 'iris' is not at ready state"),
      ]);
      const ready = await get('/v2/models/iris/ready');
      expect([ready.statusCode, ready.json()]).toEqual([503, { name: 'iris', ready: false, error: 'not ready' }]);
      expect((await post('/v2/repository/models/iris/load')).statusCode).toBe(200);
      expect((await post('/v2/models/iris/infer', ROW)).statusCode).toBe(200);
      expect((await post('/v2/repository/mine/models/iris/load', {})).statusCode).toBe(200);
    });

    it('says what a load cannot do', async () => {
      await start(['iris'], CONTROL);
      const load = (parameters: object) => post('/v2/repository/models/iris/load', { parameters });
      const error = async (answer: ReturnType<typeof load>) => [
        (await answer).statusCode,
        (await answer).json<{ error: string }>().error,
      ];
      expect(await error(post('/v2/repository/models/x/load'))).toEqual([
        404,
        expect.stringContaining("failed to load 'x'"),
      ]);
      expect(await error(post('/v2/repository/models/x/unload'))).toEqual([
        404,
        expect.stringContaining("failed to unload 'x'"),
      ]);
      expect(await error(load({ speed: 1 }))).toEqual([400, "unrecognized load parameter 'speed' with type number"]);
      expect(await error(load({ 'file:1/model.onnx': 'AAAA' }))).toEqual([
        400,
        "failed to load 'iris', override model directory requires a model config to be provided: add the parameter 'config'",
      ]);
      expect(await error(load({ config: '{}', 'file:1/model.onnx': '?' }))).toEqual([
        400,
        "load parameter 'file:1/model.onnx' must be the file's content in base64",
      ]);
      expect((await post('/v2/models/iris/infer', ROW)).statusCode).toBe(200);
    });

    it.each([
      ['/v2/repository/index', '[]', 'it is no object'],
      ['/v2/repository/index', '{"ready":1}', "'ready' must be true or false"],
      ['/v2/repository/index', '{"ready":tru}', 'failed to parse'],
      ['/v2/repository/models/iris/load', '{"parameters":[]}', "'parameters' must be an object"],
      ['/v2/repository/models/iris/load', '{"parameters":{"config":{}}}', "'config' of 'parameters' must be"],
      ['/v2/repository/models/iris/unload', '{"parameters":{"unload_dependents":1}}', 'must be true or false'],
      ['/v2/repository/models/iris/unload', '{"parameters":{"now":true}}', "unrecognized unload parameter 'now'"],
      ['/v2/logging', '{"log_info":{}}', "setting 'log_info' must be"],
    ])('refuses %s %s', async (url, payload, error) => {
      await start(['iris'], CONTROL);
      const answer = await post(url, payload);
      expect([answer.statusCode, answer.json<{ error: string }>().error]).toEqual([
        400,
        expect.stringContaining(error),
      ]);
    });
  });

  it('settings of trace and log are told as they are, and cannot be changed', async () => {
    await start(['iris'], CONTROL);
    const trace = (await get('/v2/trace/setting')).json<object>();
    expect(trace).toMatchObject({ trace_level: ['OFF'], trace_rate: '0' });
    expect((await get('/v2/models/iris/trace/setting')).json()).toEqual(trace);
    expect((await post('/v2/trace/setting', { trace_level: ['OFF'], trace_rate: null })).json()).toEqual(trace);
    const on = await post('/v2/trace/setting', { trace_level: ['TIMESTAMPS'] });
    expect([on.statusCode, on.json<{ error: string }>().error]).toEqual([
      501,
      expect.stringContaining('cannot be changed'),
    ]);
    const log = (await get('/v2/logging')).json<Record<string, unknown>>();
    expect(log).toMatchObject({
      log_error: expect.any(Boolean) as boolean,
      log_verbose_level: expect.any(Number) as number,
    });
    expect((await post('/v2/logging', log)).json()).toEqual(log);
    expect((await post('/v2/logging', { log_verbose_level: 4 })).statusCode).toBe(501);
    expect((await post('/v2/logging', { colour: 'red' })).statusCode).toBe(400);
  });

  describe('who may call what', () => {
    it('by default anyone predicts, and nobody changes the server', async () => {
      await start(['iris']);
      for (const url of [
        '/v2/repository/models/iris/load',
        '/v2/repository/models/iris/unload',
        '/v2/trace/setting',
        '/v2/models/iris/trace/setting',
        '/v2/logging',
      ]) {
        const answer = await post(url, {});
        expect([url, answer.statusCode, answer.json<{ error: string }>().error]).toEqual([
          url,
          403,
          expect.stringContaining('switched off'),
        ]);
      }
      expect((await post('/v2/models/iris/infer', ROW)).statusCode).toBe(200);
    });

    it('with keys, inference needs one and health does not', async () => {
      const witan = { access: { apiKeys: { keys: [{ name: 'me', key: KEY }] } } };
      await start(['iris'], { witan });
      const refused = await post('/v2/models/iris/infer', ROW);
      expect([refused.statusCode, typeof refused.json<{ error: string }>().error]).toEqual([401, 'string']);
      expect((await post('/v2/models/iris/infer', ROW, { authorization: `Bearer ${KEY}` })).statusCode).toBe(200);
      for (const url of ['/v2/health/ready', '/v2', '/v2/models/iris', '/v2/models/iris/ready'])
        expect((await get(url)).statusCode).toBe(200);
    });

    it('metadata needs a key too when it is not open', async () => {
      const witan = { access: { apiKeys: { keys: [{ name: 'me', key: KEY }] } } };
      await start(['iris'], { witan, oip: { metadataOpen: false } });
      for (const url of [
        '/v2',
        '/v2/models',
        '/v2/models/iris',
        '/v2/models/iris/config',
        '/v2/models/stats',
        '/v2/docs',
      ])
        expect([url, (await get(url)).statusCode]).toEqual([url, 401]);
      for (const url of ['/v2/health/live', '/v2/health/ready', '/v2/models/iris/ready'])
        expect([url, (await get(url)).statusCode]).toEqual([url, 200]);
    });
  });

  describe('time', () => {
    it('a timeout that cannot be met is 503 in Triton’s words; the header of the deadline is 504', async () => {
      const clock = new ManualClock({ turns: 'event-loop' });
      await start([{ name: 'slow', threads: 1, batch: { maxRows: 1, coalesce: 'off' } }], { clock });
      const slow = (parameters: object, headers = {}) =>
        post('/v2/models/slow/infer', { parameters, inputs: [tensor('x', 'FP32', [1, 1], [1])] }, headers);
      const first = slow({});
      const late = slow({ timeout: 1 });
      const overdue = slow({}, { 'x-request-timeout-ms': '1' });
      const gates = app.nest.get(BatchControl);
      while (gates.stats("model 'slow'").queuedRequests < 2) await new Promise((resolve) => setImmediate(resolve));
      clock.advance(2);
      const [expired, passed] = await Promise.all([late, overdue]);
      expect([expired.statusCode, expired.json<{ error: string }>().error]).toEqual([
        503,
        expect.stringContaining('Request timeout expired'),
      ]);
      expect(passed.statusCode).toBe(504);
      expect((await first).statusCode).toBe(200);
    });

    it('a model that runs each request by itself does not run what is late either', async () => {
      await start([{ name: 'slow', threads: 1, batch: false }]);
      const ask = (parameters: object) =>
        post('/v2/models/slow/infer', { parameters, inputs: [tensor('x', 'FP32', [1, 1], [1])] });
      const [first, late] = await Promise.all([ask({}), ask({ timeout: 1 })]);
      expect(first.statusCode).toBe(200);
      expect(late.statusCode).toBe(503);
      expect(late.json().error).toContain('Request timeout expired');
      expect((await get('/v2/models/slow/stats')).json()).toMatchObject({
        model_stats: [{ execution_count: 1, inference_stats: { success: { count: 1 }, fail: { count: 1 } } }],
      });
    });

    it('rows of a caller that has gone are not run', async () => {
      await start([{ name: 'slow', threads: 1, batch: { maxRows: 1, coalesce: 'off' } }]);
      const { http } = await app.listen({ http: 0, grpc: false, host: '127.0.0.1', banner: false });
      const url = `${http}/v2/models/slow/infer`;
      const ask = (signal?: AbortSignal) =>
        fetch(url, { method: 'POST', body: JSON.stringify({ inputs: [tensor('x', 'FP32', [1, 1], [1])] }), signal });
      const gates = app.nest.get(BatchControl);
      const until = async (isSo: (stats: ReturnType<typeof gates.stats>) => boolean): Promise<void> => {
        while (!isSo(gates.stats("model 'slow'"))) await new Promise((resolve) => setImmediate(resolve));
      };
      const first = ask();
      await until(({ inFlight }) => inFlight === 1);
      const leaver = new AbortController();
      const second = ask(leaver.signal).catch(() => 'left');
      await until(({ queuedRequests }) => queuedRequests === 1);
      leaver.abort();
      expect(await second).toBe('left');
      expect((await first).status).toBe(200);
      await until(({ queuedRequests, inFlight }) => queuedRequests + inFlight === 0);
      expect(gates.stats("model 'slow'")).toMatchObject({ cancelled: 1, rows: 1 });
    });

    it('a full queue is 429 with a hint', async () => {
      await start([{ name: 'slow', batch: { maxRows: 1, maxQueueRows: 1, coalesce: 'off' } }]);
      const ask = () => post('/v2/models/slow/infer', { inputs: [tensor('x', 'FP32', [1, 1], [1])] });
      const answers = await Promise.all([ask(), ask(), ask(), ask(), ask(), ask()]);
      const refused = answers.find(({ statusCode }) => statusCode === 429);
      expect(refused?.headers['retry-after']).toMatch(/^\d+$/);
      expect(refused?.json<{ error: string }>().error).toContain('rows waiting');
    });
  });

  describe('bodies', () => {
    const wide = (columns: number) => ({
      inputs: [
        tensor(
          'x',
          'FP32',
          [1, columns],
          Array.from({ length: columns }, (_, i) => i),
        ),
      ],
    });

    it('are compressed both ways', async () => {
      await start(['variable-width']);
      const plain = await post('/v2/models/variable-width/infer', wide(1000));
      const zipped = await post('/v2/models/variable-width/infer', gzipSync(JSON.stringify(wide(1000))) as never, {
        'content-encoding': 'gzip',
        'accept-encoding': 'gzip',
      });
      expect(zipped.headers['content-encoding']).toBe('gzip');
      expect(gunzipSync(zipped.rawPayload).toString()).toBe(plain.payload);
      const deflated = await post('/v2/models/variable-width/infer', wide(1000), { 'accept-encoding': 'deflate' });
      expect(inflateSync(deflated.rawPayload).toString()).toBe(plain.payload);
      const small = await post('/v2/models/variable-width/infer', wide(2), { 'accept-encoding': 'gzip' });
      expect(small.headers['content-encoding']).toBeUndefined();
    });

    it('are bounded, as sent and decompressed', async () => {
      await start(['variable-width'], { oip: { rest: { bodyLimitBytes: 4096, compressionMinBytes: false } } });
      const answers = [
        await post('/v2/models/variable-width/infer', wide(2000)),
        await post('/v2/models/variable-width/infer', gzipSync(Buffer.alloc(1 << 20, 0x20)) as never, {
          'content-encoding': 'gzip',
        }),
      ];
      for (const answer of answers)
        expect([answer.statusCode, typeof answer.json<{ error: string }>().error]).toEqual([413, 'string']);
      const odd = await post('/v2/models/variable-width/infer', wide(2), { 'content-encoding': 'lzma' });
      expect([odd.statusCode, typeof odd.json<{ error: string }>().error]).toEqual([415, 'string']);
      const broken = await post('/v2/models/variable-width/infer', 'no gzip', { 'content-encoding': 'gzip' });
      expect(broken.statusCode).toBe(400);
      const asked = await post('/v2/models/variable-width/infer', wide(500), { 'accept-encoding': 'gzip' });
      expect(asked.headers['content-encoding']).toBeUndefined();
    });

    it('of calls that are no inference may have a MiB', async () => {
      await start(['iris']);
      const index = (comment: string) => post('/v2/repository/index', { ready: true, comment });
      expect((await index('c'.repeat(1_000_000))).statusCode).toBe(200);
      expect((await index('c'.repeat(1_100_000))).statusCode).toBe(413);
    });

    it('larger than what services take are taken', async () => {
      await start(['variable-width']);
      const { statusCode } = await post(
        '/v2/models/variable-width/infer',
        `${JSON.stringify(wide(3))}${' '.repeat(17 << 20)}`,
      );
      expect(statusCode).toBe(200);
    });
  });
});
