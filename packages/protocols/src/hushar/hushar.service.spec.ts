import { copyFile, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { Module } from '@nestjs/common';
import { requestChannel, type RequestEvent, STARTUP_REPORT, type WitanApplication, WitanFactory } from '@witan/core';
import { ModelModule, type ModelOptions, ModelRegistry } from '@witan/inference';
import { fixtureModel, vectorWorkload } from '@witan-libs/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HusharClient, messageOf, type RequestRow } from './hushar-client.spec.support.js';
import { HusharModule } from './hushar.module.js';
import { HusharService } from './hushar.service.js';
import type { HusharOptions } from './hushar-options.js';

interface Served {
  readonly app: WitanApplication;
  readonly client: HusharClient;
  readonly address: string;
}

const open: Served[] = [];
afterAll(async () => {
  for (const { app, client } of open) {
    client.close();
    await app.close();
  }
});

async function serve(options: HusharOptions, path: string, more?: Partial<ModelOptions>): Promise<Served> {
  @Module({
    imports: [
      ModelModule.forRoot({ store: dirname(path) }),
      ModelModule.forFeature({
        name: options.model,
        path,
        trusted: true,
        execution: 'inline',
        ...more,
      }),
      HusharModule.forRoot(options),
    ],
  })
  class App {}
  const app = await WitanFactory.create(App, { logger: false });
  try {
    const { grpc } = await app.listen({ http: false, grpc: 0, host: '127.0.0.1', banner: false });
    const served = { app, client: new HusharClient(grpc!), address: grpc! };
    open.push(served);
    return served;
  } catch (error) {
    await app.close();
    throw error;
  }
}

const close = (a: readonly number[], b: readonly number[]): void => {
  expect(a).toHaveLength(b.length);
  a.forEach((value, i) => expect(Math.abs(value - b[i]!)).toBeLessThan(1e-5));
};

describe.each(['w1', 'w3'] as const)('the request of %s', (name) => {
  const workload = vectorWorkload(name);
  let served: Served;
  beforeAll(async () => {
    served = await serve({ model: name, vectorization: workload.vectorizationPath }, workload.modelPath);
  });

  it("gets onnxruntime's scores, rows in order, ids as they were", async () => {
    const answer = await served.client.call(workload.message);
    expect(answer.request_id).toBe(workload.requestId);
    expect(answer.outputs.map((row) => row.row_id)).toEqual(workload.rows.map((row) => row.row_id));
    close(
      answer.outputs.flatMap((row) => row.scores),
      workload.scores.flat(),
    );
  });

  it('is told on the channels: rows, model, and its three phases', async () => {
    const seen: RequestEvent[] = [];
    const began = ({ context }: RequestEvent): void => void context.wantPhases();
    const ended = (event: RequestEvent): void => void seen.push(event);
    requestChannel.start.subscribe(began as never);
    requestChannel.asyncEnd.subscribe(ended as never);
    await served.client.call(workload.message);
    await served.client.call(Buffer.from([0xff])).catch(() => undefined);
    requestChannel.start.unsubscribe(began as never);
    requestChannel.asyncEnd.unsubscribe(ended as never);
    expect(seen.map(({ service, rows }) => [service, rows])).toEqual([
      ['hushar', workload.rows.length],
      ['hushar', undefined],
    ]);
    const [{ context }, failed] = seen as [RequestEvent, RequestEvent];
    expect(context.models).toEqual([{ model: name, version: '1' }]);
    for (const phase of ['vectorizeMs', 'inferMs', 'encodeMs'] as const)
      expect(context.phases![phase], phase).toBeGreaterThanOrEqual(0);
    expect((failed.error as { code: string }).code).toBe('HUSHAR_ERR_MALFORMED');
  });

  it('is joined with those of other callers', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => served.client.call(workload.message)));
    for (const answer of answers)
      close(
        answer.outputs.flatMap((row) => row.scores),
        workload.scores.flat(),
      );
  });
});

