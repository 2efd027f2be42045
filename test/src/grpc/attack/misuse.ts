import type { RpcServerKind } from '@witan/core';
import {
  continuation,
  data,
  ErrorCode,
  Flag,
  frame,
  FrameType,
  grpcMessage,
  headerBlock,
  headers,
  hpackInteger,
  ping,
  PREFACE,
  RawConnection,
  requestHeaders,
  resetStream,
  Setting,
  settings,
  windowUpdate,
} from '@witan-libs/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ECHO, HOLD, IDLE, STREAM, Victim } from './victim.js';

const request = headerBlock(requestHeaders(ECHO));
const hold = headerBlock(requestHeaders(HOLD));
const whole = grpcMessage(Buffer.from('x'));
const { PROTOCOL_ERROR, FRAME_SIZE_ERROR, STREAM_CLOSED, FLOW_CONTROL_ERROR, COMPRESSION_ERROR } = ErrorCode;

/** What no client may send, and the codes with which the connection may end. */
const MISUSES: readonly (readonly [name: string, bytes: readonly Uint8Array[], codes: readonly number[]])[] = [
  ['DATA on a stream that was never opened', [data(1, whole)], [PROTOCOL_ERROR, STREAM_CLOSED]],
  ['DATA on stream 0', [data(0, whole)], [PROTOCOL_ERROR]],
  ['HEADERS on stream 0', [headers(0, request)], [PROTOCOL_ERROR]],
  ['HEADERS on a stream of the server', [headers(2, request)], [PROTOCOL_ERROR]],
  ['a stream below one that was opened', [headers(9, hold), headers(7, hold)], [PROTOCOL_ERROR, STREAM_CLOSED]],
  ['a window update of a stream that was never opened', [windowUpdate(5, 1)], [PROTOCOL_ERROR]],
  ['a window update of nothing', [windowUpdate(0, 0)], [PROTOCOL_ERROR]],
  ['a window beyond its bound', [windowUpdate(0, 2 ** 31 - 1), windowUpdate(0, 1)], [FLOW_CONTROL_ERROR]],
  ['a reset of a stream that was never opened', [resetStream(5)], [PROTOCOL_ERROR]],
  ['CONTINUATION without HEADERS', [continuation(1, request)], [PROTOCOL_ERROR]],
  ['a frame within a header block', [headers(1, request, 0), ping()], [PROTOCOL_ERROR]],
  ['CONTINUATION of another stream', [headers(1, request, 0), continuation(3, request)], [PROTOCOL_ERROR]],
  ['PUSH_PROMISE', [frame(FrameType.PUSH_PROMISE, Flag.END_HEADERS, 1, Buffer.alloc(4))], [PROTOCOL_ERROR]],
  ['SETTINGS of a stream', [frame(FrameType.SETTINGS, 0, 1)], [PROTOCOL_ERROR]],
  ['SETTINGS cut short', [frame(FrameType.SETTINGS, 0, 0, Buffer.alloc(5))], [FRAME_SIZE_ERROR]],
  ['an acknowledgement with settings', [frame(FrameType.SETTINGS, Flag.ACK, 0, Buffer.alloc(6))], [FRAME_SIZE_ERROR]],
  ['a window of more than 31 bits', [settings([[Setting.INITIAL_WINDOW_SIZE, 2 ** 31]])], [FLOW_CONTROL_ERROR]],
  ['frames of no size', [settings([[Setting.MAX_FRAME_SIZE, 1]])], [PROTOCOL_ERROR]],
  ['a PING of 7 bytes', [ping(0, Buffer.alloc(7))], [FRAME_SIZE_ERROR]],
  ['a PING of a stream', [frame(FrameType.PING, 0, 1, Buffer.alloc(8))], [PROTOCOL_ERROR]],
  ['a frame larger than allowed', [headers(1, hold), data(1, Buffer.alloc(16_385))], [FRAME_SIZE_ERROR]],
  [
    'a header of a frame larger than memory',
    [Buffer.from('ffffff000000000001', 'hex')],
    [FRAME_SIZE_ERROR, PROTOCOL_ERROR],
  ],
  ['padding larger than its frame', [headers(1, hold), data(1, Buffer.from([9, 1]), Flag.PADDED)], [PROTOCOL_ERROR]],
  ['a header block that refers to nothing', [headers(1, Buffer.from([0xff, 0xff, 0x01]))], [COMPRESSION_ERROR]],
  ['a header block cut off', [headers(1, request.subarray(0, request.length - 3))], [COMPRESSION_ERROR]],
  ['a number without end in a header block', [headers(1, Buffer.alloc(40, 0xff))], [COMPRESSION_ERROR]],
  ['a header table larger than allowed', [headers(1, hpackInteger(1_000_000, 5, 0x20))], [COMPRESSION_ERROR]],
  [
    'more DATA than the windows allow',
    [headers(1, headerBlock(requestHeaders(IDLE))), ...Array(2000).fill(data(1, grpcMessage(Buffer.alloc(16_379))))],
    [FLOW_CONTROL_ERROR],
  ],
];

