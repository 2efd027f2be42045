import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
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
  indexedField,
  indexedLiteral,
  ManualClock,
  ping,
  priority,
  type RawConnection,
  requestHeaders,
  resetStream,
  Setting,
  settings,
  windowUpdate,
} from '@witan-libs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import type { GrpcServerOptions } from './options.js';
import { Serving } from './serving.spec.support.js';

let serving: Serving;
afterEach(() => serving.stop());

const HELD = headerBlock(requestHeaders('/t.Held/Unary'));

async function goneWith(connection: RawConnection, code: number): Promise<void> {
  await connection.until(() => connection.goaway !== undefined && connection.goaway.code !== 0);
  expect(connection.goaway).toMatchObject({ code });
}

describe('floods', () => {
  const FLOODS: readonly (readonly [string, Buffer, number])[] = [
    ['SETTINGS', settings([[Setting.INITIAL_WINDOW_SIZE, 5]]), 2_000],
    ['PING', ping(), 20_000],
    ['PRIORITY', priority(1), 20_000],
    ['WINDOW_UPDATE', windowUpdate(0, 1), 20_000],
    ['empty DATA', data(1, Buffer.alloc(0)), 20_000],
    ['unknown frames', frame(0x42, 0, 0), 20_000],
    ['acknowledgements', frame(FrameType.SETTINGS, Flag.ACK, 0), 20_000],
    ['resets of what is over', resetStream(1), 20_000],
  ];
  it.each(FLOODS)('of %s end the connection', async (_what, one, count) => {
    serving = await Serving.start();
    const connection = await serving.connect();
    connection.send(headers(1, HELD));
    for (let sent = 0; sent < count && !connection.isClosed; sent += 500) {
      await connection.sent(Buffer.concat(Array.from({ length: 500 }, () => one)));
    }
    await goneWith(connection, ErrorCode.ENHANCE_YOUR_CALM);
  });

  it('many calls make room for the frames that go with them', async () => {
    serving = await Serving.start();
    const connection = await serving.connect();
    for (let round = 0; round < 100; round++) {
      const frames: Buffer[] = [];
      for (let one = 0; one < 40; one++) {
        const id = connection.newStreamId();
        frames.push(
          headers(id, headerBlock(requestHeaders('/t.Echo/Unary'))),
          data(id, grpcMessage(Buffer.alloc(1)), Flag.END_STREAM),
        );
        frames.push(windowUpdate(0, 1), ping(), priority(id));
      }
      await connection.sent(...frames);
      await connection.until(() => connection.pingAcks === (round + 1) * 40);
    }
    expect(connection.goaway).toBeUndefined();
  });

  const RESETS: readonly (readonly [string, (id: number) => Buffer])[] = [
    ['by the caller', (id) => resetStream(id)],
    ['that the caller makes us do', (id) => windowUpdate(id, 0)],
  ];
  it.each(RESETS)(
    'of resets %s: the client is asked to reconnect, and its other calls are answered',
    async (_who, reset) => {
      serving = await Serving.start();
      const connection = await serving.connect();
      const held = connection.open('/t.Held/Unary');
      connection.send(data(held, grpcMessage(Buffer.alloc(1)), Flag.END_STREAM));
      const resets = async (count: number): Promise<void> => {
        const frames: Buffer[] = [];
        for (let one = 0; one < count; one++) {
          const id = connection.newStreamId();
          frames.push(headers(id, HELD), data(id, grpcMessage(Buffer.alloc(0)), Flag.END_STREAM), reset(id));
        }
        await connection.sent(...frames);
      };
      await resets(400);
      expect((await connection.call('/t.Echo/Unary', Buffer.alloc(1))).status).toBe(0);
      expect(connection.goaway).toBeUndefined();
      await resets(1500);
      const late = connection.open('/t.Echo/Unary');
      expect((await connection.over(late)).reset).toBe(ErrorCode.REFUSED_STREAM);
      expect(connection.goaway).toMatchObject({ code: ErrorCode.NO_ERROR });
      expect(serving.held.unary.length).toBeLessThan(600);
      serving.held.unary[0]!.call.answer(Buffer.alloc(0));
      expect((await connection.over(held)).status).toBe(0);
      await connection.closed();
    },
  );

  it('of calls on a connection that was told to go end it', async () => {
    serving = await Serving.start();
    const connection = await serving.connect();
    connection.open('/t.Held/Stream');
    for (let round = 0; round < 300 && !connection.isClosed; round++) {
      const frames: Buffer[] = [];
      for (let one = 0; one < 50; one++) {
        const id = connection.newStreamId();
        frames.push(headers(id, HELD), resetStream(id));
      }
      await connection.sent(...frames);
    }
    await goneWith(connection, ErrorCode.ENHANCE_YOUR_CALM);
  });

  it('of CONTINUATION end the connection, long or empty, and nothing of them is decoded', async () => {
    serving = await Serving.start();
    for (const size of [0, 1, 16_384]) {
      const connection = await serving.connect();
      await connection.sent(headers(1, HELD, 0));
      for (let count = 0; count < 40 && !connection.isClosed; count++)
        await connection.sent(continuation(1, Buffer.alloc(size, 0x82)));
      await goneWith(connection, ErrorCode.ENHANCE_YOUR_CALM);
    }
  });
});

