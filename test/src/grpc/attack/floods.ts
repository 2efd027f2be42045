import type { RpcServerKind } from '@witan/core';
import {
  continuation,
  data,
  Flag,
  frame,
  type HeaderPair,
  grpcMessage,
  headerBlock,
  headers,
  indexedField,
  indexedLiteral,
  ping,
  priority,
  type RawOptions,
  requestHeaders,
  resetStream,
  Setting,
  settings,
  windowUpdate,
} from '@witan-libs/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ECHO, flood, HOLD, type Outcome, POUR, Victim } from './victim.js';

const MIB = 1024 * 1024;
/** What one attacker may make a server hold while its connection stands. */
const MAX_HELD_BYTES = 24 * MIB;

interface Flood {
  readonly name: string;
  readonly chunks: number;
  chunk(index: number): Uint8Array;
  /** Sent before. */
  readonly prelude?: Uint8Array;
  readonly options?: RawOptions;
  /** Reads nothing that comes back. */
  readonly isDeaf?: boolean;
  /** How it must come out; other servers may hold back or take it, within the same memory. */
  readonly outcomes: Readonly<Record<RpcServerKind, readonly Outcome[]>>;
  /** Calls that may reach a method. @default 0 */
  readonly maxStarted?: number;
}

const many = (count: number, make: (index: number) => Uint8Array): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, index) => make(index)));
const same = (chunk: Uint8Array) => () => chunk;
const ENDED = { witan: ['ended'], 'grpc-js': ['ended'] } as const;
/** nghttp2 takes these, at little cost. */
const ENDED_OR_CHEAP = { witan: ['ended'], 'grpc-js': ['ended', 'taken', 'held back'] } as const;
/** The windows pay for padding as for any other byte. */
const CHEAP = { witan: ['ended', 'taken'], 'grpc-js': ['ended', 'taken'] } as const;
const UNREAD = { witan: ['ended', 'held back'], 'grpc-js': ['ended', 'held back', 'taken'] } as const;

const block = headerBlock(requestHeaders(HOLD));
const largeField = headerBlock([['x-fill', 'f'.repeat(16_000)]]);
const streamOf = (index: number): number => 2 * index + 1;

const FLOODS: readonly Flood[] = [
  {
    name: 'calls that are reset at once',
    chunks: 1000,
    chunk: (index) =>
      many(100, (at) =>
        Buffer.concat([headers(streamOf(index * 100 + at), block), resetStream(streamOf(index * 100 + at))]),
      ),
    outcomes: ENDED,
    maxStarted: 20_000,
  },
  {
    name: 'whole calls that are reset at once',
    chunks: 1000,
    chunk: (index) =>
      many(100, (at) => {
        const id = streamOf(index * 100 + at);
        return Buffer.concat([
          headers(id, block),
          data(id, grpcMessage(Buffer.alloc(0)), Flag.END_STREAM),
          resetStream(id),
        ]);
      }),
    outcomes: ENDED,
    maxStarted: 20_000,
  },
  {
    name: 'a header block that does not end',
    prelude: headers(1, block, 0),
    chunks: 2000,
    chunk: same(continuation(1, largeField)),
    outcomes: ENDED,
  },
  {
    name: 'a header block of frames with nothing in them',
    prelude: headers(1, block, 0),
    chunks: 1000,
    chunk: same(many(1000, () => continuation(1, Buffer.alloc(0)))),
    outcomes: ENDED,
  },
  {
    name: 'settings',
    chunks: 400,
    chunk: same(many(500, () => settings([[Setting.INITIAL_WINDOW_SIZE, 100_000]]))),
    outcomes: ENDED_OR_CHEAP,
  },
  {
    name: 'settings whose acknowledgements are not read',
    chunks: 2000,
    chunk: same(many(500, () => settings())),
    isDeaf: true,
    outcomes: UNREAD,
  },
  { name: 'pings', chunks: 400, chunk: same(many(500, () => ping())), outcomes: ENDED_OR_CHEAP },
  {
    name: 'pings whose answers are not read',
    chunks: 2000,
    chunk: same(many(500, () => ping())),
    isDeaf: true,
    outcomes: UNREAD,
  },
  {
    name: 'DATA with nothing in it',
    prelude: headers(1, block),
    chunks: 400,
    chunk: same(many(500, () => data(1, Buffer.alloc(0)))),
    outcomes: ENDED_OR_CHEAP,
  },
  {
    name: 'DATA of padding alone',
    prelude: headers(1, block),
    chunks: 400,
    chunk: same(many(250, () => data(1, Buffer.concat([Buffer.from([7]), Buffer.alloc(7)]), Flag.PADDED))),
    outcomes: CHEAP,
  },
  {
    name: 'window updates',
    chunks: 400,
    chunk: same(many(500, () => windowUpdate(0, 1))),
    outcomes: ENDED_OR_CHEAP,
  },
  {
    name: 'priorities',
    chunks: 400,
    chunk: (index) => many(500, (at) => priority(streamOf(index * 500 + at))),
    outcomes: ENDED_OR_CHEAP,
  },
  {
    name: 'frames of no known type',
    chunks: 400,
    chunk: same(many(500, () => frame(0x42, 0, 0))),
    outcomes: ENDED_OR_CHEAP,
  },
  {
    name: 'calls of no known method',
    chunks: 60,
    chunk: (index) =>
      many(100, (at) =>
        headers(streamOf(index * 100 + at), headerBlock(requestHeaders('/no/where')), Flag.END_HEADERS),
      ),
    outcomes: { witan: ['ended', 'taken', 'held back'], 'grpc-js': ['ended', 'taken', 'held back'] },
  },
  {
    name: 'resets of streams that never were',
    prelude: headers(99_999, block),
    chunks: 400,
    chunk: same(many(500, () => resetStream(1))),
    outcomes: ENDED_OR_CHEAP,
    maxStarted: 1,
  },
];

