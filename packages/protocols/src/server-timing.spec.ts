import { dirname } from 'node:path';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { Module } from '@nestjs/common';
import { type WitanApplication, WitanFactory, WitanModule } from '@witan/core';
import { ModelModule } from '@witan/inference';
import { fixtureModel } from '@witan-libs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { messageOf } from './hushar/hushar-client.spec.support.js';
import { HusharModule } from './hushar/hushar.module.js';
import { encoded, typeOf } from './oip/grpc/oip-client.spec.support.js';
import { OipModule } from './oip/oip.module.js';

const FEATURES = {
  feature_transformations: { x: { type: 'identity', default_val: [1, 2, 3] } },
  feature_order: ['x'],
};

let app: WitanApplication | undefined;
let client: Client | undefined;

afterEach(async () => {
  client?.close();
  await app?.close();
  app = client = undefined;
});

async function start(timings?: boolean): Promise<{ http: string; grpc: string }> {
  const path = fixtureModel('identity-f32');
  @Module({
    imports: [
      WitanModule.forRoot({ http: { timings }, grpc: { timings } }),
      ModelModule.forRoot({ store: dirname(path) }),
      ModelModule.forFeature({ name: 'same', path, trusted: true, execution: 'inline' }),
      OipModule.forRoot({}),
      HusharModule.forRoot({ model: 'same', vectorization: FEATURES }),
    ],
  })
  class App {}
  app = await WitanFactory.create(App, { logger: false });
  const { http, grpc } = await app.listen({ http: 0, grpc: 0, host: '127.0.0.1', banner: false });
  client = new Client(grpc!, credentials.createInsecure());
  return { http: http!, grpc: grpc! };
}

/** The `server-timing` that comes with a call's status. */
function trailer(path: string, message: Buffer, asks = '1'): Promise<unknown[]> {
  const metadata = new Metadata();
  metadata.set('x-witan-timing', asks);
  const same = (bytes: Buffer): Buffer => bytes;
  return new Promise((resolve) => {
    const call = client!.makeUnaryRequest(path, same, same, message, metadata, () => undefined);
    call.on('status', (status) => resolve(status.metadata.get('server-timing')));
  });
}

const HUSHAR = '/hushar.Hushar/InferenceService';
const OIP = '/inference.GRPCInferenceService/ModelInfer';
const oipMessage = encoded(typeOf('ModelInferRequest'), {
  model_name: 'same',
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 3], contents: { fp32_contents: [1, 2, 3] } }],
});

async function oipOverHttp(
  http: string,
  body = '{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"data":[1,2,3]}]}',
) {
  const headers = { 'content-type': 'application/json', 'x-witan-timing': '1' };
  const answer = await fetch(`${http}/v2/models/same/infer`, { method: 'POST', headers, body });
  await answer.text();
  return answer.headers.get('server-timing');
}

describe('server-timing of other protocols', () => {
  it('tells Hushar callers of the phases that its own metrics have', async () => {
    await start();
    const [text] = await trailer(HUSHAR, messageOf([{ features: {} }]));
    expect(text).toMatch(/queue;dur=.*vectorize;dur=.*tensor;dur=.*infer;dur=.*encode;dur=.*total;dur=/);
    const wrong = messageOf([{ features: { x: { float_value: 1 } } }]);
    expect((await trailer(HUSHAR, wrong))[0]).toMatch(/total;dur=/);
    expect(await trailer(HUSHAR, messageOf([{ features: {} }]), '0')).toEqual([]);
  });

  it('tells OIP callers, on both protocols', async () => {
    const { http } = await start();
    expect((await trailer(OIP, oipMessage))[0]).toMatch(/decode;dur=.*infer;dur=.*encode;dur=.*total;dur=/);
    expect(await oipOverHttp(http)).toMatch(/decode;dur=.*infer;dur=.*encode;dur=.*total;dur=/);
    expect(await oipOverHttp(http, '{}')).toMatch(/total;dur=/);
  });

  it('tells nobody where it is switched off', async () => {
    const { http } = await start(false);
    expect(await oipOverHttp(http)).toBeNull();
    expect(await trailer(OIP, oipMessage)).toEqual([]);
    expect(await trailer(HUSHAR, messageOf([{ features: {} }]))).toEqual([]);
  });
});
