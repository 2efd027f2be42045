import { dirname } from 'node:path';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { Module } from '@nestjs/common';
import { type KeptCall, RECORD_KEEPER, type WitanApplication, WitanError, WitanFactory } from '@witan/core';
import { ModelModule } from '@witan/inference';
import { fixtureModel } from '@witan-libs/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { messageOf } from './hushar/hushar-client.spec.support.js';
import { HusharModule } from './hushar/hushar.module.js';
import { encoded, typeOf } from './oip/grpc/oip-client.spec.support.js';
import { OipModule } from './oip/oip.module.js';

const FEATURES = {
  feature_transformations: { x: { type: 'identity', default_val: [1, 2, 3] } },
  feature_order: ['x'],
};

let app: WitanApplication;
let client: Client;
let url: string;
let calls: KeptCall[];
let keep: () => void | Promise<void>;

beforeEach(async () => {
  calls = [];
  keep = () => {};
  const path = fixtureModel('identity-f32');
  const recorder = {
    keep(call: KeptCall) {
      calls.push(call);
      return keep();
    },
  };
  @Module({
    imports: [
      ModelModule.forRoot({ store: dirname(path) }),
      ModelModule.forFeature({ name: 'same', path, trusted: true, execution: 'inline', log: ['all'] }),
      OipModule.forRoot({}),
      HusharModule.forRoot({ model: 'same', vectorization: FEATURES }),
    ],
    providers: [{ provide: RECORD_KEEPER, useValue: { open: () => recorder } }],
  })
  class App {}
  app = await WitanFactory.create(App, { logger: false });
  const { http, grpc } = await app.listen({ http: 0, grpc: 0, host: '127.0.0.1', banner: false });
  url = http!;
  client = new Client(grpc!, credentials.createInsecure());
});
afterEach(async () => {
  client.close();
  await app.close();
});

const metadata = new Metadata();
metadata.set('x-request-id', 'r1');
const same = (bytes: Buffer): Buffer => bytes;
/** The code of a call's status. */
const rpc = (path: string, message: Buffer): Promise<number> =>
  new Promise((resolve) => {
    const call = client.makeUnaryRequest(path, same, same, message, metadata, () => undefined);
    call.on('status', ({ code }) => resolve(code));
  });

const ways = {
  'OIP over HTTP': async () => {
    const headers = { 'content-type': 'application/json', 'x-request-id': 'r1' };
    const body = '{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"data":[1,2,3]}]}';
    return (await fetch(`${url}/v2/models/same/infer`, { method: 'POST', headers, body })).status;
  },
  'OIP over gRPC': () =>
    rpc(
      '/inference.GRPCInferenceService/ModelInfer',
      encoded(typeOf('ModelInferRequest'), {
        model_name: 'same',
        inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 3], contents: { fp32_contents: [1, 2, 3] } }],
      }),
    ),
  Hushar: () => rpc('/hushar.Hushar/InferenceService', messageOf([{ features: {} }])),
};

describe.each(Object.entries(ways))('a model that is logged, asked by %s', (_name, ask) => {
  it('has a record under the id of the request', async () => {
    expect([0, 200]).toContain(await ask());
    expect(calls).toHaveLength(1);
    const [{ context, models, input, output, point }] = calls as [KeptCall];
    expect([context.requestId, point.kind, models.at(-1)?.model]).toEqual(['r1', 'model', 'same']);
    expect([...output!.columns.values()].flatMap((column) => [...column.numbers()])).toEqual([1, 2, 3]);
    expect(input.rows).toBe(1);
  });

  it('does not answer when the record cannot be kept', async () => {
    keep = () => Promise.reject(new WitanError('FULL', { category: 'UNAVAILABLE', summary: '' }, 'the disk is full'));
    expect([14, 503]).toContain(await ask());
  });
});
