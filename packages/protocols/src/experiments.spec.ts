import { dirname } from 'node:path';
import { Module } from '@nestjs/common';
import { type WitanApplication, WitanFactory } from '@witan/core';
import {
  exposureChannel,
  type ExposureEvent,
  ExperimentModule,
  type ExperimentOptions,
  ModelModule,
  shadowChannel,
  type ShadowEvent,
} from '@witan/inference';
import { fixtureModel, ManualClock } from '@witan-libs/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { HusharClient, messageOf } from './hushar/hushar-client.spec.support.js';
import { HusharModule } from './hushar/hushar.module.js';
import { OipClient } from './oip/grpc/oip-client.spec.support.js';
import { OipModule } from './oip/oip.module.js';

const STORE = dirname(fixtureModel('iris'));
const X = { name: 'x', datatype: 'FP32', shape: [1, 3] };
/** For models that take three floats. */
const VECTORIZATION = {
  feature_transformations: { n: { type: 'identity', default_val: [1, 2, 3] } },
  feature_order: ['n'],
};
/** y = x, and y = 2 x. */
const VARIANTS = { control: 'same', double: { model: 'twice', weight: 0.5 } };
const EXPERIMENTS: Record<string, ExperimentOptions> = {
  ab: { variants: VARIANTS, key: 'header:x-user', allowForced: true, reveal: true, shadow: ['twice'] },
  rows: { variants: VARIANTS, key: 'column:x' },
  texts: {
    variants: { control: 'identity-string' },
    shadow: ['identity-string'],
    shadowLimits: { maxQueueBytes: 9_000 },
  },
  other: { variants: { control: 'same', strings: { model: 'identity-string', weight: 1 } } },
};

