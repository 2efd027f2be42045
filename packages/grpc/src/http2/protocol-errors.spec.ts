import {
  continuation,
  data,
  ErrorCode,
  Flag,
  frame,
  FrameType,
  goaway,
  grpcMessage,
  headerBlock,
  headers,
  indexedLiteral,
  ping,
  priority,
  requestHeaders,
  resetStream,
  Setting,
  settings,
  settingsAck,
  windowUpdate,
} from '@witan-libs/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Serving } from '../server/serving.spec.support.js';

let serving: Serving;
beforeAll(async () => void (serving = await Serving.start()));
afterAll(() => serving.stop());

const block = (path = '/t.Echo/Unary', more: readonly (readonly [string, string])[] = []): Buffer =>
  headerBlock(requestHeaders(path, more));
const HELD = '/t.Held/Unary';
const open = (id = 1, path = HELD): Buffer => headers(id, block(path));
const whole = (id = 1): Buffer =>
  Buffer.concat([open(id, '/t.Echo/Unary'), data(id, grpcMessage(Buffer.from('x')), Flag.END_STREAM)]);
const bytes = (...values: number[]): Buffer => Buffer.from(values);
const { PADDED, PRIORITY, END_STREAM, END_HEADERS, ACK } = Flag;

type Case = readonly [what: string, code: number, ...frames: Buffer[]];

function cases(rows: readonly Case[]): (readonly [string, number, readonly Buffer[]])[] {
  return rows.map(([what, code, ...frames]) => [what, code, frames]);
}

