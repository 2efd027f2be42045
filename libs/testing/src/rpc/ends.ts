import type { RpcCall, RpcUnaryCall } from '@witan/core';
import { expect, it, type TestContext } from 'vitest';
import { data, ErrorCode, Flag, grpcMessage, resetStream } from '../http2/frames.js';
import { echoUnary, type RpcSuite, stream, unary } from './suite.js';
import { path, turn, until } from './stage.js';

const DEADLINE_EXCEEDED = 4;
/** Far beyond what a test takes. */
const HOUR_MS = 3_600_000;
/** Timeouts that only an exact reader refuses. */
const LAX = new Set(['1 S', '-1S', '1.5S', '123456789012S']);

/** Deadlines and cancellation: how a call ends before its method is done. */
export function endsContract(suite: RpcSuite): void {
  const { stage } = suite;

  /** Serves a method that never answers, and tells of its calls. */
  async function held(): Promise<{ calls: RpcUnaryCall[]; cancelled: number[] }> {
    const calls: RpcUnaryCall[] = [];
    const cancelled: number[] = [];
    const hold = unary((call) => {
      const index = calls.push(call) - 1;
      cancelled[index] = 0;
      call.onCancel(() => cancelled[index]!++);
    });
    await stage().serve({ Hold: hold, Echo: echoUnary });
    return { calls, cancelled };
  }

  it.each([
    ['1H', HOUR_MS],
    ['90M', 5_400_000],
    ['3600S', HOUR_MS],
    ['99999999m', 99_999_999],
    ['99999999u', 99_999],
  ])('tells the deadline of a timeout of %s', async (timeout, ms) => {
    let deadline: number | undefined;
    await stage().serve({ Look: unary((call) => ((deadline = call.deadlineEpochMs), call.answer(Buffer.alloc(0)))) });
    const before = Date.now();
    const connection = await stage().raw();
    await connection.call(path('Look'), Buffer.alloc(0), [['grpc-timeout', timeout]]);
    expect(deadline).toBeGreaterThanOrEqual(before + Math.floor(ms) - 1);
    expect(deadline).toBeLessThanOrEqual(Date.now() + ms + 1);
  });

  it('tells that there is none', async () => {
    let deadline: number | undefined = 0;
    await stage().serve({ Look: unary((call) => ((deadline = call.deadlineEpochMs), call.answer(Buffer.alloc(0)))) });
    await (await stage().raw()).call(path('Look'), Buffer.alloc(0));
    expect(deadline).toBeUndefined();
  });

  it.each(['0S', '1n'])('does not run a call whose deadline is over as it comes (%s)', async (timeout) => {
    let ran = 0;
    await stage().serve({ Count: unary((call) => (ran++, call.answer(Buffer.alloc(0)))) });
    const connection = await stage().raw();
    const id = connection.open(path('Count'), [['grpc-timeout', timeout]]);
    // The message comes only once the answer is there.
    expect((await connection.over(id)).status).toBe(DEADLINE_EXCEEDED);
    connection.send(data(id, grpcMessage(Buffer.alloc(0)), Flag.END_STREAM));
    expect([ran, connection.faults]).toEqual([0, []]);
  });

  const refuses = (timeout: string) => async (context: TestContext) => {
    if (LAX.has(timeout) && suite.lacks.exactTimeouts) context.skip(suite.lacks.exactTimeouts);
    let ran = 0;
    await stage().serve({ Count: unary((call) => (ran++, call.answer(Buffer.alloc(0)))), Echo: echoUnary });
    const connection = await stage().raw();
    const { status } = await connection.call(path('Count'), Buffer.alloc(0), [['grpc-timeout', timeout]]);
    expect([status === 0, ran]).toEqual([false, 0]);
    expect((await connection.call(path('Echo'), Buffer.alloc(0))).status).toBe(0);
  };
  for (const timeout of ['', '1', 'S', '1X', ...LAX])
    it(`does not run a call with a timeout of "${timeout}"`, refuses(timeout));

  it('ends a call whose deadline passes, and tells its method once', async () => {
    const { calls, cancelled } = await held();
    const connection = await stage().raw();
    const over = connection.call(path('Hold'), Buffer.alloc(0), [['grpc-timeout', '50m']]);
    expect((await over).status).toBe(DEADLINE_EXCEEDED);
    await until(() => cancelled[0] === 1);
    expect(calls[0]!.cancelled).toBe(true);
    calls[0]!.answer(Buffer.from('late'));
    expect((await connection.call(path('Echo'), Buffer.from('next'))).messages.map(String)).toEqual(['next']);
    expect([cancelled[0], connection.faults]).toEqual([1, []]);
  });

  it('ends a stream whose deadline passes, after the messages that were written', async () => {
    let cancelled = 0;
    const hold = stream((call) => {
      call.onCancel(() => cancelled++);
      void call.write(Buffer.from('first'));
    });
    await stage().serve({ Hold: hold });
    const connection = await stage().raw();
    const id = connection.open(path('Hold'), [['grpc-timeout', '300m']]);
    const { status, messages } = await connection.over(id);
    expect([status, messages.map(String)]).toEqual([DEADLINE_EXCEEDED, ['first']]);
    await until(() => cancelled === 1);
  });

  it('does not tell a method of a deadline after its answer', async () => {
    let told = 0;
    const quick = unary((call) => (call.onCancel(() => told++), call.answer(Buffer.alloc(0))));
    const { cancelled } = await held();
    stage().server.addMethods('contract.Quick', { Quick: quick });
    const connection = await stage().raw();
    const soon = [['grpc-timeout', '60m']] as const;
    expect((await connection.call('/contract.Quick/Quick', Buffer.alloc(0), soon)).status).toBe(0);
    // This deadline passes after that of the call before.
    await connection.call(path('Hold'), Buffer.alloc(0), soon);
    await until(() => cancelled[0] === 1);
    expect(told).toBe(0);
  });

  it('tells a method that its caller cancelled, and drops its answer', async () => {
    const { calls, cancelled } = await held();
    const caller = stage().grpc();
    const { outcome, cancel } = caller.cancellable(path('Hold'), Buffer.alloc(0));
    await until(() => calls.length === 1);
    expect(calls[0]!.cancelled).toBe(false);
    cancel();
    expect((await outcome).code).toBe(1);
    await until(() => cancelled[0] === 1);
    expect(calls[0]!.cancelled).toBe(true);
    calls[0]!.answer(Buffer.from('late'));
    calls[0]!.fail({ code: 13, message: 'late' });
    expect((await caller.unary(path('Echo'), Buffer.from('next'))).answer?.toString()).toBe('next');
    expect(cancelled).toEqual([1]);
  });

  it('calls at once what is registered after the cancellation, and all that were before', async () => {
    const { calls, cancelled } = await held();
    const connection = await stage().raw();
    const id = connection.open(path('Hold'));
    connection.send(data(id, grpcMessage(Buffer.alloc(0)), Flag.END_STREAM));
    await until(() => calls.length === 1);
    const told: string[] = [];
    calls[0]!.onCancel(() => told.push('second'));
    calls[0]!.onCancel(() => told.push('third'));
    connection.send(resetStream(id));
    await until(() => cancelled[0] === 1);
    calls[0]!.onCancel(() => told.push('late'));
    expect(told).toEqual(['second', 'third', 'late']);
  });

  it.each([ErrorCode.NO_ERROR, ErrorCode.INTERNAL_ERROR, ErrorCode.CANCEL, 0x77])(
    'takes a reset with code %i for a cancellation',
    async (code) => {
      const { calls, cancelled } = await held();
      const connection = await stage().raw();
      const id = connection.open(path('Hold'));
      connection.send(data(id, grpcMessage(Buffer.alloc(0)), Flag.END_STREAM));
      await until(() => calls.length === 1);
      connection.send(resetStream(id, code));
      await until(() => cancelled[0] === 1);
      expect((await connection.call(path('Echo'), Buffer.from('x'))).status).toBe(0);
    },
  );

  it('tells every method of a connection that is gone', async () => {
    const { calls, cancelled } = await held();
    const connection = await stage().raw();
    for (let i = 0; i < 20; i++) {
      const id = connection.open(path('Hold'));
      connection.send(data(id, grpcMessage(Buffer.alloc(0)), Flag.END_STREAM));
    }
    await until(() => calls.length === 20);
    connection.destroy();
    await until(() => cancelled.every((count) => count === 1));
    for (const call of calls) call.answer(Buffer.from('late'));
    expect((await stage().grpc().unary(path('Echo'))).code).toBe(0);
  });

  it('does not tell a method of a caller that goes after the answer', async () => {
    let told = 0;
    let last: RpcCall | undefined;
    const quick = unary((call) => {
      last = call;
      call.onCancel(() => told++);
      call.answer(Buffer.alloc(0));
    });
    await stage().serve({ Quick: quick });
    for (let i = 0; i < 5; i++) {
      const connection = await stage().raw();
      await connection.call(path('Quick'), Buffer.alloc(0));
      connection.destroy();
    }
    for (let turns = 0; turns < 50; turns++) await turn();
    expect([told, last!.cancelled]).toEqual([0, false]);
  });
}
