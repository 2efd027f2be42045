import { dirname } from 'node:path';
import { status } from '@grpc/grpc-js';
import { fixtureModel } from '@witan-libs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { decoded, encoded, type OipClient, serve, type Served, typeOf } from './oip-client.spec.support.js';

const STORE = dirname(fixtureModel('iris'));
const REQUEST = typeOf('ModelInferRequest');

const row = (id: string, x = 0, model_name = 'identity-f32') => ({
  model_name,
  id,
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 3], contents: { fp32_contents: [x, x, x] } }],
});

describe('ModelStreamInfer', () => {
  let served: Served;
  let client: OipClient;
  const start = async (...args: Parameters<typeof serve> extends [string, ...infer R] ? R : never): Promise<void> => {
    served = await serve(STORE, ...args);
    ({ client } = served);
  };
  afterEach(async () => {
    client.close();
    await served.app.close();
  });

  it('answers each request, in the order of the requests', async () => {
    await start(['identity-f32', 'slow', 'iris']);
    const slow = {
      ...row('slow', 1, 'slow'),
      inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 1], contents: { fp32_contents: [1] } }],
    };
    const requests = [slow, ...Array.from({ length: 50 }, (_, i) => row(`r${i}`, i))];
    const { answers, error } = await client.streamed(requests);
    expect(error).toBeUndefined();
    expect(answers.map((answer) => answer.infer_response.id)).toEqual(requests.map(({ id }) => id));
    answers.slice(1).forEach((answer, i) => {
      expect(answer.error_message).toBeUndefined();
      expect(answer.infer_response.raw_output_contents[0].readFloatLE(0)).toBe(i);
    });
    expect(answers[0].infer_response.parameters).toEqual({ triton_final_response: { bool_param: true } });
  });

  it('without requests ends without answers', async () => {
    await start(['identity-f32']);
    expect(await client.streamed([])).toEqual({ answers: [] });
  });

  it('a request that fails is answered by its error, and the stream goes on', async () => {
    await start(['identity-f32']);
    const { answers, error } = await client.streamed([
      row('a'),
      row('b', 0, 'nope'),
      Buffer.concat([encoded(REQUEST, { id: 'c' }), Buffer.from([0x2a, 0x7f])]),
      { id: 'd', model_name: 'identity-f32' },
      row('e'),
    ]);
    expect(error).toBeUndefined();
    expect(answers.map(({ error_message: text, infer_response: { id } }) => [id, text])).toEqual([
      ['a', undefined],
      ['b', "Request for unknown model: 'nope' is not found"],
      ['c', expect.stringContaining('the message is not valid protobuf')],
      ['d', expect.stringContaining('expected 1 inputs but got 0 inputs')],
      ['e', undefined],
    ]);
  });

  it('ends with the first failure’s status if the caller asks for it', async () => {
    await start(['identity-f32']);
    const { answers, error } = await client.streamed([row('a'), row('b', 0, 'nope')], {
      metadata: { triton_grpc_error: 'true' },
    });
    expect(answers).toHaveLength(1);
    expect(error).toMatchObject({ code: status.NOT_FOUND, details: "Request for unknown model: 'nope' is not found" });
  });

  it('works on no more requests at once than its window', async () => {
    const witan = { grpc: { streamWindow: 2 } };
    // All rows that wait at the same time would make one batch.
    await start([{ name: 'identity-f32', batch: { maxRows: 64, maxDelayMs: 20 } }], { witan });
    const { answers } = await client.streamed(Array.from({ length: 9 }, (_, i) => row(`r${i}`, i)));
    expect(answers).toHaveLength(9);
    const [{ batch_stats: batches }] = (await client.call('ModelStatistics', { name: 'identity-f32' })).model_stats;
    expect(batches.every(({ batch_size: size }: { batch_size: string }) => Number(size) <= 2)).toBe(true);
  });

  it('a caller that goes away takes its rows with it', async () => {
    await start([{ name: 'identity-f32', batch: { maxRows: 4, maxDelayMs: 60_000 } }]);
    const stream = client.stream();
    stream.on('error', () => undefined);
    const ended = new Promise((resolve) => stream.once('close', resolve).once('error', resolve));
    stream.write(encoded(REQUEST, row('a')));
    stream.write(encoded(REQUEST, { id: 'bad', model_name: 'nope' }));
    stream.write(encoded(REQUEST, row('b')));
    // Its rows have arrived when a later call on the same connection was answered.
    await client.call('ServerLive');
    stream.cancel();
    await ended;
    // The client may send the next call before it resets the stream; not the one after.
    await client.call('ServerLive');
    const four = { ...row('z'), inputs: [{ ...row('z').inputs[0], shape: [4, 3] }] };
    four.inputs[0]!.contents = { fp32_contents: Array.from({ length: 12 }, () => 1) };
    await client.call('ModelInfer', four);
    const [{ inference_count: rows }] = (await client.call('ModelStatistics', { name: 'identity-f32' })).model_stats;
    expect(rows).toBe('4');
  });

  it('answers what it has read when the server stops, then ends', async () => {
    await start(['identity-f32']);
    const stream = client.stream();
    const answers: unknown[] = [];
    const first = new Promise<void>((resolve) =>
      stream.on('data', (bytes: Buffer) => {
        answers.push(decoded(typeOf('ModelStreamInferResponse'), bytes));
        resolve();
      }),
    );
    const error = new Promise<{ code: number; details: string }>((resolve) =>
      stream.on('error', (thrown: { code: number; details: string }) => resolve(thrown)),
    );
    stream.write(encoded(REQUEST, row('a')));
    await first;
    expect(await served.app.close()).not.toBe('timed-out');
    expect(await error).toMatchObject({
      code: status.UNAVAILABLE,
      details: expect.stringContaining('shutting down') as string,
    });
    expect(answers).toHaveLength(1);
  });
});
