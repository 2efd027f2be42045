import { Metadata } from '@grpc/grpc-js';
import type { RpcUnaryCall } from '@witan/core';
import { expect, it } from 'vitest';
import { data, Flag, grpcMessage, headers } from '../http2/frames.js';
import { headerBlock, requestHeaders } from '../http2/hpack.js';
import { failing, type RpcSuite, unary } from './suite.js';
import { path, turn } from './stage.js';

const echo = unary((call, message) => call.answer(Buffer.from(message)));

/** One message in, one answer or one failure out. */
export function unaryContract({ stage }: RpcSuite): void {
  it('answers a message with a message, also an empty one', async () => {
    await stage().serve({ Echo: echo });
    const caller = stage().grpc();
    for (const text of ['hello', '', 'x'.repeat(70_000)]) {
      const { code, answer } = await caller.unary(path('Echo'), Buffer.from(text));
      expect([code, answer?.toString()]).toEqual([0, text]);
    }
  });

  it('answers later, each call with its own, in whatever order', async () => {
    const waiting: (() => void)[] = [];
    const held = unary((call, message) => {
      const text = message.toString();
      waiting.push(() => call.answer(Buffer.from(text)));
      if (waiting.length === 300) for (const answer of waiting.reverse()) answer();
    });
    await stage().serve({ Held: held });
    const caller = stage().grpc();
    const calls = Array.from({ length: 300 }, (_, i) => caller.unary(path('Held'), Buffer.from(`call ${i}`)));
    const answers = (await Promise.all(calls)).map(({ answer }) => answer?.toString());
    expect(answers).toEqual(answers.map((_, i) => `call ${i}`));
  });

  it('answers once: what a method says after that is dropped', async () => {
    const twice = unary((call, message) => {
      call.answer(Buffer.from(message));
      call.answer(Buffer.from('again'));
      call.fail({ code: 13, message: 'late' });
    });
    const failed = unary((call) => {
      call.fail({ code: 9, message: 'first' });
      call.answer(Buffer.from('late'));
      call.fail({ code: 13, message: 'late' });
    });
    await stage().serve({ Twice: twice, Failed: failed });
    const connection = await stage().raw();
    const answered = await connection.call(path('Twice'), Buffer.from('x'));
    const refused = await connection.call(path('Failed'), Buffer.from('x'));
    expect([answered.status, answered.messages.map(String)]).toEqual([0, ['x']]);
    expect([refused.status, refused.messages, refused.statusMessage]).toEqual([9, [], 'first']);
    expect(connection.faults).toEqual([]);
  });

  it.each(Array.from({ length: 16 }, (_, i) => i + 1))('fails with status %i', async (code) => {
    await stage().serve({ Fail: failing({ code, message: `status ${code}` }) });
    const outcome = await stage().grpc().unary(path('Fail'));
    expect([outcome.code, outcome.details, outcome.answer]).toEqual([code, `status ${code}`, undefined]);
  });

  it.each([
    ['of any script, with lines and percent signs', 'é → 模型 🙂\n100% "a"\t\\ %41', undefined],
    ['that is empty', '', undefined],
    ['with half a surrogate pair', 'a\ud800b', 'a\ufffdb'],
  ])('carries a message %s', async (_, message, seen = message) => {
    await stage().serve({ Fail: failing({ code: 3, message }) });
    expect((await stage().grpc().unary(path('Fail'))).details).toBe(seen);
  });

  it('cuts a message that no header could hold', async () => {
    await stage().serve({ Fail: failing({ code: 3, message: 'm'.repeat(500_000) }) });
    const { code, details } = await stage().grpc().unary(path('Fail'));
    expect([code, details.slice(0, 1000)]).toEqual([3, 'm'.repeat(1000)]);
  });

  it('fails with details and further trailers, text and bytes, several of one name', async () => {
    const status = {
      code: 5,
      message: 'no',
      details: Buffer.from([0, 255, 1, 2]),
      trailers: [
        ['why', 'a'],
        ['why', 'b'],
        ['raw-bin', Buffer.from([0, 1, 254])],
      ] as [string, string | Buffer][],
    };
    await stage().serve({ Fail: failing(status) });
    const { code, trailers } = await stage().grpc().unary(path('Fail'));
    expect(code).toBe(5);
    expect(trailers.get('grpc-status-details-bin')).toEqual([status.details]);
    expect(trailers.get('why').join(', ')).toBe('a, b');
    expect(trailers.get('raw-bin')).toEqual([Buffer.from([0, 1, 254])]);
  });

  it('says in its answer what gRPC asks for', async () => {
    await stage().serve({ Echo: echo, Fail: failing({ code: 3, message: 'no' }) });
    const connection = await stage().raw();
    const good = await connection.call(path('Echo'), Buffer.from('x'));
    const bad = await connection.call(path('Fail'), Buffer.from('x'));
    expect(good.headers[0]).toMatchObject({ ':status': '200' });
    expect(good.headers[0]!['content-type']).toMatch(/^application\/grpc(\+proto)?$/);
    expect(good.headers[1]).toMatchObject({ 'grpc-status': '0' });
    expect(bad.headers[0]).toMatchObject({ ':status': '200' });
    expect(bad.headers.at(-1)).toMatchObject({ 'grpc-status': '3', 'grpc-message': 'no' });
    expect(connection.faults).toEqual([]);
  });

  it('takes a message in any pieces, padded, between other frames', async () => {
    await stage().serve({ Echo: echo });
    const connection = await stage().raw();
    const bytes = grpcMessage(Buffer.from('piece by piece'));
    const id = connection.open(path('Echo'));
    for (const byte of bytes) {
      const padded = Buffer.concat([Buffer.from([3, byte]), Buffer.alloc(3)]);
      await connection.sent(data(id, padded, Flag.PADDED), data(id, Buffer.alloc(0)));
      await turn();
    }
    connection.send(data(id, Buffer.alloc(0), Flag.END_STREAM));
    expect((await connection.over(id)).messages.map(String)).toEqual(['piece by piece']);
  });

  it.each(['application/grpc+proto', 'application/grpc;charset=utf-8', 'application/grpc+json'])(
    'takes %s',
    async (type) => {
      await stage().serve({ Echo: echo });
      const connection = await stage().raw();
      const all = requestHeaders(path('Echo')).map(([name, value]): [string, string] => [
        name,
        name === 'content-type' ? type : value,
      ]);
      const id = connection.newStreamId();
      connection.send(headers(id, headerBlock(all)), data(id, grpcMessage(Buffer.from('x')), Flag.END_STREAM));
      expect((await connection.over(id)).status).toBe(0);
    },
  );

  it.each(['application/json', 'text/plain', undefined])('refuses a content type of %s with 415', async (type) => {
    await stage().serve({ Echo: echo });
    const connection = await stage().raw();
    const without = requestHeaders(path('Echo')).filter(([name]) => name !== 'content-type');
    const id = connection.newStreamId();
    const block = headerBlock(type === undefined ? without : [...without, ['content-type', type]]);
    connection.send(headers(id, block), data(id, grpcMessage(Buffer.from('x')), Flag.END_STREAM));
    expect((await connection.over(id)).headers[0]).toMatchObject({ ':status': '415' });
    expect((await connection.call(path('Echo'), Buffer.from('x'))).status).toBe(0);
  });

  it('refuses a request without a message, with half of one, and with two, and answers the next', async () => {
    let ran = 0;
    const counted = unary((call, message) => (ran++, call.answer(Buffer.from(message))));
    await stage().serve({ Echo: counted });
    const connection = await stage().raw();
    const whole = grpcMessage(Buffer.from('xyz'));
    for (const body of [Buffer.alloc(0), whole.subarray(0, 3), whole.subarray(0, 6), Buffer.concat([whole, whole])]) {
      const before = ran;
      const id = connection.open(path('Echo'));
      connection.send(data(id, body, Flag.END_STREAM));
      const { status, messages } = await connection.over(id);
      expect([12, 13, 3]).toContain(status);
      expect([messages, ran]).toEqual([[], before]);
    }
    expect((await connection.call(path('Echo'), Buffer.from('x'))).status).toBe(0);
  });

  it('knows the path and the caller of a call', async () => {
    const seen: [string, RpcUnaryCall['peer']][] = [];
    const look = unary((call) => (seen.push([call.path, call.peer]), call.answer(Buffer.alloc(0))));
    await stage().serve({ Look: look });
    await stage().grpc().unary(path('Look'), Buffer.alloc(0), { metadata: new Metadata() });
    expect(seen).toEqual([[path('Look'), { address: expect.stringMatching(/^127\.0\.0\.1:\d+$/), tls: false }]]);
  });
}