/** Attackers who send much, and what one of them may cost. */
export function floodSuite(kind: RpcServerKind): void {
  describe(`${kind} under floods`, () => {
    let victim: Victim;
    beforeAll(async () => void (victim = await Victim.start(kind)));
    afterAll(() => victim?.stop());
    afterEach(() => victim.hangUp());

    it.each(FLOODS.map((each) => [each.name, each] as const))('bounds %s', async (_, each) => {
      const before = await victim.usage();
      const connection = await victim.connect(each.options);
      if (each.prelude) connection.send(each.prelude);
      if (each.isDeaf) connection.socket.pause();
      const { outcome } = await flood(victim, connection, each.chunks, (index) => each.chunk(index));
      const during = await victim.usage();
      expect(each.outcomes[kind]).toContain(outcome);
      expect(during.bytes - before.bytes).toBeLessThan(MAX_HELD_BYTES);
      expect(during.started - before.started).toBeLessThanOrEqual(each.maxStarted ?? 0);
      victim.hangUp();
      await victim.idle();
      expect(connection.faults).toEqual([]);
    });

    it('unfolds no header block beyond its bound', async () => {
      const before = await victim.usage();
      const connection = await victim.connect();
      const large: HeaderPair = ['x-bomb', 'b'.repeat(4000)];
      const bomb = Buffer.concat([
        headerBlock(requestHeaders(ECHO)),
        indexedLiteral(large),
        many(12_000, () => indexedField(62)),
      ]);
      for (let id = 1; id < 41 && !connection.isClosed; id += 2) {
        connection.send(
          headers(id, bomb.subarray(0, 16_384), 0),
          continuation(id, bomb.subarray(16_384), Flag.END_HEADERS),
        );
        connection.send(data(id, grpcMessage(Buffer.from('x')), Flag.END_STREAM));
        await connection.until(() => connection.stream(id).isOver);
        expect(connection.stream(id).status).not.toBe(0);
      }
      expect((await victim.usage()).bytes - before.bytes).toBeLessThan(MAX_HELD_BYTES);
    });

    it('sets no memory aside for what messages only claim', async () => {
      const before = await victim.usage();
      const connections = await Promise.all(Array.from({ length: 5 }, () => victim.connect()));
      for (const connection of connections) {
        for (let i = 0; i < 200; i++)
          connection.send(data(connection.open(ECHO), Buffer.from([0, 0, 255, 255, 255, 1])));
        await connection.until(() => connection.serverSettings.size > 0);
      }
      expect((await victim.usage()).bytes - before.bytes).toBeLessThan(MAX_HELD_BYTES);
      victim.hangUp();
      await victim.idle();
    });

    it('makes no more for those who take nothing than their windows', async () => {
      const before = await victim.usage();
      const connection = await victim.connect({ settings: [[Setting.INITIAL_WINDOW_SIZE, 0]], giveBack: false });
      for (let i = 0; i < 200; i++) connection.open(POUR);
      connection.send(ping());
      await connection.until(() => connection.pingAcks > 0);
      const during = await victim.usage();
      expect(during.started - before.started).toBeGreaterThan(0);
      expect(during.bytes - before.bytes).toBeLessThan(2 * MAX_HELD_BYTES);
      victim.hangUp();
      await victim.idle();
    });

    it('runs no more calls of one connection at once than it may have', async () => {
      const before = await victim.usage();
      const connection = await victim.connect();
      await connection.until(() => connection.serverSettings.size > 0);
      const max = connection.serverSettings.get(Setting.MAX_CONCURRENT_STREAMS)!;
      for (let i = 0; i < max + 500; i++) {
        const id = connection.open(HOLD);
        connection.send(data(id, grpcMessage(Buffer.alloc(0)), Flag.END_STREAM));
      }
      await Promise.race([connection.until(() => connection.streams.size >= 500), connection.closed()]);
      expect((await victim.usage()).open - before.open).toBeLessThanOrEqual(max);
      victim.hangUp();
      await victim.idle();
    });
  });
}
