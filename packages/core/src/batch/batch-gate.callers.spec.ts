import { describe, expect, it } from 'vitest';
import { ManualClock } from '@witan-libs/testing';
import { Frame } from '../frame/frame.js';
import { type Batch, BatchGate, type BatchItem, type BatchOptions } from './batch-gate.js';

function frameOf(...values: number[]): Frame {
  return Frame.fromColumns({ x: Float64Array.from(values) });
}

/** A gate over a runner that answers when told to, and never by itself. */
function gateOf(options: BatchOptions = {}) {
  const clock = new ManualClock();
  const seen: { batch: Batch; values: number[]; answer: () => Promise<void>; fail: (error: Error) => Promise<void> }[] =
    [];
  const gate = new BatchGate(
    (batch) => {
      const { frame } = batch;
      return new Promise<Frame>((resolve, reject) => {
        const values = Array.from(frame.column('x').data as Float64Array);
        seen.push({
          batch,
          values,
          answer: () => (resolve(frame), later()),
          fail: (error) => (reject(error), later()),
        });
      });
    },
    options,
    { clock, name: 'iris' },
  );
  const later = async (): Promise<void> => {
    for (let i = 0; i < 6; i++) await Promise.resolve();
    clock.endTurn();
  };
  const outcomes: Record<number, string> = {};
  /** One request of `rows` rows, told apart by its first value. */
  const submit = (id: number, item: Partial<BatchItem> = {}, rows = 1): void => {
    gate.submit({ frame: frameOf(...new Array<number>(rows).fill(id)), ...item }).then(
      () => (outcomes[id] = 'ok'),
      (error: { code: string }) => (outcomes[id] = error.code),
    );
  };
  const ids = (): number[][] => seen.map(({ values }) => [...new Set(values)]);
  return { clock, gate, seen, submit, outcomes, later, ids };
}

function callerOf(state: { aborted?: boolean; deadline?: number; signal?: AbortSignal } = {}) {
  return { aborted: false, deadline: undefined, priority: 0, ...state };
}

describe('callers that go away', () => {
  it('answers CANCELLED at once when the signal fires, waiting or in flight, and never runs what waited', async () => {
    const { clock, gate, seen, submit, outcomes, later, ids } = gateOf();
    const [flying, waiting] = [new AbortController(), new AbortController()];
    submit(1, { signal: flying.signal });
    clock.endTurn();
    submit(2, { signal: waiting.signal });
    submit(3);
    flying.abort();
    waiting.abort();
    await later();
    expect(outcomes).toEqual({ 1: 'CORE_ERR_CANCELLED', 2: 'CORE_ERR_CANCELLED' });
    expect(gate.stats()).toMatchObject({ queuedRows: 1, cancelled: 2 });
    await seen[0]!.answer();
    expect(ids()).toEqual([[1], [3]]);
  });

  it('drops a caller without a signal when its batch is formed', async () => {
    const { clock, seen, submit, outcomes, later, ids } = gateOf();
    const caller = callerOf();
    submit(1);
    clock.endTurn();
    submit(2, { caller });
    submit(3);
    caller.aborted = true;
    await seen[0]!.answer();
    await later();
    expect(ids()).toEqual([[1], [3]]);
    expect(outcomes[2]).toBe('CORE_ERR_CANCELLED');
  });

  it('does not take in who is gone already', async () => {
    const { clock, seen, submit, outcomes, later } = gateOf();
    submit(1, { signal: AbortSignal.abort() });
    submit(2, { caller: callerOf({ aborted: true }) });
    clock.endTurn();
    await later();
    expect(outcomes).toEqual({ 1: 'CORE_ERR_CANCELLED', 2: 'CORE_ERR_CANCELLED' });
    expect(seen).toHaveLength(0);
  });

  it('leaves no listener on a signal whose request is answered', async () => {
    const { clock, seen, submit } = gateOf();
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...given: Parameters<typeof add>) => (listeners++, add(...given));
    signal.removeEventListener = (...given: Parameters<typeof remove>) => (listeners--, remove(...given));
    submit(1, { signal });
    clock.endTurn();
    expect(seen[0]!.batch.signal.aborted).toBe(false);
    expect(listeners).toBe(2);
    await seen[0]!.answer();
    expect(listeners).toBe(0);
  });

  it('tells the run by the signal of the batch when all of its callers are gone', () => {
    const { clock, seen, submit } = gateOf();
    const [first, second] = [new AbortController(), new AbortController()];
    submit(1, { signal: first.signal });
    submit(2, { caller: callerOf({ signal: second.signal }) });
    clock.endTurn();
    const { signal } = seen[0]!.batch;
    second.abort();
    expect(signal.aborted).toBe(false);
    first.abort();
    expect(signal.aborted).toBe(true);
  });
});

