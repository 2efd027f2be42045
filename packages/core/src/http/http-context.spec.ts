import { ManualClock } from '@witan-libs/testing';
import { describe, expect, it } from 'vitest';
import { coreError } from '../errors/core.errors.js';
import type { Context } from '../handler/context.js';
import { Answer } from '../handler/answer.js';
import { deferred, RawClient, testApp, testService } from './harness.spec.support.js';

/** The answer to one request, and the context that its handler saw. */
async function call(
  path: string,
  url: string,
  headers: Record<string, string> = {},
  use: (context: Context) => unknown = () => undefined,
  query: readonly string[] = [],
) {
  let seen!: Context;
  let used: unknown;
  const service = testService(path, (context, read) => {
    seen = context;
    used = use(context);
    return read();
  });
  const params = [
    ...service.definition.params,
    ...query.map((name) => ({ name, in: 'query' as const, required: false })),
  ];
  const app = testApp([{ ...service, definition: { ...service.definition, params } }]);
  const answer = await app.fastify.inject({ method: 'POST', url, headers, payload: [{ a: 1 }] });
  return { answer, context: seen, used, logs: app.logs };
}

describe('HttpContext', () => {
  it('gives path and query parameters that the service declares, the last of a repeated one', async () => {
    const { context } = await call('m/:run/:model', '/m/r%201/x?top=1&top=2&other=3', {}, undefined, ['top', 'absent']);
    expect(context.params).toEqual({ run: 'r 1', model: 'x', top: '2' });
    expect(context.service).toBe('m/:run/:model');
    expect(context.transport).toBe('http');
  });

  it('validates parameters by the service', async () => {
    const service = testService('m/:run', (context) => new Answer({ body: context.params }));
    const parseParams = ({ run }: Readonly<Record<string, string>>): object => ({ run: Number(run) });
    const app = testApp([{ ...service, definition: { ...service.definition, parseParams } }]);
    expect((await app.fastify.inject({ method: 'POST', url: '/m/7' })).json()).toEqual({ run: 7 });
  });

  it('keeps a good request id, in the body and in the header', async () => {
    const { answer, context } = await call('m', '/m', { 'x-request-id': 'run-7/"a"\\b' });
    expect(context.requestId).toBe('run-7/"a"\\b');
    expect(answer.json()).toMatchObject({ id: 'run-7/"a"\\b' });
    expect(answer.headers['x-request-id']).toBe('run-7/"a"\\b');
  });

  it.each([
    ['with a space', 'a b'],
    ['too long', 'x'.repeat(129)],
    ['empty', ''],
  ])('makes an id of its own for one %s', async (_, id) => {
    const first = await call('m', '/m', { 'x-request-id': id });
    const second = await call('m', '/m', { 'x-request-id': id });
    expect(first.context.requestId).toMatch(/^[\w-]{14,}$/);
    expect(second.context.requestId).not.toBe(first.context.requestId);
  });

  it('reads headers by name, traceparent, priority and the raw request', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const { context } = await call('m', '/m', { traceparent, 'x-priority': '-3', 'x-tenant': 'blue' });
    expect(context.traceparent).toBe(traceparent);
    expect(context.priority).toBe(-3);
    expect(context.header('x-tenant')).toBe('blue');
    expect(context.header('x-absent')).toBeUndefined();
    expect(context.raw.contentType).toBe('application/json');
    expect(Buffer.from(context.raw.body).toString()).toBe('[{"a":1}]');
    expect(context.bag).toBe(context.bag);
  });

  it.each([
    ['11', 10],
    ['-99', -10],
    ['high', 0],
  ])('takes x-priority: %s, a mere wish, as %d', async (priority, expected) => {
    expect((await call('m', '/m', { 'x-priority': priority })).context.priority).toBe(expected);
  });

  it.each([
    ['x-request-timeout-ms', '-1'],
    ['x-request-timeout-ms', '1.5'],
    ['x-request-timeout-ms', 'soon'],
    ['x-request-timeout-ms', '86400001'],
  ])('refuses %s: %s with 400 that names it', async (name, value) => {
    const { answer } = await call('m', '/m', { [name]: value, 'x-request-id': 'r1' });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ error: { code: 'CORE_ERR_HTTP_HEADER', requestId: 'r1' } });
    expect(answer.json().error.message).toContain(`${name} is '${value}'`);
  });

  it('sets headers of the answer', async () => {
    const { answer } = await call('m', '/m', {}, (context) => context.setHeader('X-Model', 'iris'));
    expect(answer.headers['x-model']).toBe('iris');
  });

  it('sets headers of an error answer too', async () => {
    const app = testApp([
      testService('m', (context) => {
        context.setHeader('x-model', 'iris');
        throw coreError('CORE_ERR_CANCELLED', 'no');
      }),
    ]);
    const answer = await app.fastify.inject({ method: 'POST', url: '/m' });
    expect([answer.statusCode, answer.headers['x-model']]).toEqual([499, 'iris']);
  });

  it.each([
    ['content-length', '1'],
    ['Transfer-Encoding', 'chunked'],
    ['bad name', '1'],
    ['x-split', 'a\r\nset-cookie: b'],
  ])('does not let a handler set %j to %j', async (name, value) => {
    const { answer, logs } = await call('m', '/m', {}, (context) => context.setHeader(name, value));
    expect(answer.statusCode).toBe(500);
    expect(answer.json()).toMatchObject({ error: { code: 'CORE_ERR_HTTP_RESULT' } });
    expect(logs[0]!.level).toBe('error');
  });

  it("knows the caller's address, and a proxy's caller only if the proxy is trusted", async () => {
    const service = testService('peer', (context) => new Answer({ body: context.peer }));
    const ask = async (trustProxy: boolean): Promise<string> => {
      const app = testApp([service], { limits: { trustProxy } });
      const client = new RawClient(await app.listen());
      client.post('/peer', '', { 'x-forwarded-for': '203.0.113.9' });
      const text = await client.until((seen) => seen.endsWith('}'));
      client.socket.destroy();
      await app.fastify.close();
      return text;
    };
    expect(await ask(false)).toMatch(/"address":"127\.0\.0\.1:\d+","tls":false/);
    expect(await ask(true)).toContain('"address":"203.0.113.9","tls":false');
  });

  it('gives guards and interceptors the request and reply of Fastify', async () => {
    const { context } = await call('m', '/m');
    const [request, reply, third] = context.hostArguments() as [{ url: string }, { statusCode: number }, unknown];
    expect([request.url, reply.statusCode, third]).toEqual(['/m', 200, context]);
  });
});

