import { data, Flag, grpcMessage } from '@witan-libs/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Serving } from './serving.spec.support.js';
import { type GrpcCodec, streamMethod, unaryMethod } from './typed-methods.js';

const JSON_CODEC: GrpcCodec<{ n: number }, { sum: number }> = {
  decode: (bytes) => JSON.parse(bytes.toString()) as { n: number },
  encode: (answer) => new TextEncoder().encode(JSON.stringify(answer)),
};

function check(n: number): void {
  if (n === 13) throw Object.assign(new Error('no thirteens'), { code: 9 });
  if (n === 14) throw new Error('secret');
}

let serving: Serving;
afterEach(() => serving.stop());
beforeEach(async () => {
  serving = await Serving.start();
  serving.server.addMethods('t.Sum', {
    Now: unaryMethod(JSON_CODEC, ({ n }) => {
      check(n);
      return { sum: n };
    }),
    Later: unaryMethod(JSON_CODEC, async ({ n }) => {
      await Promise.resolve();
      check(n);
      return { sum: n };
    }),
    All: streamMethod(JSON_CODEC, async ({ requests, write }) => {
      let sum = 0;
      for await (const { n } of requests) {
        check(n);
        await write({ sum: (sum += n) });
      }
    }),
  });
});

const text = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

describe('methods on objects', () => {
  it.each(['Now', 'Later', 'All'])('%s answers, and fails with the status that was thrown', async (name) => {
    const connection = await serving.connect();
    const call = async (message: Buffer) => {
      const id = connection.open(`/t.Sum/${name}`);
      connection.send(data(id, grpcMessage(message), Flag.END_STREAM));
      const { status, statusMessage, messages } = await connection.over(id);
      return [status, statusMessage, messages.map(String).join()];
    };
    expect(await call(text({ n: 5 }))).toEqual([0, '', '{"sum":5}']);
    expect(await call(text({ n: 13 }))).toEqual([9, 'no thirteens', '']);
    expect(await call(text({ n: 14 }))).toEqual([2, 'the method failed', '']);
    expect(await call(Buffer.from('{'))).toEqual([3, 'a message cannot be decoded', '']);
  });

  it('stream any number of messages', async () => {
    const connection = await serving.connect();
    const id = connection.open('/t.Sum/All');
    connection.send(data(id, Buffer.concat([1, 2, 3].map((n) => grpcMessage(text({ n })))), Flag.END_STREAM));
    expect((await connection.over(id)).messages.map(String)).toEqual(['{"sum":1}', '{"sum":3}', '{"sum":6}']);
  });
});