/** What is on the wire, and the code with which the connection ends. */
const FATAL = cases([
  ['DATA on stream 0', ErrorCode.PROTOCOL_ERROR, data(0, bytes(1))],
  ['DATA on an idle stream', ErrorCode.PROTOCOL_ERROR, data(1, bytes(1))],
  ['DATA on an even stream', ErrorCode.PROTOCOL_ERROR, open(3), data(2, bytes(1))],
  ['DATA whose padding is longer than it', ErrorCode.PROTOCOL_ERROR, open(), data(1, bytes(4, 1, 2, 3), PADDED)],
  ['DATA padded without a length', ErrorCode.FRAME_SIZE_ERROR, open(), data(1, bytes(), PADDED)],
  ['DATA on a stream that has ended', ErrorCode.STREAM_CLOSED, whole(), data(1, bytes(1))],
  ['HEADERS on stream 0', ErrorCode.PROTOCOL_ERROR, headers(0, block())],
  ['HEADERS on an even stream', ErrorCode.PROTOCOL_ERROR, headers(2, block())],
  ['HEADERS below another stream', ErrorCode.PROTOCOL_ERROR, open(5), open(3)],
  ['HEADERS on a stream that has ended', ErrorCode.STREAM_CLOSED, whole(), open(1)],
  ['HEADERS padded without a length', ErrorCode.FRAME_SIZE_ERROR, headers(1, bytes(), PADDED | END_HEADERS)],
  [
    'HEADERS whose padding is longer than it',
    ErrorCode.PROTOCOL_ERROR,
    headers(1, bytes(9, 0x82), PADDED | END_HEADERS),
  ],
  ['HEADERS without room for a priority', ErrorCode.FRAME_SIZE_ERROR, headers(1, bytes(0, 0), PRIORITY | END_HEADERS)],
  ['HEADERS that HPACK refuses', ErrorCode.COMPRESSION_ERROR, headers(1, bytes(0x80))],
  [
    'trailers that HPACK refuses',
    ErrorCode.COMPRESSION_ERROR,
    open(),
    headers(1, bytes(0x80), END_STREAM | END_HEADERS),
  ],
  ['PRIORITY on stream 0', ErrorCode.PROTOCOL_ERROR, priority(0, 1)],
  ['RST_STREAM on stream 0', ErrorCode.PROTOCOL_ERROR, resetStream(0)],
  ['RST_STREAM on an idle stream', ErrorCode.PROTOCOL_ERROR, resetStream(1)],
  [
    'RST_STREAM of another length',
    ErrorCode.FRAME_SIZE_ERROR,
    open(),
    frame(FrameType.RST_STREAM, 0, 1, bytes(0, 0, 0)),
  ],
  ['SETTINGS on a stream', ErrorCode.PROTOCOL_ERROR, frame(FrameType.SETTINGS, 0, 1)],
  ['SETTINGS of another length', ErrorCode.FRAME_SIZE_ERROR, frame(FrameType.SETTINGS, 0, 0, bytes(1, 2, 3))],
  ['an acknowledgement with settings', ErrorCode.FRAME_SIZE_ERROR, frame(FrameType.SETTINGS, ACK, 0, Buffer.alloc(6))],
  ['ENABLE_PUSH of 2', ErrorCode.PROTOCOL_ERROR, settings([[Setting.ENABLE_PUSH, 2]])],
  ['INITIAL_WINDOW_SIZE of 2^31', ErrorCode.FLOW_CONTROL_ERROR, settings([[Setting.INITIAL_WINDOW_SIZE, 2 ** 31]])],
  ['MAX_FRAME_SIZE below 16384', ErrorCode.PROTOCOL_ERROR, settings([[Setting.MAX_FRAME_SIZE, 16_383]])],
  ['MAX_FRAME_SIZE of 2^24', ErrorCode.PROTOCOL_ERROR, settings([[Setting.MAX_FRAME_SIZE, 2 ** 24]])],
  [
    'INITIAL_WINDOW_SIZE that makes a window too large',
    ErrorCode.FLOW_CONTROL_ERROR,
    open(),
    windowUpdate(1, 0x7fff_ffff - 65_535),
    settings([[Setting.INITIAL_WINDOW_SIZE, 65_536]]),
  ],
  ['PUSH_PROMISE', ErrorCode.PROTOCOL_ERROR, open(), frame(FrameType.PUSH_PROMISE, END_HEADERS, 1, Buffer.alloc(4))],
  ['PING on a stream', ErrorCode.PROTOCOL_ERROR, frame(FrameType.PING, 0, 1, Buffer.alloc(8))],
  ['PING of another length', ErrorCode.FRAME_SIZE_ERROR, ping(0, bytes(1))],
  ['GOAWAY on a stream', ErrorCode.PROTOCOL_ERROR, frame(FrameType.GOAWAY, 0, 1, Buffer.alloc(8))],
  ['GOAWAY that is too short', ErrorCode.FRAME_SIZE_ERROR, frame(FrameType.GOAWAY, 0, 0, Buffer.alloc(7))],
  ['WINDOW_UPDATE by 0', ErrorCode.PROTOCOL_ERROR, windowUpdate(0, 0)],
  ['WINDOW_UPDATE beyond 2^31', ErrorCode.FLOW_CONTROL_ERROR, windowUpdate(0, 0x7fff_ffff)],
  ['WINDOW_UPDATE on an idle stream', ErrorCode.PROTOCOL_ERROR, windowUpdate(1, 1)],
  ['WINDOW_UPDATE of another length', ErrorCode.FRAME_SIZE_ERROR, frame(FrameType.WINDOW_UPDATE, 0, 0, bytes(1))],
  ['CONTINUATION that follows nothing', ErrorCode.PROTOCOL_ERROR, continuation(1, bytes(0x82))],
  ['CONTINUATION on stream 0', ErrorCode.PROTOCOL_ERROR, headers(1, bytes(0x82), 0), continuation(0, bytes())],
  ['CONTINUATION of another stream', ErrorCode.PROTOCOL_ERROR, headers(1, bytes(0x82), 0), continuation(3, bytes())],
  ['a frame within a header block', ErrorCode.PROTOCOL_ERROR, headers(1, bytes(0x82), 0), ping()],
  ['an unknown frame within a header block', ErrorCode.PROTOCOL_ERROR, headers(1, bytes(0x82), 0), frame(0x20, 0, 1)],
  ['a frame larger than 16384', ErrorCode.FRAME_SIZE_ERROR, open(), data(1, Buffer.alloc(16_385))],
  [
    'a window that is exceeded',
    ErrorCode.FLOW_CONTROL_ERROR,
    headers(1, block('/t.Held/Stream')),
    data(1, Buffer.concat([bytes(0, 0, 4, 0, 0), Buffer.alloc(16_379)])),
    ...Array.from({ length: 33 }, () => data(1, Buffer.alloc(16_384))),
  ],
]);

describe('the connection ends', () => {
  it.each(FATAL)('%s', async (_what, code, frames) => {
    const connection = await serving.connect();
    connection.send(...frames);
    await connection.until(() => connection.goaway !== undefined);
    expect(connection.goaway).toMatchObject({ code });
    connection.socket.end();
    await connection.closed();
  });

  it.each(FATAL)('%s, byte by byte', async (_what, code, frames) => {
    const all = Buffer.concat(frames);
    if (all.length > 1000) return;
    const connection = await serving.connect({ polite: false, giveBack: false });
    for (let at = 0; at < all.length; at += 1) {
      await connection.sent(all.subarray(at, at + 1));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await connection.until(() => connection.goaway !== undefined);
    expect(connection.goaway).toMatchObject({ code });
  });

  it.each([
    ['HTTP/1', Buffer.from('GET / HTTP/1.1\r\nhost: a\r\n\r\n')],
    ['a preface that goes wrong later', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\rX')],
    ['another frame before SETTINGS', Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), ping()])],
    [
      'an acknowledgement before SETTINGS',
      Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), settingsAck()]),
    ],
  ])('%s', async (_what, sent) => {
    const connection = await serving.connect({ preface: false });
    connection.send(sent);
    await connection.until(() => connection.goaway !== undefined);
    expect(connection.goaway).toMatchObject({ code: ErrorCode.PROTOCOL_ERROR, lastStream: 0 });
  });
});

