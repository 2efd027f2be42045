import { randomBytes } from 'node:crypto';
import { data, ErrorCode, Flag, grpcMessage, type RawConnection, Setting, windowUpdate } from '@witan-libs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { Serving } from '../server/serving.spec.support.js';

let serving: Serving;
afterEach(() => serving.stop());

const MIB = 1024 * 1024;
const FRAME_BYTES = 16_384;

/** Sends a body in frames, keeping to the windows that the server gives. */
async function upload(connection: RawConnection, id: number, body: Buffer): Promise<void> {
  const stream = connection.stream(id);
  for (let at = 0; at < body.length && !stream.isOver;) {
    const room = (): number =>
      Math.min(256 * 1024 + stream.grantedBytes - at, 65_535 + connection.grantedBytes - at, FRAME_BYTES);
    await connection.until(() => room() > 0 || stream.isOver);
    const end = Math.min(body.length, at + room());
    await connection.sent(data(id, body.subarray(at, end), end === body.length ? Flag.END_STREAM : 0));
    at = end;
  }
}

describe('what the caller takes', () => {
  it('an answer waits for the window of its stream, byte by byte', async () => {
    serving = await Serving.start();
    const connection = await serving.connect({ settings: [[Setting.INITIAL_WINDOW_SIZE, 0]], giveBack: false });
    const id = connection.open('/t.Echo/Unary');
    connection.send(data(id, grpcMessage(Buffer.from('abc')), Flag.END_STREAM));
    const stream = connection.stream(id);
    await connection.until(() => stream.headers.length === 1);
    for (let bytes = 1; bytes <= 8; bytes++) {
      expect(stream.isEnded).toBe(false);
      connection.send(windowUpdate(id, 1));
      await connection.until(() => stream.dataBytes === bytes);
    }
    await connection.over(id);
    expect(stream.messages.map(String)).toEqual(['abc']);
    expect(stream.status).toBe(0);
  });

  it('a window that SETTINGS make negative is filled before anything is sent', async () => {
    serving = await Serving.start();
    const connection = await serving.connect({ settings: [[Setting.INITIAL_WINDOW_SIZE, 10]], giveBack: false });
    const id = connection.open('/t.Echo/Unary');
    connection.send(data(id, grpcMessage(Buffer.alloc(20)), Flag.END_STREAM));
    const stream = connection.stream(id);
    await connection.until(() => stream.dataBytes === 10);
    connection.sendSettings([[Setting.INITIAL_WINDOW_SIZE, 4]]);
    await connection.until(() => connection.settingsAcks === 2);
    connection.send(windowUpdate(id, 6));
    const other = await connection.call('/t.None/None', Buffer.alloc(0));
    expect(other.status).toBe(12);
    expect(stream.dataBytes).toBe(10);
    connection.send(windowUpdate(id, 15));
    await connection.over(id);
    expect(stream.messages[0]!.length).toBe(20);
  });

  it("calls share the connection's window, and small ones are not stuck behind a large one", async () => {
    serving = await Serving.start();
    const connection = await serving.connect({ settings: [[Setting.INITIAL_WINDOW_SIZE, 2 ** 30]], giveBack: false });
    const ids = [1, 2].map(() => connection.open('/t.Echo/Unary'));
    for (const id of ids) await upload(connection, id, grpcMessage(Buffer.alloc(100_000, id)));
    const sum = (): number => ids.reduce((bytes, id) => bytes + connection.stream(id).dataBytes, 0);
    await connection.until(() => sum() === 65_535);
    // An answer that needs no window at all.
    expect((await connection.call('/t.None/None', Buffer.alloc(0))).status).toBe(12);
    connection.send(windowUpdate(0, 80_000));
    await connection.until(() => sum() === 145_535);
    for (const id of ids) expect(connection.stream(id).dataBytes).toBeGreaterThan(40_000);
    connection.send(windowUpdate(0, 80_000));
    for (const id of ids) expect((await connection.over(id)).messages[0]!.equals(Buffer.alloc(100_000, id))).toBe(true);
  });

  it('a writer is held back until the caller takes more', async () => {
    serving = await Serving.start();
    const connection = await serving.connect({ giveBack: false });
    const id = connection.open('/t.Held/Stream');
    await serving.held.until(() => serving.held.streams.length === 1);
    const call = serving.held.streams[0]!;
    expect(call.write(Buffer.alloc(60_000))).toBeUndefined();
    const waiting = call.write(Buffer.alloc(100_000));
    expect(waiting).toBeInstanceOf(Promise);
    let resumed = false;
    void waiting!.then(() => (resumed = true));
    await connection.until(() => connection.stream(id).dataBytes === 65_535);
    expect(resumed).toBe(false);
    connection.send(windowUpdate(0, MIB), windowUpdate(id, MIB));
    await waiting;
    call.end();
    expect((await connection.over(id)).messages.map(({ length }) => length)).toEqual([60_000, 100_000]);
  });

  it.each([4000, MIB])('a socket that nobody reads is written to no further than its buffers: %d', async (size) => {
    serving = await Serving.start();
    const connection = await serving.connect({ settings: [[Setting.INITIAL_WINDOW_SIZE, 2 ** 30]] });
    connection.send(windowUpdate(0, 2 ** 30));
    const id = connection.open('/t.Held/Stream');
    await serving.held.until(() => serving.held.streams.length === 1);
    connection.socket.pause();
    const call = serving.held.streams[0]!;
    let written = 0;
    let waiting: Promise<void> | undefined;
    // Loopback takes a few MiB; then the promise says stop.
    for (; written * size < 64 * MIB && waiting === undefined; written++) {
      waiting = call.write(Buffer.alloc(size, written));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(waiting).toBeInstanceOf(Promise);
    // Others use the server's buffers meanwhile.
    const other = await serving.connect();
    expect((await other.call('/t.Echo/Unary', Buffer.alloc(5000))).status).toBe(0);
    connection.socket.resume();
    await waiting;
    call.end();
    const { messages } = await connection.over(id);
    expect(messages.map((message, index) => message.equals(Buffer.alloc(size, index))).filter(Boolean).length).toBe(
      written,
    );
  });
});

describe('what the caller sends', () => {
  it('a message far larger than the window comes back whole', async () => {
    serving = await Serving.start();
    const connection = await serving.connect();
    const message = randomBytes(5 * MIB + 3);
    const id = connection.open('/t.Echo/Unary');
    await upload(connection, id, grpcMessage(message));
    const { messages, status } = await connection.over(id);
    expect(status).toBe(0);
    expect(messages[0]!.equals(message)).toBe(true);
  });

  it('messages that a handler does not take are not let in beyond the window', async () => {
    serving = await Serving.start();
    const connection = await serving.connect();
    const id = connection.open('/t.Held/Stream');
    await serving.held.until(() => serving.held.streams.length === 1);
    const call = serving.held.streams[0]!;
    const one = grpcMessage(Buffer.alloc(FRAME_BYTES - 5));
    for (let count = 0; count < 16; count++) await connection.sent(data(id, one));
    await connection.call('/t.Echo/Unary', Buffer.alloc(1));
    expect(connection.stream(id).grantedBytes).toBe(0);
    const messages = call.messages[Symbol.asyncIterator]();
    for (let count = 0; count < 8; count++) expect((await messages.next()).done).toBe(false);
    await connection.until(() => connection.stream(id).grantedBytes > 0);
    expect(connection.stream(id).grantedBytes).toBe(8 * FRAME_BYTES);
  });

  it('the whole of a large message is let in for a handler that waits for it', async () => {
    serving = await Serving.start();
    const connection = await serving.connect();
    const id = connection.open('/t.Held/Stream');
    await serving.held.until(() => serving.held.streams.length === 1);
    const next = serving.held.streams[0]!.messages[Symbol.asyncIterator]().next();
    const message = randomBytes(3 * MIB);
    await upload(connection, id, grpcMessage(message));
    expect(((await next).value as Buffer).equals(message)).toBe(true);
  });

  it('a caller that goes beyond the window of a stream loses the connection', async () => {
    serving = await Serving.start();
    const connection = await serving.connect();
    const id = connection.open('/t.Held/Stream');
    const one = grpcMessage(Buffer.alloc(FRAME_BYTES - 5));
    for (let count = 0; count < 17; count++) await connection.sent(data(id, one));
    await connection.until(() => connection.goaway !== undefined);
    expect(connection.goaway).toMatchObject({ code: ErrorCode.FLOW_CONTROL_ERROR });
    await serving.held.until(() => serving.held.cancelled.length === 1);
  });

  it('requests that wait are bounded over the connection, and the rest of it goes on', async () => {
    serving = await Serving.start({ maxReceiveMessageBytes: 100_000, maxBufferedBytes: 150_000 });
    const connection = await serving.connect();
    const part = Buffer.alloc(16_000);
    part.writeUInt32BE(90_000, 1);
    const ids: number[] = [];
    for (let count = 0; count < 12; count++) {
      const id = connection.open('/t.Echo/Unary');
      ids.push(id);
      await connection.sent(data(id, part));
    }
    const refused = await connection.over(ids.at(-1)!);
    expect(refused.status).toBe(8);
    expect(refused.statusMessage).toContain('150000');
    expect(ids.filter((id) => !connection.stream(id).isOver).length).toBe(9);
    expect((await connection.call('/t.Echo/Unary', Buffer.alloc(10))).status).toBe(0);
  });
});