describe('headers', () => {
  it('larger than the limit are refused without ending the connection', async () => {
    serving = await Serving.start({ maxHeaderListBytes: 1000 });
    const connection = await serving.connect();
    expect(connection.serverSettings.get(Setting.MAX_HEADER_LIST_SIZE) ?? 1000).toBe(1000);
    const stream = await connection.call('/t.Echo/Unary', Buffer.alloc(1), [['x-large', 'x'.repeat(1000)]]);
    expect(stream.status).toBe(8);
    expect((await connection.call('/t.Echo/Unary', Buffer.alloc(1))).status).toBe(0);
  });

  it('that are a bomb: a few bytes for megabytes of fields', async () => {
    serving = await Serving.start();
    const connection = await serving.connect();
    const bomb = Buffer.concat([
      headerBlock(requestHeaders('/t.Echo/Unary')),
      indexedLiteral(['x-bomb', 'x'.repeat(4000)]),
      ...Array.from({ length: 10_000 }, () => indexedField(62)),
    ]);
    connection.send(headers(1, bomb, Flag.END_HEADERS | Flag.END_STREAM));
    expect((await connection.over(1)).status).toBe(8);
    // The table has stayed in step.
    connection.send(
      headers(
        3,
        Buffer.concat([headerBlock(requestHeaders('/t.None/None')), indexedField(62)]),
        Flag.END_HEADERS | Flag.END_STREAM,
      ),
    );
    expect((await connection.over(3)).status).toBe(12);
  });

  it('of more calls than are allowed at once are refused', async () => {
    serving = await Serving.start({ maxConcurrentStreams: 2 });
    const connection = await serving.connect();
    const ids = [1, 2, 3].map(() => connection.open('/t.Held/Unary'));
    expect((await connection.over(ids[2]!)).reset).toBe(ErrorCode.REFUSED_STREAM);
    connection.send(resetStream(ids[0]!));
    expect((await connection.call('/t.Echo/Unary', Buffer.alloc(1))).status).toBe(0);
  });
});