/** What is on the wire, and the code with which stream 1 ends; the connection goes on. */
const STREAM = cases([
  [
    'DATA behind the end',
    ErrorCode.STREAM_CLOSED,
    headers(1, block(HELD)),
    data(1, grpcMessage(bytes(1)), END_STREAM),
    data(1, bytes(1)),
  ],
  [
    'HEADERS behind the end',
    ErrorCode.STREAM_CLOSED,
    headers(1, block(HELD)),
    data(1, grpcMessage(bytes(1)), END_STREAM),
    headers(1, block()),
  ],
  ['DATA on a stream that the caller reset', ErrorCode.STREAM_CLOSED, open(), resetStream(1), data(1, bytes(1))],
  ['trailers without an end', ErrorCode.PROTOCOL_ERROR, open(), headers(1, headerBlock([['a', 'b']]))],
  [
    'trailers with a pseudo-header',
    ErrorCode.PROTOCOL_ERROR,
    open(),
    headers(1, headerBlock([[':path', '/']]), END_STREAM | END_HEADERS),
  ],
  [
    'trailers with a capital',
    ErrorCode.PROTOCOL_ERROR,
    open(),
    headers(1, headerBlock([['A', 'b']]), END_STREAM | END_HEADERS),
  ],
  ['WINDOW_UPDATE by 0', ErrorCode.PROTOCOL_ERROR, open(), windowUpdate(1, 0)],
  ['WINDOW_UPDATE beyond 2^31', ErrorCode.FLOW_CONTROL_ERROR, open(), windowUpdate(1, 0x7fff_ffff)],
  ['PRIORITY of another length', ErrorCode.FRAME_SIZE_ERROR, open(), frame(FrameType.PRIORITY, 0, 1, bytes(1))],
  [
    'a stream that depends on itself',
    ErrorCode.PROTOCOL_ERROR,
    headers(1, Buffer.concat([bytes(0, 0, 0, 1, 9), block()]), PRIORITY | END_HEADERS),
  ],
  ['PRIORITY that makes it depend on itself', ErrorCode.PROTOCOL_ERROR, open(), priority(1, 1)],
  [
    'a content-length that is too small',
    ErrorCode.PROTOCOL_ERROR,
    headers(1, block(HELD, [['content-length', '3']])),
    data(1, grpcMessage(bytes()), END_STREAM),
  ],
  [
    'a content-length of a request without DATA',
    ErrorCode.PROTOCOL_ERROR,
    headers(1, block(HELD, [['content-length', '3']]), END_STREAM | END_HEADERS),
  ],
  [
    'a content-length that trailers find missed',
    ErrorCode.PROTOCOL_ERROR,
    headers(1, block(HELD, [['content-length', '3']])),
    headers(1, bytes(), END_STREAM | END_HEADERS),
  ],
]);

/** Header lists that RFC 9113, 8 calls malformed. */
const MALFORMED: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
  ['no :method', requestHeaders('/a').filter(([name]) => name !== ':method')],
  ['no :scheme', requestHeaders('/a').filter(([name]) => name !== ':scheme')],
  ['no :path', requestHeaders('/a').filter(([name]) => name !== ':path')],
  ['an empty :path', requestHeaders('')],
  ['a :path without its slash', requestHeaders('a')],
  ['a :path of * on POST', requestHeaders('*')],
  ['two :path', [[':path', '/'], ...requestHeaders('/a')]],
  ["an answer's pseudo-header", [[':status', '200'], ...requestHeaders('/a')]],
  ['an unknown pseudo-header', [[':own', '1'], ...requestHeaders('/a')]],
  ['a pseudo-header behind a field', [['x', 'y'], ...requestHeaders('/a')]],
  ['a capital in a name', requestHeaders('/a', [['Own', '1']])],
  ['an empty name', requestHeaders('/a', [['', '1']])],
  ['a space in a name', requestHeaders('/a', [['a b', '1']])],
  ['a line break in a value', requestHeaders('/a', [['own', 'a\nb']])],
  ['a zero in a value', requestHeaders('/a', [['own', 'a\0']])],
  ['a space before a value', requestHeaders('/a', [['own', ' a']])],
  ['a tab behind a value', requestHeaders('/a', [['own', 'a\t']])],
  ['connection', requestHeaders('/a', [['connection', 'close']])],
  ['transfer-encoding', requestHeaders('/a', [['transfer-encoding', 'chunked']])],
  ['te that is not trailers', requestHeaders('/a', [['te', 'gzip']])],
  ['a content-length that is no number', requestHeaders('/a', [['content-length', '+1']])],
  [
    'two content-lengths that differ',
    requestHeaders('/a', [
      ['content-length', '1'],
      ['content-length', '2'],
    ]),
  ],
];

