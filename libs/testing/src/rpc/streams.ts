import { expect, it } from 'vitest';
import { data, ErrorCode, Flag, grpcMessage, resetStream, Setting, windowUpdate } from '../http2/frames.js';
import { echoStream, echoUnary, type RpcSuite, stream } from './suite.js';
import { path, settled, turn, until } from './stage.js';

const CHUNK = Buffer.alloc(10_000, 'c');
/** What a connection may hold back for one slow side: its window, and what is on the way. */
const MAX_HELD_BYTES = 4 * 1024 * 1024;

/** Messages each way, as fast as both sides are. */
export function streamContract({ stage }: RpcSuite): void {
  it('answers message by message', async () => {
    await stage().serve({ Echo: echoStream });
    const call = stage().grpc().stream(path('Echo'));
    for (let i = 0; i < 20; i++) {
      call.write(Buffer.from(`m${i}`));
      await call.count(i + 1);
    }
    call.end();
    expect((await call.ended).code).toBe(0);
    expect(call.received.map(String)).toEqual(Array.from({ length: 20 }, (_, i) => `m${i}`));
  });

  it('answers thousands of messages in order, empty ones too', async () => {
    await stage().serve({ Echo: echoStream });
    const call = stage().grpc().stream(path('Echo'));
    const sent = Array.from({ length: 3000 }, (_, i) => (i % 10 === 0 ? '' : `message ${i}`));
    for (const text of sent) call.write(Buffer.from(text));
    call.end();
    await call.ended;
    expect(call.received.map(String)).toEqual(sent);
  });

  it('ends a stream without messages, and takes messages after which nothing is answered', async () => {
    let taken = 0;
    const sink = stream(async (call) => {
      for await (const message of call.messages) taken += message.length;
      await call.write(Buffer.from(String(taken)));
      call.end();
    });
    await stage().serve({ Echo: echoStream, Sink: sink });
    const empty = stage().grpc().stream(path('Echo'));
    empty.end();
    expect([(await empty.ended).code, empty.received]).toEqual([0, []]);
    const call = stage().grpc().stream(path('Sink'));
    for (let i = 0; i < 100; i++) call.write(CHUNK);
    call.end();
    await call.ended;
    expect(call.received.map(String)).toEqual(['1000000']);
  });

  it('may end, or fail with details, before the caller has', async () => {
    const end = stream((call) => (void call.write(Buffer.from('bye')), call.end()));
    const fail = stream((call) => {
      void call.write(Buffer.from('one'));
      call.fail({ code: 9, message: 'enough', details: Buffer.from('d'), trailers: [['x-why', 'because']] });
    });
    await stage().serve({ End: end, Fail: fail });
    const ended = stage().grpc().stream(path('End'));
    expect([(await ended.ended).code, ended.received.map(String)]).toEqual([0, ['bye']]);
    const failed = stage().grpc().stream(path('Fail'));
    const { code, details, trailers } = await failed.ended;
    expect([code, details, failed.received.map(String)]).toEqual([9, 'enough', ['one']]);
    expect(trailers.get('x-why')).toEqual(['because']);
    expect(trailers.get('grpc-status-details-bin')).toEqual([Buffer.from('d')]);
  });

  it('drops what a method says after the end', async () => {
    const late = stream((call) => {
      call.end();
      void call.write(Buffer.from('late'));
      call.fail({ code: 13, message: 'late' });
      call.end();
    });
    await stage().serve({ Late: late });
    const connection = await stage().raw();
    const { status, messages } = await connection.call(path('Late'), Buffer.alloc(0));
    expect([status, messages, connection.faults]).toEqual([0, [], []]);
  });

  it('goes on answering after it stopped reading', async () => {
    const first = stream(async (call) => {
      for await (const message of call.messages) {
        await call.write(Buffer.from(message));
        break;
      }
      await call.write(Buffer.from('more'));
      call.end();
    });
    await stage().serve({ First: first });
    const call = stage().grpc().stream(path('First'));
    call.write(Buffer.from('one'));
    call.write(Buffer.from('two'));
    expect((await call.ended).code).toBe(0);
    expect(call.received.map(String)).toEqual(['one', 'more']);
  });

  it('keeps messages for a method that reads later', async () => {
    let read: (() => void) | undefined;
    const late = stream(async (call) => {
      await new Promise<void>((resolve) => (read = resolve));
      for await (const message of call.messages) await call.write(Buffer.from(message));
      call.end();
    });
    await stage().serve({ Late: late });
    const call = stage().grpc().stream(path('Late'));
    for (const text of ['a', 'b', 'c']) call.write(Buffer.from(text));
    call.end();
    await until(() => read !== undefined);
    for (let turns = 0; turns < 20; turns++) await turn();
    read!();
    await call.ended;
    expect(call.received.map(String)).toEqual(['a', 'b', 'c']);
  });

  it('writes no more than a slow reader takes, and the rest when it reads on', async () => {
    let written = 0;
    let waited = 0;
    const pour = stream(async (call) => {
      for (let i = 0; i < 2000; i++) {
        const pending = call.write(CHUNK);
        written += CHUNK.length;
        if (pending) waited++;
        await pending;
      }
      call.end();
    });
    await stage().serve({ Pour: pour });
    const connection = await stage().raw({ giveBack: false });
    const id = connection.open(path('Pour'), [], Flag.END_HEADERS | Flag.END_STREAM);
    const held = await settled(() => written);
    expect(held).toBeLessThan(MAX_HELD_BYTES);
    expect([waited > 0, connection.stream(id).dataBytes]).toEqual([true, 65_535]);
    connection.send(windowUpdate(0, 2 ** 30), windowUpdate(id, 2 ** 30));
    const { status, messages } = await connection.over(id);
    expect([status, messages.length]).toEqual([0, 2000]);
    expect(messages.every((message) => message.equals(CHUNK))).toBe(true);
  });

  it('lets a writer go whose reader cancels or goes away', async () => {
    let over = 0;
    const pour = stream(async (call) => {
      while (!call.cancelled) await call.write(CHUNK);
      over++;
    });
    await stage().serve({ Pour: pour, Echo: echoUnary });
    const connection = await stage().raw({ giveBack: false });
    const first = connection.open(path('Pour'));
    await connection.until(() => connection.stream(first).dataBytes === 65_535);
    connection.send(resetStream(first), windowUpdate(0, 65_535));
    await until(() => over === 1);
    const second = connection.open(path('Pour'));
    await connection.until(() => connection.stream(second).dataBytes === 65_535);
    connection.destroy();
    await until(() => over === 2);
    expect((await stage().grpc().unary(path('Echo'))).code).toBe(0);
  });

  it('does not let a slow reader hold up its neighbours on the connection', async () => {
    const pour = stream(async (call) => {
      while (!call.cancelled) await call.write(CHUNK);
    });
    await stage().serve({ Pour: pour, Echo: echoUnary });
    const connection = await stage().raw({ giveBack: false });
    connection.send(windowUpdate(0, 2 ** 30));
    const slow = connection.open(path('Pour'));
    await connection.until(() => connection.stream(slow).dataBytes === 65_535);
    for (let i = 0; i < 20; i++) {
      const answer = await connection.call(path('Echo'), CHUNK);
      expect([answer.status, answer.messages[0]?.length]).toEqual([0, CHUNK.length]);
    }
    expect(connection.stream(slow).dataBytes).toBe(65_535);
  });

  it('honours the windows that the caller sets, smaller, larger and changed on the way', async () => {
    const pour = stream(async (call) => {
      for (let i = 0; i < 20; i++) await call.write(CHUNK);
      call.end();
    });
    await stage().serve({ Pour: pour });
    const connection = await stage().raw({ giveBack: false, settings: [[Setting.INITIAL_WINDOW_SIZE, 10]] });
    const id = connection.open(path('Pour'), [], Flag.END_HEADERS | Flag.END_STREAM);
    await connection.until(() => connection.stream(id).dataBytes === 10);
    connection.send(windowUpdate(id, 1));
    await connection.until(() => connection.stream(id).dataBytes === 11);
    connection.sendSettings([[Setting.INITIAL_WINDOW_SIZE, 1000]]);
    await connection.until(() => connection.stream(id).dataBytes === 1001);
    connection.sendSettings([[Setting.INITIAL_WINDOW_SIZE, 0]]);
    // The window is 1000 below zero: this opens it by one byte.
    connection.send(windowUpdate(id, 1001));
    await connection.until(() => connection.stream(id).dataBytes === 1002);
    connection.send(windowUpdate(0, 2 ** 30), windowUpdate(id, 2 ** 30));
    const { status, messages, dataBytes } = await connection.over(id);
    expect([status, messages.length, dataBytes]).toEqual([0, 20, 20 * (CHUNK.length + 5)]);
  });

  it('takes no more from the caller than a method reads, and the rest when it reads on', async () => {
    let read: (() => void) | undefined;
    let taken = 0;
    const slow = stream(async (call) => {
      const messages = call.messages[Symbol.asyncIterator]();
      taken += ((await messages.next()).value as Buffer).length;
      await new Promise<void>((resolve) => (read = resolve));
      for (let next = await messages.next(); !next.done; next = await messages.next()) taken += next.value.length;
      call.end();
    });
    await stage().serve({ Slow: slow, Echo: echoUnary });
    const connection = await stage().raw();
    const id = connection.open(path('Slow'));
    const message = grpcMessage(CHUNK);
    await connection.until(() => connection.serverSettings.size > 0 || connection.frames.length > 0);
    const first = connection.serverSettings.get(Setting.INITIAL_WINDOW_SIZE) ?? 65_535;
    let sent = 0;
    const window = (): number =>
      Math.min(first + connection.stream(id).grantedBytes, 65_535 + connection.grantedBytes) - sent;
    const fill = (): number => {
      while (window() >= message.length) {
        connection.send(data(id, message));
        sent += message.length;
      }
      return sent;
    };
    await until(() => (fill(), read !== undefined));
    const held = await settled(fill);
    expect(held).toBeLessThan(MAX_HELD_BYTES);
    read!();
    await until(() => (fill(), sent > 2 * held));
    connection.send(data(id, Buffer.alloc(0), Flag.END_STREAM));
    expect((await connection.over(id)).status).toBe(0);
    expect(taken).toBe((sent / message.length) * CHUNK.length);
  });

  it('ends the messages of a stream whose caller goes away', async () => {
    const ends: string[] = [];
    const read = stream(async (call) => {
      try {
        for await (const message of call.messages) void call.write(Buffer.from(message));
        ends.push('done');
      } catch {
        ends.push('thrown');
      }
    });
    await stage().serve({ Read: read });
    const connection = await stage().raw();
    const id = connection.open(path('Read'));
    connection.send(data(id, grpcMessage(Buffer.from('x'))));
    await connection.until(() => connection.stream(id).messages.length === 1);
    connection.send(resetStream(id));
    await until(() => ends.length === 1);
    const second = connection.open(path('Read'));
    connection.send(data(second, grpcMessage(Buffer.from('x'))));
    await connection.until(() => connection.stream(second).messages.length === 1);
    connection.destroy();
    await until(() => ends.length === 2);
  });

  it('lets go of a caller that goes on sending after the end', async () => {
    const end = stream((call) => call.end());
    await stage().serve({ End: end, Echo: echoUnary });
    const connection = await stage().raw();
    const id = connection.open(path('End'));
    await connection.over(id);
    connection.send(data(id, grpcMessage(CHUNK)), data(id, grpcMessage(CHUNK), Flag.END_STREAM));
    const next = await connection.call(path('Echo'), Buffer.from('x'));
    expect([next.status, connection.goaway?.code ?? ErrorCode.NO_ERROR]).toEqual([0, ErrorCode.NO_ERROR]);
  });
}
