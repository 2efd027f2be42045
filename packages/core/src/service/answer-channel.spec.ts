import { once } from 'node:events';
import { Metadata } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RawClient, type TestApp, testApp, testService } from '../http/harness.spec.support.js';
import type { GrpcListener } from '../rpc/grpc-listener.js';
import { definition, listening, runtime, TestClient } from '../rpc/harness.spec.support.js';
import type { Frame } from '../frame/frame.js';
import { activeRequests, answerChannel, type AnswerEvent } from './answer-channel.js';
import type { ServiceResult } from './runtime.js';

const seen: AnswerEvent[] = [];
let woken: (() => void)[] = [];
const subscriber = (event: unknown): void => {
  seen.push(event as AnswerEvent);
  for (const wake of woken.splice(0)) wake();
};
const answers = async (count: number): Promise<void> => {
  while (seen.length < count) await new Promise<void>((wake) => woken.push(wake));
};
const lines = (): string[] =>
  seen.map(({ transport, method, route, status, code }) =>
    [transport, method, route, status, code ?? '-'].filter((part) => part !== '').join(' '),
  );

beforeEach(() => {
  seen.length = 0;
  woken = [];
  answerChannel.subscribe(subscriber);
});
afterEach(() => {
  answerChannel.unsubscribe(subscriber);
  expect(activeRequests).toEqual({ http: 0, grpc: 0 });
});

const echo = testService('echo/:run', (_context, read) => read());
const stream = testService('stream', async (_context, read) => framesOf(read()));
async function* framesOf(frame: Frame): AsyncGenerator<Frame> {
  for (let row = 0; row < frame.rows; row++) yield frame.slice(row, row + 1);
}

describe('witan.answer over HTTP', () => {
  let app: TestApp;
  afterEach(() => app.fastify.close());

  it('tells of every request once: services, routes beside them, what is not there, and what is refused', async () => {
    app = testApp([echo, stream]);
    const post = (url: string, payload: unknown) =>
      app.fastify.inject({ method: 'POST', url, payload: payload as object });
    await post('/echo/a', [{ x: 1 }]);
    await post('/echo/b', [{ x: 1 }, 7]);
    await post('/nowhere', []);
    await app.fastify.inject('/health/live');
    await app.fastify.inject('/echo/a');
    await app.fastify.inject('/%');
    await post('/stream', [{ x: 1 }, { x: 2 }]);
    await answers(7);
    expect(lines()).toEqual([
      'http POST /echo/:run 200 -',
      'http POST /echo/:run 400 CORE_ERR_FRAME_INFER',
      'http POST 404 CORE_ERR_HTTP_NOT_FOUND',
      'http GET /health/live 200 -',
      'http GET /echo/:run 405 CORE_ERR_HTTP_METHOD',
      'http GET 400 CORE_ERR_HTTP_URL',
      'http POST /stream 200 -',
    ]);
  });

  it('counts the bytes of both bodies, and has the Context of a service', async () => {
    app = testApp([echo, stream]);
    await app.fastify.inject({
      method: 'POST',
      url: '/echo/a',
      payload: [{ x: 1 }],
      headers: { 'x-request-id': 'r1' },
    });
    const streamed = await app.fastify.inject({ method: 'POST', url: '/stream', payload: [{ x: 1 }, { x: 2 }] });
    await answers(2);
    expect(seen[0]!.requestBytes).toBe('[{"x":1}]'.length);
    expect(seen[0]!.answerBytes).toBe('{"id":"r1","records":[{"x":1}]}'.length);
    expect(seen[0]!.context?.requestId).toBe('r1');
    expect(seen[1]!.answerBytes).toBe(Buffer.byteLength(streamed.body));
    for (const event of seen) expect(event.durationMs).toBeGreaterThanOrEqual(0);
  });

  it('tells of those who left, also of those who wait behind another answer on their connection', async () => {
    let called = 0;
    let notice = (): void => undefined;
    const both = new Promise<void>((resolve) => (notice = resolve));
    const pausing = testService(
      'wait',
      () =>
        new Promise<ServiceResult>(() => {
          if (++called === 2) notice();
        }),
    );
    app = testApp([pausing]);
    const client = new RawClient(await app.listen());
    client.post('/wait', '[]');
    client.post('/wait', '[]');
    await both;
    expect(activeRequests.http).toBe(2);
    client.socket.resetAndDestroy();
    await answers(2);
    expect(lines()).toEqual(Array(2).fill('http POST /wait 499 CORE_ERR_CANCELLED'));
  });

  it('tells of what the parser refuses', async () => {
    app = testApp([echo]);
    const client = new RawClient(await app.listen());
    client.socket.write('this is not HTTP\r\n\r\n');
    await once(client.socket, 'end');
    expect(lines()).toEqual(['http 400 CORE_ERR_HTTP_REQUEST']);
  });

  it('tells nothing of requests that began before somebody subscribed', async () => {
    answerChannel.unsubscribe(subscriber);
    app = testApp([testService('late', (_context, read) => (answerChannel.subscribe(subscriber), read()))]);
    await app.fastify.inject({ method: 'POST', url: '/late', payload: [{ x: 1 }] });
    await app.fastify.inject('/health/live');
    await answers(1);
    expect(lines()).toEqual(['http GET /health/live 200 -']);
  });
});

