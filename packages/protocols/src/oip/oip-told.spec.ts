import { type AnswerEvent, answerChannel, requestChannel, type RequestEvent } from '@witan/core';
import type { TestingApplication } from '@witan/core/testing';
import { type InferEvent, inferChannel } from '@witan/inference';
import { fixtureModel } from '@witan-libs/testing';
import { dirname } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { oipApplication, tensor } from './oip.spec.support.js';

const requests: RequestEvent[] = [];
const answers: AnswerEvent[] = [];
const runs: InferEvent[] = [];
const began = ({ context }: RequestEvent): void => void context.wantPhases();
const ended = (event: RequestEvent): void => void requests.push(event);
const answered = (event: unknown): void => void answers.push(event as AnswerEvent);
const ran = (event: unknown): void => void runs.push(event as InferEvent);

let app: TestingApplication;
beforeAll(async () => {
  app = await oipApplication(dirname(fixtureModel('iris')), [{ name: 'iris', path: 'iris.onnx' }]);
});
afterAll(() => app.close());
beforeEach(() => {
  for (const list of [requests, answers, runs]) list.length = 0;
  requestChannel.start.subscribe(began as never);
  requestChannel.asyncEnd.subscribe(ended as never);
  answerChannel.subscribe(answered);
  inferChannel.subscribe(ran);
});
afterEach(() => {
  requestChannel.start.unsubscribe(began as never);
  requestChannel.asyncEnd.unsubscribe(ended as never);
  answerChannel.unsubscribe(answered);
  inferChannel.unsubscribe(ran);
});

const infer = (payload: object, path = '/v2/models/iris/infer', headers: Record<string, string> = {}) =>
  app.inject({ method: 'POST', url: path, payload, headers });
const two = { inputs: [tensor('X', 'FP32', [2, 3], [3, 4, 1, 2, 3, 1])] };

describe('requests of the protocol', () => {
  it('are told with their rows, model, phases and answer', async () => {
    expect((await infer(two, undefined, { 'x-request-id': 'r7' })).statusCode).toBe(200);
    expect(requests).toHaveLength(1);
    const { service, rows, context, error } = requests[0]!;
    expect([service, rows, error, context.requestId]).toEqual(['oip', 2, undefined, 'r7']);
    expect(context.models).toEqual([{ model: 'iris', version: '1' }]);
    for (const phase of ['decodeMs', 'queueMs', 'tensorMs', 'inferMs', 'encodeMs'] as const)
      expect(context.phases![phase], phase).toBeGreaterThanOrEqual(0);
    expect(runs).toMatchObject([{ model: 'iris', version: '1', rows: 2, requests: 1 }]);
    expect(runs[0]!.contexts).toEqual([context]);
    expect(answers).toMatchObject([{ route: '/v2/models/:model/infer', status: 200, code: undefined }]);
    expect(answers[0]!.context).toBe(context);
  });

  it('that fail are told once, with what was wrong', async () => {
    expect((await infer({ inputs: [] })).statusCode).toBe(400);
    expect((await infer(two, '/v2/models/none/infer')).statusCode).toBe(404);
    expect(requests.map(({ error }) => (error as { code: string }).code)).toEqual([
      'OIP_ERR_INPUT',
      'OIP_ERR_MODEL_NOT_FOUND',
    ]);
    expect(answers.map(({ status, code }) => [status, code])).toEqual([
      [400, 'OIP_ERR_INPUT'],
      [404, 'OIP_ERR_MODEL_NOT_FOUND'],
    ]);
  });
});
