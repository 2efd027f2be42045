import { createServer, connect, type AddressInfo, type Server, Socket } from 'node:net';
import { once } from 'node:events';
import { data, Flag, grpcMessage, type RawConnection, settings, PREFACE } from '@witan-libs/testing';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { Serving } from './serving.spec.support.js';
import { SharedReads } from './shared-reads.js';

/** A length, and what tells one message from all others. */
const message = (size: number, seed: number): Buffer =>
  Buffer.from(Uint8Array.from({ length: size }, (_, at) => (at * 31 + seed * 101) & 0xff));

/** Takes a part away that Node need not have, as long as `use` runs. */
async function withoutUserBuffers(use: () => Promise<void>): Promise<void> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  let place = (server as unknown as { _handle: object })._handle;
  server.close();
  while (!Object.hasOwn(place, 'useUserBuffer')) place = Object.getPrototypeOf(place) as object;
  const part = Object.getOwnPropertyDescriptor(place, 'useUserBuffer')!;
  delete (place as { useUserBuffer?: unknown }).useUserBuffer;
  try {
    await use();
  } finally {
    Object.defineProperty(place, 'useUserBuffer', part);
  }
}

describe('messages of many connections, whose reads overwrite each other', () => {
  let serving: Serving;
  afterEach(() => serving.stop());

  /** Sends the frames of all calls in pieces, now of this connection, now of that. */
  async function send(connections: readonly RawConnection[], calls: readonly Call[], cuts: readonly number[]) {
    const queues = connections.map(() => [] as Buffer[]);
    for (const call of calls) {
      const body = grpcMessage(call.message);
      for (let at = 0; at < body.length; at += 16_384) {
        const end = at + 16_384;
        queues[call.connection]!.push(data(call.id, body.subarray(at, end), end >= body.length ? Flag.END_STREAM : 0));
      }
    }
    const rest = queues.map((frames) => Buffer.concat(frames));
    for (let turn = 0; rest.some(({ length }) => length > 0); turn++) {
      const cut = cuts[turn % cuts.length]!;
      for (const [index, bytes] of rest.entries()) {
        if (bytes.length === 0) continue;
        await connections[index]!.sent(bytes.subarray(0, cut));
        rest[index] = bytes.subarray(cut);
      }
    }
  }

  interface Call {
    readonly connection: number;
    readonly id: number;
    readonly message: Buffer;
  }

  it('are each what their caller sent, however long a method keeps them', async () => {
    serving = await Serving.start();
    const connections = [await serving.connect(), await serving.connect(), await serving.connect()];
    const size = fc.oneof(fc.nat(300), fc.nat(5000), fc.nat(70_000));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(2), size), { minLength: 1, maxLength: 12 }),
        fc.array(fc.integer({ min: 200, max: 40_000 }), { minLength: 1, maxLength: 5 }),
        async (chosen, cuts) => {
          const { unary } = serving.held;
          unary.length = 0;
          const calls = chosen.map(([connection, bytes], index) => ({
            connection,
            id: connections[connection]!.open('/t.Held/Unary'),
            message: message(bytes, index),
          }));
          await send(connections, calls, cuts);
          await serving.held.until(() => unary.length === calls.length);
          const kept = unary.map((one) => one.message.toString('latin1'));
          expect(kept.toSorted()).toEqual(calls.map((one) => one.message.toString('latin1')).toSorted());
          for (const one of unary) one.call.answer(one.message);
          for (const { connection, id, message: sent } of calls) {
            const { messages } = await connections[connection]!.over(id);
            expect(messages.length === 1 && messages[0]!.equals(sent)).toBe(true);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('are the same where Node cannot read so', async () => {
    await withoutUserBuffers(async () => {
      serving = await Serving.start();
      const connections = [await serving.connect(), await serving.connect()];
      const calls = [100, 20_000, 300_000].map((bytes, index) => ({
        connection: index % 2,
        id: connections[index % 2]!.open('/t.Echo/Unary'),
        message: message(bytes, index),
      }));
      await send(connections, calls, [70_000]);
      for (const { connection, id, message: sent } of calls) {
        const { messages } = await connections[connection]!.over(id);
        expect(messages[0]!.equals(sent)).toBe(true);
      }
      expect(await serving.server.drain(1000)).toBe(true);
    });
  });
});

describe('a socket with shared reads', () => {
  let server: Server;
  let client: Socket;
  afterEach(() => {
    client.destroy();
    server.close();
  });

  async function accept(): Promise<{ accepted: Socket; reads: SharedReads | undefined; got: string[] }> {
    server = createServer({ pauseOnConnect: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [accepted] = (await once(server, 'connection')) as [Socket];
    const got: string[] = [];
    const reads = SharedReads.of(accepted);
    if (reads) reads.reader = { onRead: (bytes, length) => void got.push(bytes.toString('latin1', 0, length)) };
    return { accepted, reads, got };
  }

  const connectionsOf = (): Promise<number> =>
    new Promise((resolve, reject) => server.getConnections((error, count) => (error ? reject(error) : resolve(count))));

  it('is counted by its server until it is closed, and no longer', async () => {
    const { reads } = await accept();
    expect(await connectionsOf()).toBe(1);
    const closed = once(server, 'close');
    server.close();
    reads!.socket.destroy();
    await closed;
    expect(await connectionsOf()).toBe(0);
  });

  it('says who is at the other end, and hears that it has ended', async () => {
    const { reads, got } = await accept();
    const { socket } = reads!;
    socket.resume();
    expect([socket.remoteAddress, socket.remotePort]).toEqual(['127.0.0.1', client.localPort]);
    client.end('last words');
    await once(socket, 'end');
    expect(got.join('')).toBe('last words');
    await once(socket, 'close');
  });

  it('reads nothing while it is paused', async () => {
    const { reads, got } = await accept();
    const { socket } = reads!;
    socket.resume();
    client.write('before');
    while (got.length === 0) await new Promise((resolve) => setImmediate(resolve));
    socket.pause();
    await new Promise((resolve) => client.write('while it is paused', resolve));
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(got).toEqual(['before']);
    socket.resume();
    while (got.length === 1) await new Promise((resolve) => setImmediate(resolve));
    expect(got.join('')).toBe('beforewhile it is paused');
  });

  it('is closed when the other end breaks off', async () => {
    const { reads } = await accept();
    const { socket } = reads!;
    socket.resume();
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await new Promise((resolve) => client.write('a', resolve));
    client.resetAndDestroy();
    await closed;
  });

  it('is not made where Node has not the parts: the accepted one goes on', async () => {
    await withoutUserBuffers(async () => {
      const { accepted, reads } = await accept();
      expect(reads).toBeUndefined();
      client.write(Buffer.concat([PREFACE, settings()]));
      accepted.resume();
      const [bytes] = (await once(accepted, 'data')) as [Buffer];
      expect(bytes.toString('latin1')).toMatch(/^PRI \* HTTP/);
    });
  });
});