describe('witan.answer over gRPC', () => {
  let listener: GrpcListener;
  let client: TestClient;
  afterEach(() => {
    client.close();
    listener.close();
  });
  const flower = { run: 'a', rows: [{ sepal_length: 1, petal_length: 2, name: 'x' }] };

  it('tells of every call once: methods, health, what is not there, and what is refused', async () => {
    const picky = runtime((frame) => {
      if (frame.rows > 1) throw new RangeError('too many');
      return frame;
    });
    listener = await listening([picky]);
    client = new TestClient(listener.server.address!.text);
    await client.predict(flower);
    await client.predict({ ...flower, rows: [...flower.rows, ...flower.rows] });
    await client.predict(Buffer.from([0xff]));
    await client.unary('/iris.v1.IrisService/Nothing', Buffer.alloc(0));
    await client.unary('/grpc.health.v1.Health/Check', Buffer.alloc(0));
    await answers(5);
    expect(lines()).toEqual([
      'grpc iris.v1.IrisService/Predict 0 -',
      'grpc iris.v1.IrisService/Predict 13 CORE_ERR_INTERNAL',
      'grpc iris.v1.IrisService/Predict 3 CORE_ERR_PROTO_MALFORMED',
      'grpc 12 -',
      'grpc grpc.health.v1.Health/Check 0 -',
    ]);
    expect(seen[0]!.requestBytes).toBe(client.encode(flower).length);
    expect(seen[0]!.answerBytes).toBeGreaterThan(0);
    expect(seen[0]!.context?.service).toBe(definition().path);
  });

  it('a stream is one request, with all of its messages', async () => {
    listener = await listening([runtime()]);
    client = new TestClient(listener.server.address!.text);
    const call = client.stream();
    const message = client.encode(flower);
    let bytes = 0;
    call.on('data', (answer: Buffer) => (bytes += answer.length));
    call.write(message);
    call.write(message);
    call.end();
    await once(call, 'end');
    await answers(1);
    expect(lines()).toEqual(['grpc iris.v1.IrisService/PredictStream 0 -']);
    expect(seen[0]!.requestBytes).toBe(2 * message.length);
    expect(seen[0]!.answerBytes).toBe(bytes);
  });

  it('tells of those who left, and of those whose time was up', async () => {
    let calls = 0;
    let notice = (): void => undefined;
    const called = new Promise<void>((resolve) => (notice = resolve));
    listener = await listening([
      runtime(() => {
        if (++calls === 1) notice();
        return new Promise(() => undefined);
      }),
    ]);
    client = new TestClient(listener.server.address!.text);
    const leaving = client.client.makeUnaryRequest(
      '/iris.v1.IrisService/Predict',
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      client.encode(flower),
      new Metadata(),
      () => undefined,
    );
    await called;
    leaving.cancel();
    await answers(1);
    await client.predict(flower, undefined, { deadline: Date.now() + 100 });
    await answers(2);
    expect(lines()).toEqual([
      'grpc iris.v1.IrisService/Predict 1 CORE_ERR_CANCELLED',
      'grpc iris.v1.IrisService/Predict 4 CORE_ERR_DEADLINE',
    ]);
  });
});