describe('deadlines', () => {
  it('answers DEADLINE_EXCEEDED when one passes, waiting or in flight, although the runner hangs', async () => {
    const { clock, gate, submit, outcomes, later, seen } = gateOf();
    submit(1, { deadline: 30 });
    clock.endTurn();
    submit(2, { deadline: 20 });
    submit(3, { caller: callerOf({ deadline: 10 }) });
    submit(4);
    clock.advance(9);
    await later();
    expect(outcomes).toEqual({});
    clock.advance(1);
    await later();
    expect(outcomes).toEqual({ 3: 'CORE_ERR_DEADLINE' });
    clock.advance(20);
    await later();
    expect(outcomes).toEqual({ 1: 'CORE_ERR_DEADLINE', 2: 'CORE_ERR_DEADLINE', 3: 'CORE_ERR_DEADLINE' });
    expect(gate.stats()).toMatchObject({ expired: 3, queuedRequests: 1 });
    expect(seen).toHaveLength(1);
  });

  it('does not take in what has expired', async () => {
    const { clock, seen, submit, outcomes, later } = gateOf();
    clock.advance(5);
    submit(1, { deadline: 5 });
    clock.endTurn();
    await later();
    expect(outcomes).toEqual({ 1: 'CORE_ERR_DEADLINE' });
    expect(seen).toHaveLength(0);
  });

  it('refuses at once what by prediction would be answered too late, and says so', async () => {
    const { clock, gate, submit } = gateOf({ maxRows: 4 });
    for (const rows of [1, 4]) gate.seedCost(rows, 10 + rows);
    submit(1, {}, 4);
    clock.endTurn();
    clock.advance(4);
    submit(2, { deadline: 4 + 30 }, 4);
    // 10 ms until the runner is free, 14 for the four rows ahead, 11 for its own.
    await expect(gate.submit({ frame: frameOf(3), deadline: 4 + 34 })).rejects.toThrow(
      'the predicted wait of 35 ms behind 4 rows passes the deadline in 34 ms',
    );
    expect(gate.stats().refusedLate).toBe(1);
    submit(4, { deadline: 4 + 36 });
    expect(gate.stats().queuedRequests).toBe(2);
  });

  it('counts only what goes before: a higher priority is not refused for what it passes', () => {
    const { clock, gate, submit } = gateOf({ maxRows: 4 });
    for (const rows of [1, 4]) gate.seedCost(rows, 10 + rows);
    submit(1, {}, 4);
    clock.endTurn();
    submit(2, {}, 4);
    submit(3, { deadline: 30, priority: 5 });
    expect(gate.stats()).toMatchObject({ refusedLate: 0, queuedRequests: 2 });
  });

  it('always takes what a free runner can start now, so that a wrong prediction corrects itself', () => {
    const { clock, gate, submit, ids } = gateOf();
    gate.seedCost(1, 10_000);
    submit(1, { deadline: 50 });
    clock.endTurn();
    expect(ids()).toEqual([[1]]);
  });

  it('does not grow a batch past the earliest deadline that it can still meet', async () => {
    const { clock, gate, submit, seen } = gateOf();
    for (const rows of [1, 64]) gate.seedCost(rows, 10 + rows);
    submit(1, {}, 3);
    clock.endTurn();
    submit(2, { deadline: 13 + 15 }, 4);
    submit(3, {}, 4);
    clock.advance(13);
    await seen[0]!.answer();
    expect(seen[1]!.batch).toMatchObject({ rows: 4, closedBy: 'deadline' });
  });
});

