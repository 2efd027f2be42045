import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Frame } from '../frame/frame.js';
import type { Context } from '../handler/context.js';
import type { ServiceResult } from '../service/runtime.js';
import { echo, RawClient, requestText, type TestApp, testApp, testService } from './harness.spec.support.js';

/** A service whose requests wait until the test answers them. */
function pausing() {
  const calls: { context: Context; answer: () => void }[] = [];
  const waiters: (() => void)[] = [];
  const runtime = testService(
    'wait',
    (context, read) =>
      new Promise<ServiceResult>((resolve) => {
        const frame = read();
        calls.push({ context, answer: () => resolve(frame) });
        for (const waiter of waiters.splice(0)) waiter();
      }),
  );
  const called = async (count: number): Promise<void> => {
    while (calls.length < count) await new Promise<void>((resolve) => waiters.push(resolve));
  };
  return { runtime, calls, called };
}

function answers(text: string): string[] {
  return [...text.matchAll(/HTTP\/1\.1 200 OK[\s\S]*?"records":(\[[^\]]*\])/g)].map((match) => match[1]!);
}

describe('callers that come and go', () => {
  let app: TestApp;
  afterEach(() => app.fastify.close());

  it('aborts the request of a caller that disconnects while it waits', async () => {
    const service = pausing();
    app = testApp([service.runtime]);
    const client = new RawClient(await app.listen());
    client.post('/wait', '[{"a":1}]');
    await service.called(1);
    const { context } = service.calls[0]!;
    expect(context.aborted).toBe(false);
    const fired = once(context.signal, 'abort');
    client.socket.destroy();
    await fired;
    expect(context.aborted).toBe(true);
    expect(context.signal.reason).toMatchObject({ code: 'CORE_ERR_CANCELLED' });
  });

  it('aborts all requests of a connection that is reset', async () => {
    const service = pausing();
    app = testApp([service.runtime]);
    const client = new RawClient(await app.listen());
    client.socket.write(requestText('/wait', '[{"a":1}]') + requestText('/wait', '[{"a":2}]'));
    await service.called(2);
    const fired = Promise.all(service.calls.map(({ context }) => once(context.signal, 'abort')));
    client.socket.resetAndDestroy();
    await fired;
    expect(service.calls.map(({ context }) => context.aborted)).toEqual([true, true]);
  });

  it('does not take the end of an ordinary request for a disconnect, on a connection that is kept', async () => {
    const seen: boolean[] = [];
    let last: Context | undefined;
    app = testApp([
      testService('seen', async (context, read) => {
        await Promise.resolve();
        last = context;
        seen.push(context.aborted, context.signal.aborted);
        return read();
      }),
    ]);
    const client = new RawClient(await app.listen());
    for (let round = 1; round <= 3; round++) {
      client.post('/seen', `[{"a":${round}}]`);
      await client.until((text) => answers(text).length === round);
      expect(last!.signal.aborted).toBe(false);
    }
    expect(seen).toEqual([false, false, false, false, false, false]);
    client.socket.destroy();
  });

  it('answers a caller that ends its side and still reads', async () => {
    const service = pausing();
    app = testApp([service.runtime]);
    const client = new RawClient(await app.listen());
    client.socket.end(requestText('/wait', '[{"a":1}]'));
    await service.called(1);
    const { context, answer } = service.calls[0]!;
    // The probe that tells this caller from one that is gone: clients skip 100 Continue.
    await client.until((text) => text.includes('HTTP/1.1 100 Continue'));
    expect(context.aborted).toBe(false);
    answer();
    expect(answers(await client.rest())).toEqual(['[{"a":1}]']);
  });

  it('answers pipelined requests in order, also when the caller has ended its side', async () => {
    app = testApp([echo, testService('slow', async (_context, read) => (await Promise.resolve(), read()))]);
    const client = new RawClient(await app.listen());
    client.socket.end(
      requestText('/slow', '[{"a":1}]') + requestText('/echo', '[{"a":2}]') + requestText('/slow', '[{"a":3}]'),
    );
    expect(answers(await client.rest())).toEqual(['[{"a":1}]', '[{"a":2}]', '[{"a":3}]']);
  });

  it('never calls the service when the caller goes away in the middle of the body', async () => {
    const service = pausing();
    app = testApp([service.runtime, echo]);
    const port = await app.listen();
    const socket = connect({ port, host: '127.0.0.1' });
    const gone = new Promise<void>((resolve) => {
      app.fastify.server.once('connection', (peer) => peer.once('close', () => resolve()));
    });
    socket.write(requestText('/wait', '[{"a":1}]', { 'content-length': '100' }), () => socket.destroy());
    await gone;
    expect(service.calls).toEqual([]);
    // The server is none the worse.
    const client = new RawClient(port);
    client.post('/echo', '[{"a":1}]');
    await client.until((text) => answers(text).length === 1);
    client.socket.destroy();
  });

  it('answers a body that ends early with 400', async () => {
    app = testApp([echo]);
    const client = new RawClient(await app.listen());
    client.socket.end(requestText('/echo', '[{"a":1}]', { 'content-length': '100' }));
    expect(await client.rest()).toMatch(/^HTTP\/1\.1 400 Bad Request[\s\S]*CORE_ERR_HTTP_REQUEST/);
  });

  it('lets a stream go when its caller disconnects', async () => {
    let returned!: () => void;
    const done = new Promise<void>((resolve) => (returned = resolve));
    app = testApp([
      testService('stream', async function (_context: Context, read: () => Frame) {
        const frame = read();
        return (async function* () {
          try {
            for (;;) yield frame;
          } finally {
            returned();
          }
        })();
      } as never),
    ]);
    const client = new RawClient(await app.listen());
    client.post('/stream', '[{"a":1}]');
    await client.until((text) => text.includes('{"a":1}'));
    client.socket.destroy();
    await done;
  });
});
