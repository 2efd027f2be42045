import { connect } from 'node:http2';
import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { afterEach, describe, expect, it } from 'vitest';
import { ForbiddenException, HttpException } from '@nestjs/common';
import { coreError } from '../errors/core.errors.js';
import { WitanError } from '../errors/witan-error.js';
import { Answer } from '../handler/answer.js';
import type { Context } from '../handler/context.js';
import type { GrpcListener } from './grpc-listener.js';
import { type Handle, definition, listening, runtime, TestClient } from './harness.spec.support.js';

let listener: GrpcListener | undefined;
let client: TestClient | undefined;
const logged: string[] = [];

async function serve(handle?: Handle, options: object = {}): Promise<TestClient> {
  const logger = { error: (message: string, stack?: string) => void logged.push(`${message}\n${stack}`) };
  listener = await listening([runtime(handle)], { options: { host: '127.0.0.1', ...options }, logger });
  return (client = new TestClient(listener.server.address!.text));
}

afterEach(() => {
  logged.length = 0;
  client?.close();
  listener?.close();
});

const ROW = { sepal_length: 1, petal_length: 2, name: 'a' };
const GOOD = { run: 'r', rows: [ROW] };

const RPC_TYPES = protobuf.parse(
  `syntax = "proto3"; package google.rpc;
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message ErrorInfo { string reason = 1; string domain = 2; }
  message FieldViolation { string field = 1; string description = 2; string reason = 3; }
  message BadRequest { repeated FieldViolation field_violations = 1; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }
  message RetryInfo { Duration retry_delay = 1; }
  message RequestInfo { string request_id = 1; }`,
  { keepCase: true },
).root;

function detailsOf(error: ServiceError): Record<string, Record<string, unknown>> {
  const type = RPC_TYPES.lookupType('google.rpc.Status');
  const decoded = type.toObject(type.decode(error.metadata.get('grpc-status-details-bin')[0] as Buffer)) as {
    code: number;
    details: { type_url: string; value: Buffer }[];
  };
  expect(decoded.code).toBe(error.code);
  return Object.fromEntries(
    decoded.details.map(({ type_url: url, value }) => {
      const name = url.replace('type.googleapis.com/google.rpc.', '');
      const detail = RPC_TYPES.lookupType(`google.rpc.${name}`);
      return [name, detail.toObject(detail.decode(value), { longs: Number })];
    }),
  );
}

