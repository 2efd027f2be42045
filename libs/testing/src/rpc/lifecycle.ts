import { connect, createServer } from 'node:net';
import type { RpcCall, RpcUnaryCall } from '@witan/core';
import { ManualClock } from '@witan/core/testing';
import { expect, it } from 'vitest';
import { data, ErrorCode, Flag, grpcMessage } from '../http2/frames.js';
import { echoStream, echoUnary, type RpcSuite, unary } from './suite.js';
import { path, until } from './stage.js';

/** Start, drain and close. */
export function lifecycleContract({ stage }: RpcSuite): void {
  async function held(clock?: ManualClock): Promise<RpcUnaryCall[]> {
    const calls: RpcUnaryCall[] = [];
    await stage().serve(
      { Hold: unary((call) => void calls.push(call)), Stream: echoStream, Echo: echoUnary },
      {},
      clock,
    );
    return calls;
  }

  it('says where it listens, once it does', async () => {
    const server = stage().made();
    expect(server.address).toBeUndefined();
    const address = await server.start();
    expect(address).toEqual({ text: `127.0.0.1:${address.port}`, port: expect.any(Number) });
    expect([server.address, address.port > 0]).toEqual([address, true]);
  });

  it('says that a port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    const error = await stage()
      .made({ port })
      .start()
      .catch((reason: unknown) => reason);
    taken.close();
    expect(error).toMatchObject({ code: 'CORE_ERR_GRPC_LISTEN', message: expect.stringContaining(String(port)) });
  });

  it('drains at once when there is nothing to wait for', async () => {
    const server = await stage().serve({ Echo: echoUnary });
    expect(await server.drain(60_000)).toBe(true);
    await expect(accepts(server.address!.port)).resolves.toBe(false);
  });

  it('drains idle connections, telling them with GOAWAY', async () => {
    const server = await stage().serve({ Echo: echoUnary });
    const connections = await Promise.all([stage().raw(), stage().raw(), stage().raw()]);
    for (const each of connections) await each.call(path('Echo'), Buffer.alloc(0));
    expect(await server.drain(60_000)).toBe(true);
    for (const each of connections) {
      await each.closed();
      expect([each.goaway?.code, each.faults]).toEqual([ErrorCode.NO_ERROR, []]);
    }
  });

  it('lets calls and streams under way end while it drains, and takes no connections', async () => {
    const calls = await held();
    const connection = await stage().raw();
    const stream = connection.open(path('Stream'));
    connection.send(data(stream, grpcMessage(Buffer.from('before'))));
    await connection.until(() => connection.stream(stream).messages.length === 1);
    const waiting = connection.call(path('Hold'), Buffer.alloc(0));
    await until(() => calls.length === 1);
    let drained: boolean | undefined;
    const done = stage()
      .server.drain(60_000)
      .then((result) => (drained = result));
    await connection.until(() => connection.goaway !== undefined);
    expect([connection.goaway?.code, drained]).toEqual([ErrorCode.NO_ERROR, undefined]);
    expect(await accepts(stage().server.address!.port)).toBe(false);
    connection.send(data(stream, grpcMessage(Buffer.from('after')), Flag.END_STREAM));
    expect((await connection.over(stream)).messages.map(String)).toEqual(['before', 'after']);
    calls[0]!.answer(Buffer.from('done'));
    const answer = await waiting;
    expect([answer.status, answer.messages.map(String)]).toEqual([0, ['done']]);
    expect(await done).toBe(true);
    await connection.closed();
    expect(connection.faults).toEqual([]);
  });

  it("is drained behind gRPC's client without losing a call", async () => {
    const calls = await held();
    const caller = stage().grpc();
    const outcomes = Array.from({ length: 50 }, () => caller.unary(path('Hold')));
    await until(() => calls.length === 50);
    const done = stage().server.drain(60_000);
    for (const call of calls) call.answer(Buffer.from('done'));
    expect((await Promise.all(outcomes)).map(({ code }) => code)).toEqual(Array(50).fill(0));
    expect(await done).toBe(true);
  });

  it('ends by force what is not done when the bound is over, and says so', async () => {
    const clock = new ManualClock();
    const calls = await held(clock);
    const cancelled: RpcCall[] = [];
    const connection = await stage().raw();
    const id = connection.open(path('Hold'));
    connection.send(data(id, grpcMessage(Buffer.alloc(0)), Flag.END_STREAM));
    await until(() => calls.length === 1);
    calls[0]!.onCancel(() => cancelled.push(calls[0]!));
    const drained = stage().server.drain(1000);
    clock.advance(999);
    expect(cancelled).toEqual([]);
    clock.advance(1);
    expect(await drained).toBe(false);
    await connection.closed();
    await until(() => cancelled.length === 1);
    calls[0]!.answer(Buffer.from('late'));
  });

  it('does not wait for connections that never said a word', async () => {
    const clock = new ManualClock();
    await held(clock);
    const silent = await stage().raw({ preface: false });
    const half = await stage().raw({ preface: false });
    await half.sent(Buffer.from('PRI * HT'));
    await stage().grpc().unary(path('Echo'));
    let drained: boolean | undefined;
    void stage()
      .server.drain(1000)
      .then((result) => (drained = result));
    await until(() => (clock.advance(1000), drained !== undefined));
    await Promise.all([silent.closed(), half.closed()]);
  });

  it('closes at once, telling the methods under way, and may be closed again', async () => {
    const calls = await held();
    let cancelled = 0;
    const connection = await stage().raw();
    const waiting = connection.call(path('Hold'), Buffer.alloc(0));
    await until(() => calls.length === 1);
    calls[0]!.onCancel(() => cancelled++);
    stage().server.close();
    await connection.closed();
    await until(() => cancelled === 1);
    expect((await waiting).status).not.toBe(0);
    calls[0]!.answer(Buffer.from('late'));
    stage().server.close();
    expect(await accepts(stage().server.address!.port)).toBe(false);
  });

  it('may be closed before it starts, and while it drains', async () => {
    stage().made().close();
    const calls = await held();
    const connection = await stage().raw();
    void connection.call(path('Hold'), Buffer.alloc(0));
    await until(() => calls.length === 1);
    const drained = stage().server.drain(60_000);
    stage().server.close();
    await drained;
    await connection.closed();
  });
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => (socket.destroy(), resolve(true)));
    socket.once('error', () => resolve(false));
  });
}