describe('the stream ends, and the connection goes on', () => {
  it.each([
    ...STREAM,
    ...MALFORMED.map(
      ([what, list]) =>
        [what, ErrorCode.PROTOCOL_ERROR, [headers(1, headerBlock(list), END_STREAM | END_HEADERS)]] as const,
    ),
  ])('%s', async (_what, code, frames) => {
    const connection = await serving.connect();
    connection.send(...frames);
    const stream = await connection.over(1);
    expect(stream.reset).toBe(code);
    connection.send(whole(101));
    expect((await connection.over(101)).status).toBe(0);
    expect(connection.faults).toEqual([]);
  });

  it('what was under way when the stream was reset is passed over', async () => {
    const connection = await serving.connect();
    connection.send(headers(1, block('/t.None/None')));
    await connection.until(() => connection.stream(1).reset !== undefined);
    expect(connection.stream(1)).toMatchObject({ status: 12, reset: ErrorCode.NO_ERROR });
    connection.send(
      data(1, bytes(1)),
      headers(1, headerBlock([['a', 'b']]), END_STREAM | END_HEADERS),
      windowUpdate(1, 5),
      resetStream(1),
      whole(3),
    );
    expect((await connection.over(3)).status).toBe(0);
    expect(connection.goaway).toBeUndefined();
  });

  it('frames of unknown types, flags and settings, PRIORITY and GOAWAY change nothing', async () => {
    const connection = await serving.connect();
    connection.send(
      frame(0x63, 0xff, 7, Buffer.alloc(100)),
      settings([
        [0x99, 5],
        [Setting.ENABLE_PUSH, 0],
        [Setting.MAX_CONCURRENT_STREAMS, 1],
        [Setting.MAX_HEADER_LIST_SIZE, 9],
      ]),
      priority(9, 7),
      ping(0xfe & ~ACK, Buffer.from('12345678')),
      goaway(),
      whole(1),
    );
    expect((await connection.over(1)).status).toBe(0);
    expect(connection.pingAcks).toBe(1);
  });

  it('padding, priorities and a block in pieces are taken away', async () => {
    const connection = await serving.connect();
    const list = block();
    connection.send(
      headers(
        1,
        Buffer.concat([bytes(3), bytes(0, 0, 0, 7, 1), list.subarray(0, 10), Buffer.alloc(3)]),
        PADDED | PRIORITY,
      ),
      continuation(1, list.subarray(10, 20)),
      continuation(1, list.subarray(20), END_HEADERS),
      data(1, Buffer.concat([bytes(2), grpcMessage(Buffer.from('hello')), Buffer.alloc(2)]), PADDED),
      data(1, Buffer.concat([bytes(255), Buffer.alloc(255)]), PADDED | END_STREAM),
    );
    const { messages } = await connection.over(1);
    expect(messages.map(String)).toEqual(['hello']);
  });

  it('fields in the table and blocks that come again are one request each', async () => {
    const connection = await serving.connect();
    const fixed = headerBlock(requestHeaders('/t.Echo/Unary').slice(0, 4));
    const first = Buffer.concat([fixed, indexedLiteral(['content-type', 'application/grpc'])]);
    const again = Buffer.concat([fixed, bytes(0xbe)]);
    const other = Buffer.concat([fixed, indexedLiteral(['content-type', 'text/plain'])]);
    const blocks = [first, again, again, other, again, again];
    blocks.forEach((one, index) =>
      connection.send(headers(index * 2 + 1, one), data(index * 2 + 1, grpcMessage(bytes(index)), END_STREAM)),
    );
    const seen = await Promise.all(
      blocks.map(async (_one, index) => (await connection.over(index * 2 + 1)).headers[0]![':status']),
    );
    expect(seen).toEqual(['200', '200', '200', '415', '415', '415']);
  });
});