describe('experiments as names of models', () => {
  const clock = new ManualClock({ turns: 'event-loop' });
  let app: WitanApplication;
  let oip: OipClient;
  let hushar: HusharClient;
  const exposures: ExposureEvent[] = [];
  const shadows: ShadowEvent[] = [];
  const seeExposure = (event: unknown): void => void exposures.push(event as ExposureEvent);
  const seeShadow = (event: unknown): void => void shadows.push(event as ShadowEvent);

  beforeAll(async () => {
    const model = (name: string, path: string) => ({ name, path, trusted: true });
    @Module({
      imports: [
        // Time stands still here: nothing may wait for a timer.
        ModelModule.forRoot({ store: STORE, runners: { execution: 'inline' }, batch: { coalesce: 'off' } }),
        ModelModule.forFeature(
          model('same', 'identity-f32'),
          model('twice', 'variable-width'),
          model('identity-string', 'identity-string'),
        ),
        ExperimentModule.forRoot({ experiments: EXPERIMENTS }),
        OipModule.forRoot({}),
        HusharModule.forRoot({ model: 'ab', vectorization: VECTORIZATION }),
      ],
    })
    class App {}
    app = await WitanFactory.create(App, { logger: false, witan: { clock } });
    const { grpc } = await app.listen({ http: 0, grpc: 0, host: '127.0.0.1', banner: false });
    oip = new OipClient(grpc!);
    hushar = new HusharClient(grpc!);
    exposureChannel.subscribe(seeExposure);
    shadowChannel.subscribe(seeShadow);
  });
  afterEach(() => {
    exposures.length = 0;
    shadows.length = 0;
  });
  afterAll(async () => {
    exposureChannel.unsubscribe(seeExposure);
    shadowChannel.unsubscribe(seeShadow);
    oip.close();
    hushar.close();
    await app.close();
  });

  async function later(): Promise<void> {
    for (let i = 0; i < 5; i++) {
      clock.advance(2);
      for (let turn = 0; turn < 5; turn++) await new Promise((done) => setImmediate(done));
    }
  }

  async function rest(headers: Record<string, string> = {}, name = 'ab', data = [1, 2, 3]) {
    const payload = { id: 'q', inputs: [{ ...X, data }], parameters: { priority: 1 } };
    const answer = await app.inject({ method: 'POST', url: `/v2/models/${name}/infer`, headers, payload });
    const body = answer.json<{ model_name: string; outputs: { data: number[] }[]; error: string }>();
    return { status: answer.statusCode, body, y: body.outputs?.[0]!.data, variant: answer.headers['x-witan-variant'] };
  }

  const users = Array.from({ length: 24 }, (_, i) => ({ 'x-user': `user-${i}` }));

  it('each caller has the same model over REST and over gRPC, of both protocols', async () => {
    const grpcRequest = { model_name: 'ab', inputs: [{ ...X, contents: { fp32_contents: [1, 2, 3] } }] };
    const variants: string[] = [];
    for (const user of users) {
      const { status, body, y, variant } = await rest(user);
      expect([status, body.model_name]).toEqual([200, 'ab']);
      expect(y).toEqual(variant === 'double' ? [2, 4, 6] : [1, 2, 3]);
      variants.push(String(variant));
      const answer = await oip.call('ModelInfer', grpcRequest, { metadata: user });
      const raw = (answer as { raw_output_contents: Buffer[] }).raw_output_contents[0]!;
      expect([answer['model_name'], raw.readFloatLE(8)]).toEqual(['ab', y![2]]);
      const { outputs } = await hushar.call(messageOf([{ row_id: 'a', features: {} }]), user);
      expect(outputs).toEqual([{ row_id: 'a', scores: y }]);
    }
    expect(new Set(variants)).toEqual(new Set(['control', 'double']));
    expect(exposures).toHaveLength(3 * users.length);
    expect(exposures.every(({ experiment, sticky }) => experiment === 'ab' && sticky)).toBe(true);
  });

  it('the key may be the first value of an input', async () => {
    const rows = Array.from({ length: 20 }, (_, i) => [i, 0, 1]);
    const first = await Promise.all(rows.map((row) => rest({}, 'rows', row)));
    const again = await Promise.all(rows.map((row) => rest({}, 'rows', row)));
    expect(again.map(({ y }) => y)).toEqual(first.map(({ y }) => y));
    expect(new Set(first.map(({ y }) => y![2]))).toEqual(new Set([1, 2]));
  });

  it('a variant may be forced for a test; one that there is not is said', async () => {
    expect(await rest({ 'x-witan-variant': 'double' })).toMatchObject({ variant: 'double', y: [2, 4, 6] });
    expect(exposures).toMatchObject([{ variant: 'double', forced: true }]);
    const unknown = await rest({ 'x-witan-variant': 'nobody' });
    expect([unknown.status, unknown.body.error]).toEqual([400, expect.stringContaining('control, double')]);
  });

  it('shadows are run on copies of both, and compared', async () => {
    for (let i = 0; i < 5; i++) await later();
    shadows.length = 0;
    await rest({ 'x-witan-variant': 'control', 'x-request-id': 'one' });
    await hushar.call(messageOf([{ features: {} }, { features: {} }]), { 'x-witan-variant': 'double' });
    expect(shadows).toEqual([]);
    await later();
    expect(shadows).toMatchObject([
      { requestId: 'one', outcome: 'compared', rows: 1, matched: 0, maxDifference: 3, variant: 'control' },
      { outcome: 'compared', rows: 2, matched: 2, maxDifference: 0, variant: 'double' },
    ]);
  });

  it('what a shadow is to be given is measured by its texts', async () => {
    const send = async (text: string) => {
      const inputs = [{ name: 'x', datatype: 'BYTES', shape: [1, 3], data: ['a', 'b', text] }];
      return (await app.inject({ method: 'POST', url: '/v2/models/texts/infer', payload: { inputs } })).statusCode;
    };
    expect(await send('c'.repeat(1_500))).toBe(200);
    expect(await send('c'.repeat(4_000))).toBe(200);
    expect(shadows).toMatchObject([{ experiment: 'texts', outcome: 'dropped' }]);
  });

  it('a variant that takes other inputs is answered by the control', async () => {
    expect(await rest({}, 'other')).toMatchObject({ status: 200, y: [1, 2, 3] });
    expect(exposures).toMatchObject([{ experiment: 'other', assigned: 'strings', variant: 'control' }]);
  });

  it('metadata, configuration and readiness are those of the control', async () => {
    const get = async (url: string) => (await app.inject({ method: 'GET', url })).json<Record<string, unknown>>();
    expect(await get('/v2/models/ab')).toMatchObject({ name: 'ab', versions: ['1'], inputs: [{ name: 'x' }] });
    expect(await get('/v2/models/ab/ready')).toEqual({ name: 'ab', ready: true });
    expect(await get('/v2/models/ab/config')).toMatchObject({ name: 'ab' });
    const version = await app.inject({
      method: 'POST',
      url: '/v2/models/ab/versions/7/infer',
      payload: { inputs: [] },
    });
    expect(version.statusCode).toBe(404);
  });

  it('bad requests are refused as for any model', async () => {
    const answer = await rest({}, 'ab', [1, 2]);
    expect(answer.status).toBe(400);
    expect((await rest({}, 'nobody')).status).toBe(404);
  });
});