describe('gRPC errors', () => {
  it('names every forgotten field of every row', async () => {
    const { error } = await (await serve()).predict({ run: 'r', rows: [ROW, { sepal_length: 1 }] });
    expect(error!.code).toBe(status.INVALID_ARGUMENT);
    const details = detailsOf(error!);
    expect(details.ErrorInfo).toEqual({ reason: 'CORE_ERR_VALIDATION', domain: 'witan' });
    expect(details.BadRequest!.field_violations).toEqual([
      { field: 'rows[1].petal_length', description: 'petalLength is missing', reason: 'required' },
      { field: 'rows[1].name', description: 'name is missing', reason: 'required' },
    ]);
  });

  it.each([
    ['no form', { run: 'r' }, 'has no rows'],
    ['two forms', { run: 'r', rows: [ROW], arrow: Buffer.from([1]) }, 'several forms'],
  ])('refuses %s of rows', async (_, request, text) => {
    const { error } = await (await serve()).predict(request);
    expect([error!.code, detailsOf(error!).ErrorInfo!.reason]).toEqual([
      status.INVALID_ARGUMENT,
      'CORE_ERR_PROTO_FORM',
    ]);
    expect(error!.details).toContain(text);
  });

  it('refuses a missing path parameter', async () => {
    const { error } = await (await serve((frame) => frame)).predict({ rows: [ROW] });
    expect(error!.code).toBe(status.INVALID_ARGUMENT);
    expect(error!.details).toBe("the parameter 'run' (field 1) is missing");
  });

  it.each([
    ['truncated bytes', Buffer.from([0x82, 0x01, 0x7f, 1])],
    ['an endless number', Buffer.alloc(20, 0xff)],
    ['groups nested 200 deep', Buffer.alloc(400, Buffer.from([0xa3, 0x06]))],
    ['text that is not UTF-8', Buffer.from([0x0a, 2, 0xc3, 0x28])],
    ['field number 0', Buffer.from([0, 1])],
  ])('answers malformed protobuf (%s) with INVALID_ARGUMENT', async (_, bytes) => {
    const { error } = await (await serve()).predict(bytes);
    expect([error!.code, detailsOf(error!).ErrorInfo!.reason]).toEqual([
      status.INVALID_ARGUMENT,
      'CORE_ERR_PROTO_MALFORMED',
    ]);
  });

  it('answers broken Arrow with INVALID_ARGUMENT', async () => {
    const { error } = await (await serve()).predict({ run: 'r', arrow: Buffer.from('not arrow at all') });
    expect(error!.code).toBe(status.INVALID_ARGUMENT);
  });

  it('keeps errors of user code out of the answer and in the log', async () => {
    const { error } = await (
      await serve(() => {
        throw new Error('the password is hunter2');
      })
    ).predict(GOOD);
    expect(error!.code).toBe(status.INTERNAL);
    expect(JSON.stringify([error!.details, error!.metadata.getMap()])).not.toContain('hunter2');
    expect(logged.join()).toContain('hunter2');
    expect(logged.join()).toContain('grpc-errors.spec');
    expect(logged.join()).toContain(String(detailsOf(error!).RequestInfo!.request_id));
  });

  it('tells when a retry may succeed', async () => {
    const full = new WitanError('TEST_FULL', { category: 'RESOURCE_EXHAUSTED', summary: '' }, 'full', {
      retryAfterMs: 1500,
    });
    const { error } = await (await serve(() => Promise.reject(full))).predict(GOOD);
    expect(error!.code).toBe(status.RESOURCE_EXHAUSTED);
    const info = detailsOf(error!).RetryInfo!;
    expect(info.retry_delay).toEqual({ seconds: 1, nanos: 500_000_000 });
  });

  it.each([
    [new ForbiddenException('no'), status.PERMISSION_DENIED],
    [new HttpException('teapot', 418), status.INVALID_ARGUMENT],
    ['a string', status.INTERNAL],
    [null, status.INTERNAL],
  ])('never answers UNKNOWN (%s)', async (thrown, code) => {
    const { error } = await (
      await serve(() => {
        throw thrown;
      })
    ).predict(GOOD);
    expect(error!.code).toBe(code);
  });

  it('sends messages with half surrogate pairs, newlines and kilobytes', async () => {
    const { error } = await (
      await serve(() => {
        throw coreError('CORE_ERR_CANCELLED', `\ud800 ü\n${'x'.repeat(100_000)}`);
      })
    ).predict(GOOD);
    expect(error!.code).toBe(status.CANCELLED);
    expect(error!.details.startsWith('\uFFFD ü\nxxx')).toBe(true);
    expect(error!.details.length).toBeLessThan(1100);
  });

  it('bounds the details of a request with a thousand violations', async () => {
    const rows = Array.from({ length: 1000 }, () => ({}));
    const { error } = await (await serve()).predict({ run: 'r', rows });
    expect(error!.code).toBe(status.INVALID_ARGUMENT);
    expect((error!.metadata.get('grpc-status-details-bin')[0] as Buffer).length).toBeLessThan(6000);
  });

  it('answers early: 2xx is an empty message with its headers, anything else an error', async () => {
    const answers = [
      new Answer({ status: 204, headers: { 'x-cached': 'yes', 'content-type': 'text/plain' } }),
      new Answer({ status: 401, body: 'who are you?' }),
    ];
    const target = await serve(() => answers.shift()!);
    const early = await target.predict(GOOD);
    expect(early.answer).toEqual({});
    expect(early.metadata.get('x-cached')).toEqual(['yes']);
    const { error } = await target.predict(GOOD);
    expect([error!.code, error!.details]).toEqual([status.UNAUTHENTICATED, 'who are you?']);
  });

  it('tells a unary caller of a streaming handler to use PredictStream, and closes the iterable', async () => {
    let returned = false;
    const iterable = {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.resolve({ done: true as const, value: undefined }),
        return: () => ((returned = true), Promise.resolve({ done: true as const, value: undefined })),
      }),
    };
    const { error } = await (await serve(() => iterable as never)).predict(GOOD);
    expect(error!.code).toBe(status.FAILED_PRECONDITION);
    expect(error!.details).toContain('call PredictStream');
    expect(returned).toBe(true);
  });

  it('tells so even when the stream throws on being let go', async () => {
    const broken = {
      [Symbol.asyncIterator](): AsyncIterator<never> {
        throw new Error('no iterator today');
      },
    };
    const { error } = await (await serve(() => broken)).predict(GOOD);
    expect(error).toMatchObject({
      code: status.FAILED_PRECONDITION,
      details: expect.stringContaining('PredictStream'),
    });
    expect(logged.join()).not.toContain('no iterator today');
  });

  it('refuses messages beyond the limit, naming it', async () => {
    const { error } = await (
      await serve(undefined, { maxReceiveMessageBytes: 1000 })
    ).predict({ run: 'r', rows: [{ ...ROW, name: 'x'.repeat(2000) }] });
    expect(error!.code).toBe(status.RESOURCE_EXHAUSTED);
    expect(error!.details).toContain('1000');
  });

  it('refuses more rows than the limit', async () => {
    const { error } = await (await serve(undefined, { maxRows: 2 })).predict({ run: 'r', rows: [ROW, ROW, ROW] });
    expect([error!.code, error!.details]).toEqual([
      status.RESOURCE_EXHAUSTED,
      expect.stringContaining('the limit is 2'),
    ]);
  });

  it('does not allocate for rows that only a number claims', async () => {
    const { error } = await (
      await serve(undefined, { maxRows: 2 ** 32, maxDecodedBytes: 1e6 })
    ).predict({ run: 'r', columns: { row_count: 4_000_000_000 } });
    expect([error!.code, error!.details]).toEqual([
      status.RESOURCE_EXHAUSTED,
      expect.stringContaining('maxDecodedBytes'),
    ]);
  });

  it('answers unknown methods and services with UNIMPLEMENTED', async () => {
    const target = await serve();
    for (const path of ['/iris.v1.IrisService/Nope', '/no.Service/Predict', '/x']) {
      expect((await target.unary(path, Buffer.alloc(0))).error!.code).toBe(status.UNIMPLEMENTED);
    }
  });

  it('answers a wrong content type with 415', async () => {
    await serve();
    const session = connect(`http://${listener!.server.address!.text}`);
    const seen = await new Promise((resolve) => {
      const request = session.request({
        ':method': 'POST',
        ':path': '/iris.v1.IrisService/Predict',
        'content-type': 'application/json',
      });
      request.on('response', (headers) => resolve(headers[':status']));
      request.end('{}');
    });
    session.destroy();
    expect(seen).toBe(415);
  });
});

