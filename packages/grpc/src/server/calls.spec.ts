import { gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import {
  data,
  ErrorCode,
  Flag,
  grpcMessage,
  grpcMessagesOf,
  type HeaderPair,
  headerBlock,
  headers,
  ManualClock,
  requestHeaders,
  resetStream,
} from '@witan-libs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { Serving } from './serving.spec.support.js';

let serving: Serving;
afterEach(() => serving.stop());

const one = (text: string): Buffer => grpcMessage(Buffer.from(text));

describe('a unary call', () => {
  it.each([
    ['at once', [one('hello')]],
    ['with an end of its own', [one('hello'), Buffer.alloc(0)]],
    ['in many pieces', [...one('hello')].map((byte) => Buffer.from([byte]))],
  ])('is answered when its message comes %s', async (_how, pieces) => {
    serving = await Serving.start();
    const connection = await serving.connect();
    const id = connection.open('/t.Echo/Unary');
    for (const [index, piece] of pieces.entries()) {
      await connection.sent(data(id, piece, index === pieces.length - 1 ? Flag.END_STREAM : 0));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const stream = await connection.over(id);
    expect(stream.messages.map(String)).toEqual(['hello']);
    expect(stream.headers).toEqual([{ ':status': '200', 'content-type': 'application/grpc' }, { 'grpc-status': '0' }]);
    expect(stream.reset).toBeUndefined();
  });

  it('may end its request by trailers', async () => {
    serving = await Serving.start();
    const connection = await serving.connect();
    const id = connection.open('/t.Echo/Unary');
    connection.send(data(id, one('a')), headers(id, headerBlock([['x', 'y']]), Flag.END_HEADERS | Flag.END_STREAM));
    expect((await connection.over(id)).messages.map(String)).toEqual(['a']);
  });

  it.each<[string, string, HeaderPair[], Buffer | undefined, number]>([
    ['an unknown method', '/t.Echo/None', [], one('a'), 12],
    ['no message', '/t.Echo/Unary', [], undefined, 12],
    ['two messages', '/t.Echo/Unary', [], Buffer.concat([one('a'), one('b')]), 12],
    ['a message that is cut off', '/t.Echo/Unary', [], one('abc').subarray(0, 6), 13],
    ['a prefix that is cut off', '/t.Echo/Unary', [], one('abc').subarray(0, 3), 13],
    ['unknown flags', '/t.Echo/Unary', [], grpcMessage(Buffer.from('a'), 4), 13],
    ['a message that is too large', '/t.Echo/Unary', [], grpcMessage(Buffer.alloc(2000)), 8],
    ['a timeout that is none', '/t.Echo/Unary', [['grpc-timeout', '1 hour']], one('a'), 13],
    [
      'two timeouts',
      '/t.Echo/Unary',
      [
        ['grpc-timeout', '1S'],
        ['grpc-timeout', '1S'],
      ],
      one('a'),
      13,
    ],
    ['a timeout of nothing', '/t.Echo/Unary', [['grpc-timeout', '0n']], one('a'), 4],
    ['a compression that is not known', '/t.Echo/Unary', [['grpc-encoding', 'snappy']], one('a'), 12],
    ['a compressed message of an uncompressed request', '/t.Echo/Unary', [], grpcMessage(Buffer.from('a'), 1), 13],
    [
      'a compressed message that is none',
      '/t.Echo/Unary',
      [['grpc-encoding', 'gzip']],
      grpcMessage(Buffer.from('a'), 1),
      13,
    ],
    [
      'a compressed message that is too large',
      '/t.Echo/Unary',
      [['grpc-encoding', 'gzip']],
      grpcMessage(gzipSync(Buffer.alloc(50_000)), 1),
      8,
    ],
  ])('with %s fails', async (_what, path, more, body, status) => {
    serving = await Serving.start({ maxReceiveMessageBytes: 1000 });
    const connection = await serving.connect();
    const id = connection.open(path, more, body ? Flag.END_HEADERS : Flag.END_HEADERS | Flag.END_STREAM);
    if (body) connection.send(data(id, body, Flag.END_STREAM));
    const stream = await connection.over(id);
    expect(stream.status).toBe(status);
    expect(stream.headers.length).toBe(1);
    expect(stream.headers[0]).toMatchObject({ ':status': '200', 'content-type': 'application/grpc' });
    expect(stream.statusMessage).not.toBe('');
    if (_what === 'a compression that is not known')
      expect(stream.headers[0]!['grpc-accept-encoding']).toMatch(/^identity,gzip,deflate/);
  });

  it('whose method throws is INTERNAL, and so is one with metadata that cannot be', async () => {
    const told: unknown[] = [];
    serving = await Serving.start({ onError: (error, path) => told.push([(error as Error).message, path]) });
    serving.server.addMethods('t.Bad', {
      Throws: {
        kind: 'unary',
        handle: () => {
          throw new Error('secret');
        },
      },
      ThrowsStream: {
        kind: 'stream',
        handle: () => {
          throw new Error('secret');
        },
      },
      Trailer: { kind: 'unary', handle: (call) => call.fail({ code: 3, message: 'm', trailers: [['x', 'a\nb']] }) },
    });
    const connection = await serving.connect();
    const seen = [];
    for (const name of ['Throws', 'ThrowsStream', 'Trailer'])
      seen.push(await connection.call(`/t.Bad/${name}`, Buffer.alloc(0)));
    expect(seen.map(({ status }) => status)).toEqual([13, 13, 13]);
    expect(seen.map(({ statusMessage }) => statusMessage).join()).not.toContain('secret');
    expect(told).toEqual([
      ['secret', '/t.Bad/Throws'],
      ['secret', '/t.Bad/ThrowsStream'],
    ]);
  });

  it('shows its metadata, and sends what the method sets', async () => {
    serving = await Serving.start();
    const connection = await serving.connect();
    const id = connection.open('/t.Held/Unary', [
      ['x-own', 'a'],
      ['x-own', 'b'],
      ['x-bin', 'AAE='],
    ]);
    connection.send(data(id, one('m'), Flag.END_STREAM));
    await serving.held.until(() => serving.held.unary.length === 1);
    const { call, message } = serving.held.unary[0]!;
    expect(message.toString()).toBe('m');
    expect([call.path, call.cancelled, call.deadlineEpochMs]).toEqual(['/t.Held/Unary', false, undefined]);
    expect(call.peer).toEqual({ address: expect.stringMatching(/^127\.0\.0\.1:\d+$/), tls: false });
    expect([call.header('x-own'), call.header('x-bin'), call.header(':authority')]).toEqual(['a, b', 'AAE=', 'test']);
    expect([...call.headers()]).toEqual([
      ['x-own', 'a'],
      ['x-own', 'b'],
      ['x-bin', Buffer.from([0, 1])],
    ]);
    call.setHeader('X-First', '1');
    call.setHeader('x-first', '2');
    call.setHeader('grpc-status', '9');
    expect(() => call.setHeader('x', '\0')).toThrow(expect.objectContaining({ code: 'GRPC_ERR_METADATA' }));
    call.fail({
      code: 9,
      message: 'über',
      details: Buffer.from([1, 2]),
      trailers: [
        ['x-last', 'z'],
        ['x-bin', Buffer.from([3])],
      ],
    });
    call.fail({ code: 1, message: '' });
    call.answer(Buffer.alloc(1));
    const stream = await connection.over(id);
    expect(stream.headers).toEqual([
      { ':status': '200', 'content-type': 'application/grpc', 'x-first': '2' },
      {
        'grpc-status': '9',
        'grpc-message': '%C3%BCber',
        'grpc-status-details-bin': 'AQI',
        'x-last': 'z',
        'x-bin': 'Aw',
      },
    ]);
  });

  it('answers in the subtype that was asked in, with metadata too', async () => {
    serving = await Serving.start();
    const connection = await serving.connect();
    const list = requestHeaders('/t.Held/Unary').map(([name, value]): HeaderPair =>
      name === 'content-type' ? [name, 'application/grpc+proto'] : [name, value],
    );
    connection.send(headers(1, headerBlock(list)), data(1, one('m'), Flag.END_STREAM));
    await serving.held.until(() => serving.held.unary.length === 1);
    serving.held.unary[0]!.call.setHeader('x', 'y');
    serving.held.unary[0]!.call.answer(Buffer.from('a'));
    const stream = await connection.over(1);
    expect(stream.headers[0]).toEqual({ ':status': '200', 'content-type': 'application/grpc+proto', x: 'y' });
    expect(stream.messages.map(String)).toEqual(['a']);
  });

  it('may have trailers larger than a frame', async () => {
    serving = await Serving.start();
    const connection = await serving.connect();
    const id = connection.open('/t.Held/Unary');
    connection.send(data(id, one('m'), Flag.END_STREAM));
    await serving.held.until(() => serving.held.unary.length === 1);
    serving.held.unary[0]!.call.fail({ code: 3, message: 'm', details: Buffer.alloc(60_000, 7) });
    const stream = await connection.over(id);
    expect(Buffer.from(stream.headers[0]!['grpc-status-details-bin']!, 'base64').equals(Buffer.alloc(60_000, 7))).toBe(
      true,
    );
  });
});

describe('what is no gRPC', () => {
  it.each<[string, HeaderPair[], string]>([
    [
      'GET',
      [
        [':method', 'GET'],
        [':scheme', 'http'],
        [':path', '/'],
      ],
      '405',
    ],
    [
      'OPTIONS *',
      [
        [':method', 'OPTIONS'],
        [':scheme', 'http'],
        [':path', '*'],
      ],
      '405',
    ],
    [
      'JSON',
      [
        [':method', 'POST'],
        [':scheme', 'http'],
        [':path', '/'],
        ['content-type', 'application/json'],
      ],
      '415',
    ],
    [
      'grpc-web',
      [
        [':method', 'POST'],
        [':scheme', 'http'],
        [':path', '/'],
        ['content-type', 'application/grpc-web'],
      ],
      '415',
    ],
    [
      'nothing',
      [
        [':method', 'POST'],
        [':scheme', 'http'],
        [':path', '/'],
      ],
      '415',
    ],
  ])("%s is answered by HTTP's status", async (_what, list, status) => {
    serving = await Serving.start();
    const connection = await serving.connect();
    connection.send(headers(1, headerBlock(list)), data(1, Buffer.alloc(100), Flag.END_STREAM));
    const stream = await connection.over(1);
    expect(stream.headers[0]![':status']).toBe(status);
    expect(stream.body.toString()).toMatch(/grpc/i);
    expect(stream.isEnded).toBe(true);
  });

  it('with a long body is broken off', async () => {
    serving = await Serving.start();
    const connection = await serving.connect();
    connection.send(
      headers(
        1,
        headerBlock([
          [':method', 'POST'],
          [':scheme', 'http'],
          [':path', '/'],
        ]),
      ),
    );
    for (let sent = 0; sent < 5; sent++) await connection.sent(data(1, Buffer.alloc(16_000)));
    await connection.until(() => connection.stream(1).reset !== undefined);
    expect(connection.stream(1)).toMatchObject({ isEnded: true, reset: ErrorCode.NO_ERROR });
  });

  it.each(['application/grpc;charset=utf-8', 'application/grpc+json', 'APPLICATION/GRPC'])(
    '%s is gRPC',
    async (type) => {
      serving = await Serving.start();
      const connection = await serving.connect();
      const list = requestHeaders('/t.Echo/Unary').map(([name, value]): HeaderPair =>
        name === 'content-type' ? [name, type] : [name, value],
      );
      connection.send(headers(1, headerBlock(list)), data(1, one('m'), Flag.END_STREAM));
      expect((await connection.over(1)).status).toBe(0);
    },
  );
});

describe('a stream', () => {
  it('goes both ways, message by message', async () => {
    serving = await Serving.start();
    const connection = await serving.connect();
    const id = connection.open('/t.Echo/Stream');
    const stream = connection.stream(id);
    for (const [index, text] of ['a', 'b', 'c'].entries()) {
      connection.send(data(id, one(text)));
      await connection.until(() => stream.messages.length === index + 1);
    }
    connection.send(data(id, Buffer.alloc(0), Flag.END_STREAM));
    await connection.over(id);
    expect(stream.messages.map(String)).toEqual(['a', 'b', 'c']);
    expect(stream.headers.at(-1)).toEqual({ 'grpc-status': '0' });
  });

  it('without messages ends, and one that answers nothing has its trailers only', async () => {
    serving = await Serving.start();
    const connection = await serving.connect();
    const id = connection.open('/t.Echo/Stream', [], Flag.END_HEADERS | Flag.END_STREAM);
    const stream = await connection.over(id);
    expect(stream.headers).toEqual([{ ':status': '200', 'content-type': 'application/grpc', 'grpc-status': '0' }]);
  });

  it('may be answered before it ends: the caller is told to send no more', async () => {
    serving = await Serving.start();
    const connection = await serving.connect();
    const id = connection.open('/t.Held/Stream');
    await serving.held.until(() => serving.held.streams.length === 1);
    const call = serving.held.streams[0]!;
    const next = call.messages[Symbol.asyncIterator]().next();
    call.write(Buffer.from('early'));
    call.fail({ code: 9, message: 'enough' });
    await connection.until(() => connection.stream(id).reset !== undefined);
    expect(connection.stream(id)).toMatchObject({ reset: ErrorCode.NO_ERROR, status: 9 });
    await expect(next).rejects.toThrow();
    expect(call.write(Buffer.from('late'))).toBeUndefined();
    call.end();
    call.onCancel(() => {
      throw new Error('not cancelled');
    });
    expect(call.cancelled).toBe(false);
  });

  it.each([
    ['a message that is cut off', [data(1, one('abc').subarray(0, 7), Flag.END_STREAM)], 13],
    ['unknown flags', [data(1, grpcMessage(Buffer.from('a'), 2))], 13],
    ['a message that is too large', [data(1, grpcMessage(Buffer.alloc(2000)))], 8],
  ])('with %s fails, and its method learns of it', async (_what, frames, status) => {
    serving = await Serving.start({ maxReceiveMessageBytes: 1000 });
    const connection = await serving.connect();
    const id = connection.open('/t.Held/Stream');
    await serving.held.until(() => serving.held.streams.length === 1);
    const next = serving.held.streams[0]!.messages[Symbol.asyncIterator]().next();
    connection.send(...frames);
    expect((await connection.over(id)).status).toBe(status);
    await expect(next).rejects.toThrow();
    expect(serving.held.cancelled).toEqual(['/t.Held/Stream']);
  });
});

describe('compression', () => {
  const COMPRESSED: HeaderPair[] = [
    ['grpc-encoding', 'gzip'],
    ['grpc-accept-encoding', 'identity,gzip'],
  ];

  it('of requests is understood, of each message by itself', async () => {
    serving = await Serving.start();
    const connection = await serving.connect();
    const unary = connection.open('/t.Echo/Unary', COMPRESSED);
    connection.send(data(unary, grpcMessage(gzipSync('unary'), 1), Flag.END_STREAM));
    expect((await connection.over(unary)).messages.map(String)).toEqual(['unary']);
    const stream = connection.open('/t.Echo/Stream', COMPRESSED);
    connection.send(
      data(
        stream,
        Buffer.concat([grpcMessage(gzipSync('one'), 1), one('two'), grpcMessage(gzipSync('three'), 1)]),
        Flag.END_STREAM,
      ),
    );
    expect((await connection.over(stream)).messages.map(String)).toEqual(['one', 'two', 'three']);
  });

  it('that cannot be undone ends a stream', async () => {
    serving = await Serving.start({ maxReceiveMessageBytes: 1000 });
    const connection = await serving.connect();
    const bad = connection.open('/t.Echo/Stream', COMPRESSED);
    connection.send(data(bad, Buffer.concat([grpcMessage(gzipSync('one'), 1), grpcMessage(Buffer.from('x'), 1)])));
    expect((await connection.over(bad)).status).toBe(13);
    const bomb = connection.open('/t.Echo/Stream', COMPRESSED);
    connection.send(data(bomb, grpcMessage(gzipSync(Buffer.alloc(100_000)), 1)));
    expect((await connection.over(bomb)).status).toBe(8);
  });

  it.each([
    ['gzip', gunzipSync],
    ['deflate', inflateSync],
  ] as const)('of answers by %s, for callers that take it and messages worth it', async (algorithm, undo) => {
    serving = await Serving.start({ compression: { algorithm, minBytes: 100 } });
    const connection = await serving.connect();
    const accept: HeaderPair[] = [['grpc-accept-encoding', algorithm]];
    const large = Buffer.alloc(5000, 'a');
    const unary = await connection.call('/t.Echo/Unary', large, accept);
    expect(unary.headers[0]!['grpc-encoding']).toBe(algorithm);
    expect(unary.body[0]).toBe(1);
    expect(undo(unary.messages[0]!).equals(large)).toBe(true);
    const small = await connection.call('/t.Echo/Unary', Buffer.from('a'), accept);
    expect([small.body[0], small.messages.map(String)]).toEqual([0, ['a']]);
    expect((await connection.call('/t.Echo/Unary', large)).messages[0]!.equals(large)).toBe(true);
    const id = connection.open('/t.Echo/Stream', accept);
    connection.send(data(id, Buffer.concat([grpcMessage(large), one('b'), grpcMessage(large)]), Flag.END_STREAM));
    const stream = await connection.over(id);
    const { messages } = grpcMessagesOf(stream.body);
    expect(messages.map((message) => (message.length === 1 ? message.toString() : undo(message).length))).toEqual([
      5000,
      'b',
      5000,
    ]);
    expect(stream.status).toBe(0);
  });
});

describe('the end of a call before its answer', () => {
  it('by the caller is told, once, and nothing is answered', async () => {
    serving = await Serving.start();
    const connection = await serving.connect();
    const unary = connection.open('/t.Held/Unary');
    connection.send(data(unary, one('m'), Flag.END_STREAM));
    const stream = connection.open('/t.Held/Stream');
    await serving.held.until(() => serving.held.unary.length + serving.held.streams.length === 2);
    const next = serving.held.streams[0]!.messages[Symbol.asyncIterator]().next();
    const { call } = serving.held.unary[0]!;
    let told = 0;
    call.onCancel(() => told++);
    call.onCancel(() => {
      throw new Error('a listener');
    });
    call.onCancel(() => told++);
    connection.send(resetStream(unary), resetStream(stream));
    await serving.held.until(() => serving.held.cancelled.length === 2);
    expect(call.cancelled).toBe(true);
    expect(told).toBe(2);
    call.onCancel(() => told++);
    expect(told).toBe(3);
    await expect(next).rejects.toThrow();
    call.answer(Buffer.alloc(1));
    expect((await connection.call('/t.Echo/Unary', Buffer.alloc(0))).status).toBe(0);
    expect(connection.stream(unary).headers).toEqual([]);
  });

  it('by the end of the connection is told', async () => {
    serving = await Serving.start();
    for (const how of ['end', 'destroy'] as const) {
      const connection = await serving.connect();
      connection.send(headers(1, headerBlock(requestHeaders('/t.Held/Stream'))));
      await serving.held.until(() => serving.held.streams.length > serving.held.cancelled.length);
      connection.socket[how]();
      await serving.held.until(() => serving.held.streams.length === serving.held.cancelled.length);
    }
  });

  it('by its deadline is told to both', async () => {
    const clock = new ManualClock();
    serving = await Serving.start({ clock });
    const connection = await serving.connect();
    const unary = connection.open('/t.Held/Unary', [['grpc-timeout', '100m']]);
    connection.send(data(unary, one('m'), Flag.END_STREAM));
    const stream = connection.open('/t.Held/Stream', [['grpc-timeout', '1S']]);
    await serving.held.until(() => serving.held.unary.length + serving.held.streams.length === 2);
    const { call } = serving.held.unary[0]!;
    expect(call.deadlineEpochMs).toBe(clock.epochMs() + 100);
    clock.advance(99);
    expect(call.cancelled).toBe(false);
    clock.advance(20);
    expect(call.cancelled).toBe(true);
    expect(serving.held.cancelled).toEqual(['/t.Held/Unary']);
    expect((await connection.over(unary)).status).toBe(4);
    const next = serving.held.streams[0]!.messages[Symbol.asyncIterator]().next();
    clock.advance(1000);
    expect((await connection.over(stream)).status).toBe(4);
    await expect(next).rejects.toThrow();
    await connection.until(() => connection.stream(stream).reset !== undefined);
  });

  it('by its deadline, when the answer waits for the caller, is a reset', async () => {
    const clock = new ManualClock();
    serving = await Serving.start({ clock });
    const connection = await serving.connect({ settings: [[4, 2]], giveBack: false });
    const id = connection.open('/t.Echo/Unary', [['grpc-timeout', '100m']]);
    connection.send(data(id, one('m'), Flag.END_STREAM));
    await connection.until(() => connection.stream(id).dataBytes === 2);
    clock.advance(120);
    expect((await connection.over(id)).reset).toBe(ErrorCode.CANCEL);
  });

  it('may lead to the answer of another call', async () => {
    const clock = new ManualClock();
    serving = await Serving.start({ clock });
    const two = async (more: readonly HeaderPair[]) => {
      const connection = await serving.connect();
      const ids = [1, 2].map(() => connection.open('/t.Held/Unary', more));
      for (const id of ids) connection.send(data(id, one('m'), Flag.END_STREAM));
      await serving.held.until(() => serving.held.unary.length === 2);
      const [first, second] = serving.held.unary.splice(0);
      first!.call.onCancel(() => second!.call.answer(Buffer.from('instead')));
      return { connection, ids };
    };
    const timed = await two([['grpc-timeout', '1S']]);
    clock.advance(1100);
    expect((await timed.connection.over(timed.ids[1]!)).messages.map(String)).toEqual(['instead']);
    expect((await timed.connection.over(timed.ids[0]!)).status).toBe(4);
    const ended = await two([]);
    ended.connection.socket.end();
    await ended.connection.closed();
    expect(serving.held.cancelled.length).toBe(2);
  });

  it('cannot be told to those who ask after the answer', async () => {
    serving = await Serving.start();
    const connection = await serving.connect();
    const id = connection.open('/t.Held/Unary');
    connection.send(data(id, one('m'), Flag.END_STREAM));
    await serving.held.until(() => serving.held.unary.length === 1);
    const { call } = serving.held.unary[0]!;
    call.answer(Buffer.alloc(0));
    call.onCancel(() => expect.unreachable());
    await connection.over(id);
    connection.destroy();
    await connection.closed();
    expect(call.cancelled).toBe(false);
  });
});