/** For a model that gives back its three floats. */
const CONFIG = {
  feature_transformations: {
    n: { type: 'identity', default_val: [0.5] },
    s: { type: 'standardization32', mean: 1, std_dev: 2, default_val: [-1] },
    c: { type: 'one_hot_encoding', categories: ['only'], default_val: [7] },
  },
  feature_order: ['n', 's', 'c'],
};

describe('Hushar', () => {
  let served: Served;
  beforeAll(async () => {
    served = await serve(
      { model: 'same', vectorization: CONFIG, maxRows: 100, modelId: 'same-3' },
      fixtureModel('identity-f32'),
    );
  });
  const call = (rows: readonly RequestRow[], metadata?: Record<string, string>) =>
    served.client.call(messageOf(rows), metadata);
  const good: RequestRow = {
    row_id: 'a',
    features: { n: { float_value: 4 }, s: { integer_value: 3 }, c: { string_value: 'only' } },
  };

  it('answers no rows with no rows', async () => {
    expect(await call([])).toMatchObject({ request_id: 'req', outputs: [] });
    expect(await served.client.call(Buffer.alloc(0))).toMatchObject({ request_id: '', outputs: [] });
  });

  it('answers a row with all scores of its output', async () => {
    expect((await call([good, { features: {} }])).outputs).toEqual([
      { row_id: 'a', scores: [4, 1, 1] },
      { row_id: '', scores: [0.5, -1, 7] },
    ]);
  });

  it('tells which features were missing when it is asked', async () => {
    const rows: RequestRow[] = [good, { features: { s: { float_value: 1 }, c: {} } }, good];
    expect((await call(rows, { 'x-witan-defaults': '1' })).headers.get('x-witan-defaults')).toEqual(['2; 1=n,c']);
    expect((await call(rows)).headers.get('x-witan-defaults')).toEqual([]);
    expect((await call([good], { 'x-witan-defaults': '1' })).headers.get('x-witan-defaults')).toEqual(['0']);
  });

  it.each<[string, RequestRow, RegExp]>([
    [
      'a wrong type',
      { row_id: 'b', features: { ...good.features, s: { string_value: '3' } } },
      /^row 1 \("b"\), feature "s": standardization32 takes float or int32, or an array of them, not string$/,
    ],
    [
      'a wrong array type',
      { row_id: 'b', features: { ...good.features, s: { long_array: { values: [1] } } } },
      /feature "s".*not int64 array$/,
    ],
    [
      'text that is no number',
      { features: { ...good.features, n: { string_value: ' 1' } } },
      /^row 1, feature "n": " 1" is not a number/,
    ],
    [
      'a longer array',
      { features: { ...good.features, n: { float_array: { values: [1, 2] } } } },
      /^row 1, feature "n": gives 2 numbers, its share of a row is 1/,
    ],
    ['an empty array', { features: { ...good.features, n: { float_array: {} } } }, /"n": gives 0 numbers/],
  ])('names row and feature for %s', async (_, row, message) => {
    const error = await call([good, row]).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, details: expect.stringMatching(message) });
    const trailer = (error as { metadata: { get(name: string): Buffer[] } }).metadata.get('grpc-status-details-bin');
    expect(trailer[0]!.toString('latin1')).toContain('INF_ERR_VECTORIZE_VALUE');
    expect(trailer[0]!.toString('latin1')).toContain('google.rpc.BadRequest');
  });

  it('leaves others alone when one request is wrong', async () => {
    const bad = { features: { c: { float_value: 1 } } };
    const results = await Promise.allSettled([call([good]), call([bad]), call([good])]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('refuses too many rows, and bytes that are no message', async () => {
    const many = Buffer.alloc(202, Buffer.of(0x12, 0));
    await expect(served.client.call(many)).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: 'the request has 101 rows, the limit is 100: split it',
    });
    await expect(served.client.call(Buffer.from('12ff', 'hex'))).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: 'the message is not valid protobuf: a length is cut short at byte 1',
    });
  });

  it('is on the banner', () => {
    const { lines } = served.app.nest.get(HusharService)[STARTUP_REPORT]();
    expect(lines).toEqual(["hushar.Hushar/InferenceService: model 'same' as same-3, 3 features -> 3 numbers -> y"]);
  });
});