describe('a bounded queue', () => {
  it('answers RESOURCE_EXHAUSTED at once when full, with a retry hint', async () => {
    const { clock, gate, submit } = gateOf({ maxRows: 2, maxQueueRows: 4 });
    for (const rows of [1, 2]) gate.seedCost(rows, 10 + rows);
    submit(1, {}, 2);
    clock.endTurn();
    submit(2, {}, 2);
    submit(3);
    const error: unknown = await gate.submit({ frame: frameOf(1, 2) }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'CORE_ERR_BATCH_QUEUE_FULL',
      category: 'RESOURCE_EXHAUSTED',
      message: "'iris' has 3 rows waiting; 2 more would pass the limit of 4: retry later",
    });
    expect((error as { retryAfterMs: number }).retryAfterMs).toBeGreaterThanOrEqual(12);
    submit(4);
    expect(gate.stats()).toMatchObject({ refusedFull: 1, queuedRows: 4 });
  });

  it('takes a request larger than the limit when nothing else waits', () => {
    const { gate, submit } = gateOf({ maxRows: 2, maxQueueRows: 4 });
    submit(1, {}, 9);
    expect(gate.stats().queuedRows).toBe(9);
  });

  it('bounds requests without rows too', async () => {
    const { clock, gate, submit } = gateOf({ maxRows: 1, maxQueueRows: 3 });
    submit(1);
    clock.endTurn();
    for (let i = 2; i < 5; i++) submit(i, {}, 0);
    await expect(gate.submit({ frame: frameOf() })).rejects.toMatchObject({ code: 'CORE_ERR_BATCH_QUEUE_FULL' });
  });

  it('makes room by dropping callers that are gone before it refuses', async () => {
    const { clock, gate, submit, outcomes, later } = gateOf({ maxRows: 1, maxQueueRows: 2 });
    const caller = callerOf();
    submit(1);
    clock.endTurn();
    submit(2, { caller });
    submit(3);
    caller.aborted = true;
    submit(4);
    await later();
    expect(outcomes).toEqual({ 2: 'CORE_ERR_CANCELLED' });
    expect(gate.stats().queuedRequests).toBe(2);
  });
});

describe('shutting down', () => {
  it('drains: refuses the new, answers what is there, then says so', async () => {
    const { clock, gate, seen, submit, outcomes, later } = gateOf({ maxRows: 1 });
    submit(1);
    clock.endTurn();
    submit(2);
    let drained: boolean | undefined;
    void gate.drain(1000).then((all) => (drained = all));
    submit(3);
    await later();
    expect(outcomes).toEqual({ 3: 'CORE_ERR_BATCH_CLOSED' });
    await seen[0]!.answer();
    expect([drained, seen.length]).toEqual([undefined, 2]);
    await seen[1]!.answer();
    expect(drained).toBe(true);
    expect(outcomes).toEqual({ 1: 'ok', 2: 'ok', 3: 'CORE_ERR_BATCH_CLOSED' });
  });

  it('drains without waiting for maxDelayMs', async () => {
    const { clock, gate, submit, seen } = gateOf({ maxDelayMs: 60_000 });
    submit(1);
    clock.endTurn();
    void gate.drain();
    expect(seen[0]!.batch.closedBy).toBe('drain');
  });

  it('is drained at once when nothing is there', async () => {
    expect(await gateOf().gate.drain()).toBe(true);
  });

  it('never hangs: what a hanging run holds is answered when the time to drain is over', async () => {
    const { clock, gate, submit, outcomes, later } = gateOf({ maxRows: 1 });
    submit(1);
    submit(2);
    clock.endTurn();
    let drained: boolean | undefined;
    void gate.drain(500).then((all) => (drained = all));
    clock.advance(499);
    await later();
    expect(drained).toBeUndefined();
    clock.advance(1);
    await later();
    expect(drained).toBe(false);
    expect(outcomes).toEqual({ 1: 'CORE_ERR_BATCH_CLOSED', 2: 'CORE_ERR_BATCH_CLOSED' });
  });

  it('does not run the halves of a batch that fails after the time to drain', async () => {
    const { clock, gate, submit, seen } = gateOf();
    submit(1);
    submit(2);
    clock.endTurn();
    void gate.drain(500);
    clock.advance(500);
    await seen[0]!.fail(new Error('late'));
    expect(seen).toHaveLength(1);
  });

  it('runs the halves of a batch that fails while it drains', async () => {
    const { clock, gate, submit, seen, outcomes } = gateOf();
    submit(1);
    submit(2);
    clock.endTurn();
    const drained = gate.drain(500);
    await seen[0]!.fail(new Error('poisoned'));
    await seen[1]!.answer();
    await seen[2]!.fail(new Error('poisoned'));
    expect(await drained).toBe(true);
    expect(outcomes[1]).toBe('ok');
    expect(2 in outcomes).toBe(true);
  });

  it('closes: refuses what waits with the error given, and lets what is in flight be answered', async () => {
    const { clock, gate, seen, submit, outcomes, later } = gateOf({ maxRows: 1 });
    submit(1);
    clock.endTurn();
    submit(2);
    gate.close(Object.assign(new Error('replaced'), { code: 'REPLACED' }));
    submit(3);
    await later();
    expect(outcomes).toEqual({ 2: 'REPLACED', 3: 'REPLACED' });
    await seen[0]!.answer();
    expect(outcomes[1]).toBe('ok');
    expect(seen).toHaveLength(1);
  });
});