describe('x-request-timeout-ms', () => {
  it('tells handlers the deadline, fires their signal and answers 504 when it passes', async () => {
    const clock = new ManualClock();
    clock.advance(1000);
    let context!: Context;
    let late!: () => void;
    const started = deferred();
    const app = testApp(
      [
        testService('slow', (seen, read) => {
          context = seen;
          started.resolve();
          return new Promise((resolve) => (late = () => resolve(read())));
        }),
      ],
      { clock },
    );
    const answering = app.fastify.inject({
      method: 'POST',
      url: '/slow',
      headers: { 'x-request-timeout-ms': '250' },
      payload: [{ a: 1 }],
    });
    await started.promise;
    expect(context.deadline).toBe(1250);
    const { signal } = context;
    clock.advance(249);
    expect(signal.aborted).toBe(false);
    clock.advance(1);
    expect(signal.aborted).toBe(true);
    late();
    const answer = await answering;
    expect(answer.statusCode).toBe(504);
    expect(answer.json()).toMatchObject({ error: { code: 'CORE_ERR_DEADLINE', status: 'DEADLINE_EXCEEDED' } });
  });

  it('never starts what is already too late', async () => {
    let called = false;
    const app = testApp([testService('m', (_context, read) => ((called = true), read()))]);
    const answer = await app.fastify.inject({
      method: 'POST',
      url: '/m',
      headers: { 'x-request-timeout-ms': '0' },
      payload: [],
    });
    expect([answer.statusCode, called]).toEqual([504, false]);
  });

  it('leaves an answer alone that was in time', async () => {
    const clock = new ManualClock();
    const app = testApp([testService('m', async (_context, read) => read())], { clock });
    const answer = await app.fastify.inject({
      method: 'POST',
      url: '/m',
      headers: { 'x-request-timeout-ms': '5' },
      payload: [{ a: 1 }],
    });
    clock.advance(10);
    expect([answer.statusCode, answer.json().records]).toEqual([200, [{ a: 1 }]]);
  });
});