describe('time', () => {
  const clocked = async (options: GrpcServerOptions = {}): Promise<ManualClock> => {
    const clock = new ManualClock();
    serving = await Serving.start({ clock, ...options });
    return clock;
  };
  /** Lets what was sent arrive, and time pass. */
  async function pass(clock: ManualClock, connection: RawConnection, ms: number): Promise<void> {
    await connection.call('/t.Echo/Unary', Buffer.alloc(1));
    clock.advance(ms);
  }

  it('a caller that does not even begin is left', async () => {
    const clock = await clocked({ handshakeTimeoutMs: 5000 });
    const connection = await serving.connect({ preface: false, polite: false });
    await connection.until(() => connection.frames.length > 0);
    clock.advance(4000);
    expect(connection.goaway).toBeUndefined();
    clock.advance(4000);
    await connection.closed();
    expect(connection.goaway).toMatchObject({ code: 4 });
  });

  it('a frame, and a header block, must be sent to their end', async () => {
    const clock = await clocked({ handshakeTimeoutMs: 5000 });
    for (const begun of [ping().subarray(0, 12), ping().subarray(0, 3), headers(9, HELD, 0)]) {
      const connection = await serving.connect();
      await connection.call('/t.Echo/Unary', Buffer.alloc(1));
      await connection.sent(begun);
      const other = await serving.connect();
      await pass(clock, other, 4000);
      await pass(clock, other, 4000);
      await goneWith(connection, ErrorCode.ENHANCE_YOUR_CALM);
      expect(other.goaway).toBeUndefined();
    }
  });

  it('a message must be there in time, of a stream too once it has begun', async () => {
    const clock = await clocked({ requestTimeoutMs: 10_000 });
    const connection = await serving.connect();
    const unary = connection.open('/t.Echo/Unary');
    const empty = connection.open('/t.Echo/Stream');
    const begun = connection.open('/t.Echo/Stream');
    const plain = connection.open('/t.Echo/Unary', [], 0);
    connection.send(
      continuation(plain, headerBlock([['x', 'y']]), Flag.END_HEADERS),
      data(begun, Buffer.alloc(2)),
      data(unary, Buffer.alloc(3)),
    );
    await pass(clock, connection, 9000);
    expect(connection.stream(unary).isOver).toBe(false);
    await pass(clock, connection, 9000);
    expect((await connection.over(unary)).status).toBe(4);
    expect(connection.stream(unary).statusMessage).toContain('requestTimeoutMs');
    expect((await connection.over(begun)).status).toBe(4);
    await connection.over(plain);
    connection.send(data(empty, grpcMessage(Buffer.from('late')), Flag.END_STREAM));
    expect((await connection.over(empty)).messages.map(String)).toEqual(['late']);
  });

  it('an answer that nobody takes is dropped, with its call', async () => {
    const clock = await clocked({ stallTimeoutMs: 20_000 });
    const connection = await serving.connect({ settings: [[Setting.INITIAL_WINDOW_SIZE, 0]], giveBack: false });
    const id = connection.open('/t.Echo/Unary');
    connection.send(data(id, grpcMessage(Buffer.alloc(10)), Flag.END_STREAM));
    await connection.until(() => connection.stream(id).headers.length > 0);
    clock.advance(15_000);
    connection.send(windowUpdate(id, 1));
    await connection.until(() => connection.stream(id).dataBytes === 1);
    clock.advance(15_000);
    expect(connection.stream(id).isOver).toBe(false);
    clock.advance(15_000);
    expect((await connection.over(id)).reset).toBe(ErrorCode.CANCEL);
  });

  it('a socket that takes nothing is closed', async () => {
    const clock = await clocked({ stallTimeoutMs: 20_000, maxReceiveMessageBytes: 64 << 20 });
    const connection = await serving.connect({ settings: [[Setting.INITIAL_WINDOW_SIZE, 2 ** 30]] });
    connection.send(windowUpdate(0, 2 ** 30));
    connection.open('/t.Held/Stream');
    await serving.held.until(() => serving.held.streams.length === 1);
    connection.socket.pause();
    const call = serving.held.streams[0]!;
    const message = Buffer.alloc(1 << 20);
    for (let full = false; !full; await new Promise((resolve) => setImmediate(resolve))) {
      full = call.write(message) !== undefined;
    }
    clock.advance(50_000);
    await serving.held.until(() => serving.held.cancelled.length === 1);
    expect(call.cancelled).toBe(true);
  });

  it('pings that are answered keep a connection, others do not', async () => {
    const clock = await clocked({ keepaliveTimeMs: 1000, keepaliveTimeoutMs: 500 });
    const polite = await serving.connect();
    await polite.call('/t.Echo/Unary', Buffer.alloc(1));
    for (let round = 0; round < 3; round++) {
      const pings = (): number =>
        polite.frames.filter(({ type, flags }) => type === FrameType.PING && flags === 0).length;
      clock.advance(1300);
      await polite.until(() => pings() === round + 1);
      await polite.call('/t.Echo/Unary', Buffer.alloc(1));
    }
    const silent = await serving.connect({ polite: false });
    silent.send(frame(FrameType.SETTINGS, Flag.ACK, 0));
    await silent.call('/t.Echo/Unary', Buffer.alloc(1));
    polite.destroy();
    clock.advance(3000);
    await silent.closed();
  });

  it('an old connection is asked to go, and its calls may end', async () => {
    const clock = await clocked({ maxConnectionAgeMs: 10_000, maxConnectionAgeGraceMs: 10_000, random: () => 0.5 });
    const connection = await serving.connect();
    const id = connection.open('/t.Held/Unary');
    connection.send(data(id, grpcMessage(Buffer.alloc(1)), Flag.END_STREAM));
    await serving.held.until(() => serving.held.unary.length === 1);
    clock.advance(12_000);
    await connection.until(() => connection.goaway?.lastStream === id);
    expect(connection.goaway!.code).toBe(0);
    const late = connection.open('/t.Echo/Unary');
    expect((await connection.over(late)).reset).toBe(ErrorCode.REFUSED_STREAM);
    serving.held.unary[0]!.call.answer(Buffer.from('done'));
    expect((await connection.over(id)).messages.map(String)).toEqual(['done']);
    await connection.closed();
  });

  it('connections that came together are asked to go one after the other, a tenth sooner or later', async () => {
    const draws = [0, 0.5, 0.999];
    const clock = await clocked({ maxConnectionAgeMs: 100_000, random: () => draws.shift()! });
    const [soon, middle, late] = [await serving.connect(), await serving.connect(), await serving.connect()];
    const asked = (): boolean[] => [soon, middle, late].map((each) => each.goaway !== undefined);
    for (const each of [soon, middle, late]) await each.call('/t.Echo/Unary', Buffer.alloc(1));
    clock.advance(89_000);
    await middle.call('/t.Echo/Unary', Buffer.alloc(1));
    expect(asked()).toEqual([false, false, false]);
    clock.advance(3000);
    await soon.until(() => soon.goaway !== undefined);
    expect(asked()).toEqual([true, false, false]);
    clock.advance(10_000);
    await middle.until(() => middle.goaway !== undefined);
    await late.call('/t.Echo/Unary', Buffer.alloc(1));
    expect(asked()).toEqual([true, true, false]);
    clock.advance(9000);
    await late.until(() => late.goaway !== undefined);
  });

  it('the calls of an old connection end by force after their grace', async () => {
    const clock = await clocked({ maxConnectionAgeMs: 10_000, maxConnectionAgeGraceMs: 10_000, random: () => 0.5 });
    const connection = await serving.connect();
    connection.open('/t.Held/Stream');
    await serving.held.until(() => serving.held.streams.length === 1);
    clock.advance(12_000);
    await connection.until(() => connection.goaway !== undefined);
    clock.advance(9000);
    await connection.closed();
    expect(serving.held.cancelled).toEqual(['/t.Held/Stream']);
  });

  it('an idle connection is asked to go', async () => {
    const clock = await clocked({ maxConnectionIdleMs: 10_000 });
    const connection = await serving.connect();
    await pass(clock, connection, 9000);
    await pass(clock, connection, 9000);
    expect(connection.goaway).toBeUndefined();
    clock.advance(12_000);
    await connection.closed();
    expect(connection.goaway).toMatchObject({ code: 0 });
  });

  it('a client that does not answer the first GOAWAY gets the last all the same', async () => {
    const clock = await clocked({ maxConnectionIdleMs: 10_000 });
    const connection = await serving.connect({ polite: false });
    connection.send(frame(FrameType.SETTINGS, Flag.ACK, 0));
    await connection.call('/t.Echo/Unary', Buffer.alloc(1));
    clock.advance(20_000);
    await connection.closed();
    expect(connection.goaway!.lastStream).toBe(1);
  });
});