describe('at boot', () => {
  const refused = (options: Partial<HusharOptions>, model: string) =>
    serve({ model: 'm', vectorization: CONFIG, ...options }, fixtureModel(model));

  it.each<[string, Partial<HusharOptions>, string, string, RegExp]>([
    [
      'a model without vectorization',
      { vectorization: undefined },
      'identity-f32',
      'HUSHAR_ERR_MODEL',
      /no vectorization/,
    ],
    ['a broken vectorization', { vectorization: {} }, 'identity-f32', 'INF_ERR_VECTORIZE_CONFIG', /^model 'm'/],
    ['a vectorization of another width', {}, 'iris-classifier', 'HUSHAR_ERR_MODEL', /takes 4.*gives 3/],
    ['a model with other inputs', {}, 'two-inputs', 'HUSHAR_ERR_MODEL', /one input, float32/],
    ['a model of float64', {}, 'identity-f64', 'HUSHAR_ERR_MODEL', /one input, float32/],
    ['an output that is not there', { output: 'nope' }, 'identity-f32', 'HUSHAR_ERR_MODEL', /no output 'nope'.*y/],
  ])('%s is refused', async (_, options, model, code, message) => {
    await expect(refused(options, model)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

describe('a model that is replaced', () => {
  it('answers with its new version, no call failing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'witan-hushar-swap-'));
    const path = join(folder, 'model.onnx');
    await copyFile(fixtureModel('identity-f32'), path);
    const { app, client } = await serve({ model: 'swapped', vectorization: CONFIG }, path);
    const scores = async () => (await client.call(messageOf([{ features: {} }]))).outputs[0]!.scores;
    expect(await scores()).toEqual([0.5, -1, 7]);
    await copyFile(fixtureModel('variable-width'), `${path}.new`);
    await rename(`${path}.new`, path);
    const loading = app.nest.get(ModelRegistry).load('swapped');
    const during = await Promise.all(Array.from({ length: 20 }, scores));
    await loading;
    for (const answer of during) expect([0.5, 1]).toContain(answer[0]);
    expect(await scores()).toEqual([1, -2, 14]);
    await rm(folder, { recursive: true });
  });
});

describe('a model with a vectorization of its own', () => {
  it('needs no other, though a feature has the name of its input', async () => {
    const vectorize = {
      feature_transformations: { x: { type: 'standardization32', mean: 1, std_dev: 2, default_val: [0, 0, 0] } },
      feature_order: ['x'],
    };
    const { client } = await serve({ model: 'own' }, fixtureModel('identity-f32'), { vectorize });
    const row = { features: { x: { float_array: { values: [1, 3, 5] } } } };
    expect((await client.call(messageOf([row]))).outputs[0]!.scores).toEqual([0, 1, 2]);
  });
});

describe('a model with several outputs', () => {
  const config = {
    feature_transformations: { x: { type: 'identity', default_val: [0, 0, 0, 0] } },
    feature_order: ['x'],
  };
  const row = { features: { x: { double_array: { values: [5.1, 3.5, 1.4, 0.2] } } } };

  it('scores by its first one, whole numbers as floats', async () => {
    const { client } = await serve({ model: 'iris', vectorization: config }, fixtureModel('iris-classifier'));
    expect((await client.call(messageOf([row, row]))).outputs.map((one) => one.scores)).toEqual([[0], [0]]);
  });

  it('or by the one that is named', async () => {
    const { client } = await serve(
      { model: 'iris', vectorization: config, output: 'probabilities' },
      fixtureModel('iris-classifier'),
    );
    const [scores] = (await client.call(messageOf([row]))).outputs.map((one) => one.scores);
    expect(scores).toHaveLength(3);
    expect(scores!.reduce((sum, one) => sum + one, 0)).toBeCloseTo(1, 5);
  });
});
