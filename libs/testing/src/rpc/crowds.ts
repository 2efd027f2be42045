import { expect, it } from 'vitest';
import { data, Flag, grpcMessage, headers, PREFACE, settings } from '../http2/frames.js';
import { headerBlock, requestHeaders } from '../http2/hpack.js';
import { echoUnary, type RpcSuite, stream, unary } from './suite.js';
import { path, until } from './stage.js';

/** Many at once, and callers that break off anywhere. */
export function crowdContract({ stage }: RpcSuite): void {
  it('answers 4000 calls at once over 20 connections, each with its own', async () => {
    const waiting: (() => void)[] = [];
    const held = unary((call, message) => {
      const copy = Buffer.from(message);
      waiting.push(() => call.answer(copy));
    });
    await stage().serve({ Held: held });
    const callers = Array.from({ length: 20 }, () => stage().grpc());
    const calls = Array.from({ length: 4000 }, (_, i) =>
      callers[i % 20]!.unary(path('Held'), Buffer.from(`call ${i}`)),
    );
    await until(() => waiting.length === 4000);
    for (const answer of waiting) answer();
    const wrong = (await Promise.all(calls)).filter(({ answer }, i) => answer?.toString() !== `call ${i}`);
    expect(wrong).toEqual([]);
  });

  it('answers one connection that has all its calls open, again and again', async () => {
    await stage().serve({ Echo: echoUnary }, { maxConcurrentStreams: 100 });
    const connection = await stage().raw();
    for (let round = 0; round < 30; round++) {
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, i) => connection.call(path('Echo'), Buffer.from(`${round}/${i}`))),
      );
      expect(answers.map(({ messages }) => String(messages[0]))).toEqual(answers.map((_, i) => `${round}/${i}`));
    }
    expect(connection.faults).toEqual([]);
  });

  it('is not harmed by callers that break off at any byte of a call', async () => {
    let open = 0;
    const slow = stream(async (call) => {
      open++;
      call.onCancel(() => open--);
      for await (const message of call.messages) await call.write(Buffer.from(message));
      if (call.cancelled) return;
      open--;
      call.end();
    });
    await stage().serve({ Slow: slow, Echo: echoUnary });
    const whole = Buffer.concat([
      PREFACE,
      settings(),
      headers(1, headerBlock(requestHeaders(path('Slow')))),
      data(1, grpcMessage(Buffer.from('some message'))),
      headers(3, headerBlock(requestHeaders(path('Echo')))),
      data(3, grpcMessage(Buffer.from('x')), Flag.END_STREAM),
      data(1, Buffer.alloc(0), Flag.END_STREAM),
    ]);
    for (let at = 0; at <= whole.length; at += 3) {
      const connection = await stage().raw({ preface: false });
      await connection.sent(whole.subarray(0, at));
      if (at % 2 === 0) connection.socket.end();
      else connection.socket.resetAndDestroy();
    }
    expect((await stage().grpc().unary(path('Echo'), Buffer.from('still'))).answer?.toString()).toBe('still');
    await until(() => open === 0);
  });

  it('is not harmed by callers that go while an answer is on its way', async () => {
    let begun = 0;
    let ended = 0;
    const large = Buffer.alloc(400_000, 'a');
    const give = unary((call) => {
      begun++;
      call.onCancel(() => ended++);
      setImmediate(() => {
        call.answer(large);
        if (!call.cancelled) ended++;
      });
    });
    await stage().serve({ Give: give, Echo: echoUnary });
    for (let bytes = 0; bytes < 65_000; bytes += 3001) {
      const connection = await stage().raw({ giveBack: false });
      const id = connection.open(path('Give'));
      connection.send(data(id, grpcMessage(Buffer.alloc(0)), Flag.END_STREAM));
      await connection.until(() => connection.stream(id).dataBytes >= bytes);
      connection.socket.resetAndDestroy();
    }
    await until(() => ended >= begun && begun > 0);
    expect((await stage().grpc().unary(path('Echo'))).code).toBe(0);
  });
}