describe('compressed messages', () => {
  const MIB = 1024 * 1024;
  const CALLS = 40;
  const BOMB = grpcMessage(gzipSync(Buffer.alloc(4 * MIB)), 1);
  const LIMIT = { maxReceiveMessageBytes: 4 * MIB };
  const GZIP = [['grpc-encoding', 'gzip']] as const;

  it('that stand for megabytes each are not all decompressed at once, and all are answered', async () => {
    serving = await Serving.start(LIMIT);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    collect();
    const before = process.memoryUsage().arrayBuffers;
    let most = before;
    const measured = (length: number): Buffer => {
      collect();
      most = Math.max(most, process.memoryUsage().arrayBuffers);
      return Buffer.from(String(length));
    };
    serving.server.addMethods('t.Size', {
      Unary: { kind: 'unary', handle: (call, message) => call.answer(measured(message.length)) },
      Stream: {
        kind: 'stream',
        async handle(call) {
          for await (const message of call.messages) await call.write(measured(message.length));
          call.end();
        },
      },
    });
    const connection = await serving.connect();
    for (const method of ['Unary', 'Stream']) {
      const ids = Array.from({ length: CALLS }, () => connection.open(`/t.Size/${method}`, GZIP));
      for (const id of ids) connection.send(data(id, BOMB, Flag.END_STREAM));
      for (const id of ids) {
        const { messages, status } = await connection.over(id);
        expect([status, messages.map(String)]).toEqual([0, [String(4 * MIB)]]);
      }
    }
    // All at once they would be 160 MiB; four of them are let in, and each is there twice at its end.
    expect(most - before).toBeLessThan(80 * MIB);
  });

  it('of callers who have left do not hold up the others', async () => {
    serving = await Serving.start(LIMIT);
    const connection = await serving.connect();
    for (let i = 0; i < CALLS; i++) {
      const id = connection.open('/t.Echo/Unary', GZIP);
      connection.send(data(id, BOMB, Flag.END_STREAM), resetStream(id));
    }
    const id = connection.open('/t.Echo/Unary', GZIP);
    connection.send(data(id, grpcMessage(gzipSync('hello'), 1), Flag.END_STREAM));
    const { messages } = await connection.over(id);
    expect(messages.map(String)).toEqual(['hello']);
  });
});

it('connections beyond the limit are closed as they come', async () => {
  serving = await Serving.start({ maxConnections: 1 });
  const first = await serving.connect();
  expect((await first.call('/t.Echo/Unary', Buffer.alloc(1))).status).toBe(0);
  const second = await serving.connect();
  await second.closed();
  first.destroy();
  await first.closed();
});
