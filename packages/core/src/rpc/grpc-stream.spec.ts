import { connect, constants } from 'node:http2';
import { status, type ServiceError } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { WitanError } from '../errors/witan-error.js';
import { Frame } from '../frame/frame.js';
import { Answer } from '../handler/answer.js';
import type { Context } from '../handler/context.js';
import type { GrpcListener } from './grpc-listener.js';
import { type Handle, listening, runtime, TestClient } from './harness.spec.support.js';

const { NGHTTP2_CANCEL } = constants;

let listener: GrpcListener | undefined;
let client: TestClient | undefined;

async function serve(handle?: Handle, options: object = {}): Promise<TestClient> {
  listener = await listening([runtime(handle)], { options: { host: '127.0.0.1', ...options } });
  return (client = new TestClient(listener.server.address!.text));
}

afterEach(() => {
  client?.close();
  listener?.close();
});

function request(n: number, name = 'a'): object {
  return { run: 'r', rows: [{ sepal_length: n, petal_length: 0, name }] };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** Everything that comes back on a stream, and how it ended. */
function collected(
  target: TestClient,
  call: ReturnType<TestClient['stream']>,
): { numbers: number[]; ended: Promise<ServiceError | undefined> } {
  const numbers: number[] = [];
  let error: ServiceError | undefined;
  call.on('data', (bytes: Buffer) => {
    const { rows } = target.decode(bytes) as { rows?: { sepal_length: number }[] };
    numbers.push(...(rows ?? []).map((row) => row.sepal_length));
  });
  call.on('error', (seen: ServiceError) => (error = seen));
  return { numbers, ended: new Promise((resolve) => call.on('status', () => setImmediate(() => resolve(error)))) };
}

describe('PredictStream', () => {
  it('answers each message in order although later ones are ready first', async () => {
    const waiting: (() => void)[] = [];
    const target = await serve((frame) => new Promise((resolve) => void waiting.unshift(() => resolve(frame))));
    const call = target.stream();
    const seen = collected(target, call);
    for (let i = 0; i < 5; i++) call.write(target.encode(request(i)));
    call.end();
    await until(() => waiting.length === 5);
    for (const finish of waiting) finish();
    expect(await seen.ended).toBeUndefined();
    expect(seen.numbers).toEqual([0, 1, 2, 3, 4]);
  });

  it('works on no more messages at once than the window, and takes the next when one is answered', async () => {
    const waiting: (() => void)[] = [];
    let begun = 0;
    const target = await serve(
      (frame) => (begun++, new Promise((resolve) => void waiting.push(() => resolve(frame)))),
      { streamWindow: 3 },
    );
    const call = target.stream();
    const seen = collected(target, call);
    for (let i = 0; i < 10; i++) call.write(target.encode(request(i)));
    call.end();
    let most = 0;
    for (let i = 0; i < 10; i++) {
      await until(() => waiting.length > 0);
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, begun - i);
      waiting.shift()!();
    }
    expect(await seen.ended).toBeUndefined();
    expect(seen.numbers).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(most).toBe(3);
  });

  it('streams the Frames of an async iterable, several per message', async () => {
    const target = await serve(async function* (frame: Frame) {
      yield frame;
      yield frame;
    } as never);
    const call = target.stream();
    const seen = collected(target, call);
    call.write(target.encode(request(1)));
    call.write(target.encode(request(2)));
    call.end();
    expect(await seen.ended).toBeUndefined();
    expect(seen.numbers).toEqual([1, 1, 2, 2]);
  });

  it('makes no Frames beyond what the caller takes', async () => {
    let made = 0;
    let stopped = false;
    const target = await serve(async function* (frame: Frame) {
      try {
        for (;;) {
          made++;
          yield frame;
        }
      } finally {
        stopped = true;
      }
    } as never);
    // By hand: grpc-js's client takes what comes although nobody reads it.
    const session = connect(`http://${listener!.server.address!.text}`);
    const path = '/iris.v1.IrisService/PredictStream';
    const call = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const message = target.encode(request(1, 'x'.repeat(100_000)));
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    call.write(Buffer.concat([head, message]));
    let before = -1;
    while (before !== made || made === 0) {
      before = made;
      for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(made).toBeLessThan(100);
    expect(stopped).toBe(false);
    call.close(NGHTTP2_CANCEL);
    await until(() => stopped);
    expect(stopped).toBe(true);
    session.close();
  });

  it('ends with the error of the first message that fails, and abandons those behind it', async () => {
    const contexts: Context[] = [];
    let fail: (() => void) | undefined;
    const target = await serve((frame, context) => {
      contexts.push(context);
      if (contexts.length === 1) return frame;
      return new Promise((resolve, reject) => {
        if (contexts.length === 2)
          fail = () => reject(new WitanError('X_ERR', { category: 'ABORTED', summary: '' }, 'no more'));
        context.signal.addEventListener('abort', () => resolve(frame));
      });
    });
    const call = target.stream();
    const seen = collected(target, call);
    for (let i = 0; i < 3; i++) call.write(target.encode(request(i)));
    await until(() => contexts.length === 3);
    fail!();
    const error = await seen.ended;
    expect([error!.code, error!.details, seen.numbers]).toEqual([status.ABORTED, 'no more', [0]]);
    expect(contexts[2]!.signal.aborted).toBe(true);
  });

  it('ends with an error also while the answer before it is still being written', async () => {
    let answer: (() => void) | undefined;
    const target = await serve((frame) => {
      if (!answer) return new Promise((resolve) => (answer = () => resolve(frame)));
      answer();
      throw new WitanError('X_ERR', { category: 'ABORTED', summary: '' }, 'no more');
    });
    const call = target.stream();
    const seen = collected(target, call);
    call.write(target.encode(request(0)));
    call.write(target.encode(request(1)));
    const error = await seen.ended;
    expect([error!.code, error!.details, seen.numbers]).toEqual([status.ABORTED, 'no more', [0]]);
  });

  it('ends with INVALID_ARGUMENT for a malformed message', async () => {
    const target = await serve();
    const call = target.stream();
    const seen = collected(target, call);
    call.write(target.encode(request(1)));
    call.write(Buffer.from([0xff]));
    expect((await seen.ended)!.code).toBe(status.INVALID_ARGUMENT);
    expect(seen.numbers).toEqual([1]);
  });

  it('fires the signals of all messages under way when the caller cancels', async () => {
    const contexts: Context[] = [];
    const target = await serve((frame, context) => {
      contexts.push(context);
      return new Promise((resolve) => context.signal.addEventListener('abort', () => resolve(frame)));
    });
    const call = target.stream();
    call.on('error', () => undefined);
    call.write(target.encode(request(1)));
    call.write(target.encode(request(2)));
    await until(() => contexts.length === 2);
    call.cancel();
    await until(() => contexts.every((context) => context.aborted));
    expect(contexts.map((context) => context.signal.aborted)).toEqual([true, true]);
  });

  it('answers an empty stream with an empty stream, and 2xx with empty messages', async () => {
    const target = await serve(() => new Answer({ status: 204 }));
    const empty = target.stream();
    const none = collected(target, empty);
    empty.end();
    expect(await none.ended).toBeUndefined();
    const call = target.stream();
    const lengths: number[] = [];
    call.on('data', (bytes: Buffer) => lengths.push(bytes.length));
    call.write(target.encode(request(1)));
    call.end();
    await new Promise((resolve) => call.on('status', resolve));
    expect(lengths).toEqual([0]);
  });
});