describe('deadlines and cancellation over gRPC', () => {
  it('gives the handler the deadline, and fires its signal when it passes', async () => {
    let context: Context | undefined;
    let reason: unknown;
    const target = await serve((frame, seen) => {
      context = seen;
      return new Promise((resolve) => {
        seen.signal.addEventListener('abort', () => {
          reason = seen.signal.reason;
          resolve(frame);
        });
      });
    });
    const { error } = await target.predict(GOOD, new Metadata(), { deadline: Date.now() + 150 });
    expect(error!.code).toBe(status.DEADLINE_EXCEEDED);
    await until(() => reason !== undefined);
    expect((reason as WitanError).code).toBe('CORE_ERR_DEADLINE');
    expect(context!.deadline).toBeGreaterThan(performance.now() - 5000);
    expect(context!.aborted).toBe(true);
  });

  it('has no deadline when the caller set none', async () => {
    let deadline: number | undefined = 1;
    await (await serve((frame, context) => ((deadline = context.deadline), frame))).predict(GOOD);
    expect(deadline).toBeUndefined();
  });

  it('fires the signal when the caller cancels, and drops the late answer', async () => {
    let context: Context | undefined;
    let finish: (() => void) | undefined;
    const target = await serve((frame, seen) => {
      context = seen;
      void seen.signal;
      return new Promise((resolve) => (finish = () => resolve(frame)));
    });
    const call = target.client.makeUnaryRequest(
      '/iris.v1.IrisService/Predict',
      (b: Buffer) => b,
      (b) => b,
      target.encode(GOOD),
      () => undefined,
    );
    await until(() => context !== undefined);
    expect(context!.aborted).toBe(false);
    call.cancel();
    await until(() => context!.signal.aborted);
    expect((context!.signal.reason as WitanError).code).toBe('CORE_ERR_CANCELLED');
    finish!();
    expect((await target.predict(GOOD, new Metadata(), { deadline: Date.now() + 1 })).error).toBeDefined();
  });

  it('does not fire the signal after a normal answer', async () => {
    let context: Context | undefined;
    const target = await serve((frame, seen) => ((context = seen), void seen.signal, frame));
    expect((await target.predict(GOOD)).error).toBeUndefined();
    await target.predict(GOOD);
    expect([context!.signal.aborted, context!.aborted]).toEqual([false, false]);
  });

  it('knows the peer, the priority and the trace of a call', async () => {
    let seen: unknown;
    const target = await serve((frame, { peer, priority, traceparent, raw }) => {
      seen = { peer, priority, traceparent, type: raw.contentType, bytes: raw.body.length };
      return frame;
    });
    const metadata = new Metadata();
    metadata.set('x-priority', '99');
    metadata.set('traceparent', '00-a-b-01');
    await target.predict(GOOD, metadata);
    expect(seen).toEqual({
      peer: { address: expect.stringMatching(/^127\.0\.0\.1:\d+$/), tls: false },
      priority: 10,
      traceparent: '00-a-b-01',
      type: 'application/grpc+proto',
      bytes: target.encode(GOOD).length,
    });
  });

  it('carries binary metadata both ways as base64', async () => {
    const target = await serve(
      (frame, context) => (context.setHeader('x-echo-bin', context.header('x-in-bin')!), frame),
    );
    const metadata = new Metadata();
    metadata.set('x-in-bin', Buffer.from([0, 1, 255]));
    expect((await target.predict(GOOD, metadata)).metadata.get('x-echo-bin')).toEqual([Buffer.from([0, 1, 255])]);
  });

  it('refuses metadata that gRPC does not allow, and serves on', async () => {
    const values = ['x\r\ny: 1', 'ü', 'fine'];
    const target = await serve((frame, context) => (context.setHeader('x-note', values.shift()!), frame));
    for (let i = 0; i < 2; i++) {
      const { error } = await target.predict(GOOD);
      expect([error!.code, detailsOf(error!).ErrorInfo!.reason]).toEqual([status.INTERNAL, 'CORE_ERR_GRPC_METADATA']);
    }
    expect((await target.predict(GOOD)).metadata.get('x-note')).toEqual(['fine']);
  });

  it('reads gzip-compressed requests', async () => {
    await serve();
    const zipped = new TestClient(listener!.server.address!.text, definition(), credentials.createInsecure(), {
      'grpc.default_compression_algorithm': 2,
    });
    expect((await zipped.predict(GOOD)).answer).toEqual({ rows: [ROW] });
    zipped.close();
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