/** A stream that is over by its own fault; the connection goes on. */
const STREAM_MISUSES: readonly (readonly [name: string, bytes: readonly Uint8Array[]])[] = [
  ['DATA after the end', [headers(1, hold), data(1, whole, Flag.END_STREAM), data(1, whole)]],
  ['HEADERS after the end', [headers(1, hold), data(1, whole, Flag.END_STREAM), headers(1, hold)]],
  ['DATA after its reset', [headers(1, hold), resetStream(1), data(1, whole)]],
  [
    'trailers that do not end the stream',
    [headers(1, headerBlock(requestHeaders(STREAM))), headers(1, headerBlock([['x-a', 'b']]))],
  ],
  ['a window update of nothing', [headers(1, hold), windowUpdate(1, 0)]],
  [
    'upper-case header names',
    [headers(1, headerBlock(requestHeaders(ECHO, [['X-Upper', 'x']]))), data(1, whole, Flag.END_STREAM)],
  ],
  [
    'a request without a path',
    [
      headers(
        1,
        headerBlock(requestHeaders(ECHO).filter(([name]) => name !== ':path')),
        Flag.END_HEADERS | Flag.END_STREAM,
      ),
    ],
  ],
  [
    'two paths',
    [headers(1, headerBlock([[':path', '/a/b'], ...requestHeaders(ECHO)]), Flag.END_HEADERS | Flag.END_STREAM)],
  ],
  [
    'a header of connections',
    [headers(1, headerBlock(requestHeaders(ECHO, [['connection', 'close']])), Flag.END_HEADERS | Flag.END_STREAM)],
  ],
];

/** Attackers who break the rules of the protocol. */
export function misuseSuite(kind: RpcServerKind): void {
  describe(`${kind} misused`, () => {
    /** nghttp2 overlooks some of this, and Node ends connections without a word, or not: only neighbours are asked there. */
    const isStrict = kind === 'witan';
    let victim: Victim;
    beforeAll(async () => void (victim = await Victim.start(kind)));
    afterAll(() => victim?.stop());
    afterEach(() => victim.hangUp());

    it.each(MISUSES)('ends a connection that sends %s', async (_, bytes, codes) => {
      const connection = await victim.connect({ giveBack: false });
      await connection.sent(...bytes);
      if (isStrict) {
        await connection.closed();
        expect([codes.includes(connection.goaway?.code ?? -1), connection.faults]).toEqual([true, []]);
      }
      await victim.greet();
      victim.hangUp();
      if (isStrict) await victim.idle();
    });

    it.each(STREAM_MISUSES)('ends at least the stream that sends %s, and runs nothing for it', async (_, bytes) => {
      const before = await victim.usage();
      const connection = await victim.connect();
      connection.send(...bytes);
      await Promise.race([answersPing(connection), patience(victim)]);
      expect(connection.streams.get(1)?.status ?? 13).not.toBe(0);
      await victim.greet();
      expect(connection.faults).toEqual([]);
      victim.hangUp();
      // Node forgets to end the calls of a connection that broke the rules.
      expect((await (isStrict ? victim.idle() : victim.usage())).started - before.started).toBeLessThanOrEqual(1);
    });

    it.each([
      ['HTTP/1.1', Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n')],
      ['a TLS greeting', Buffer.from('16030100c8010000c403030000000000', 'hex')],
      ['bytes of no meaning', Buffer.alloc(1000, 0xee)],
      ['a preface that goes wrong at its end', Buffer.concat([PREFACE.subarray(0, 23), Buffer.from('x'), settings()])],
      ['a preface without settings', Buffer.concat([PREFACE, ping()])],
    ])('ends a connection that begins with %s', async (_, bytes) => {
      const connection = await victim.connect({ preface: false });
      await connection.sent(bytes);
      if (isStrict) await connection.closed();
      await victim.greet();
    });

    it.runIf(isStrict)('forgets calls that were never ended once their connections are gone', async () => {
      for (let round = 0; round < 5; round++) {
        const connection: RawConnection = await victim.connect();
        for (let i = 0; i < 200; i++) connection.send(data(connection.open(STREAM), whole));
        await connection.until(
          () => [...connection.streams.values()].filter((each) => each.messages.length > 0).length === 200,
        );
        connection.socket.resetAndDestroy();
      }
      expect((await victim.idle()).open).toBe(0);
    });
  });
}

/** So many answers of the neighbour. */
async function patience(victim: Victim): Promise<void> {
  for (let asked = 0; asked < 40; asked++) await victim.greet();
}

async function answersPing(connection: RawConnection): Promise<void> {
  const before = connection.pingAcks;
  connection.send(ping());
  await connection.until(() => connection.pingAcks > before);
}
