import { channel } from 'node:diagnostics_channel';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '@witan-libs/testing';
import { Frame } from '../frame/frame.js';
import { type Batch, BatchGate, type BatchItem, type BatchOptions } from './batch-gate.js';

function frameOf(...values: number[]): Frame {
  return Frame.fromColumns({ x: Float64Array.from(values) });
}

function valuesOf(frame: Frame): number[] {
  return Array.from(frame.column('x').data as Float64Array);
}

const count = (rows: number, from = 0): number[] => Array.from({ length: rows }, (_, i) => from + i);

/** A gate over a runner that answers what it was given: at once, or when told to. */
function gateOf(options: BatchOptions = {}, mode: 'sync' | 'async' = 'sync') {
  const clock = new ManualClock();
  const seen: Batch[] = [];
  const pending: (() => void)[] = [];
  const run = (batch: Batch): Frame | Promise<Frame> => {
    seen.push(batch);
    const answer = batch.frame;
    return mode === 'sync' ? answer : new Promise((resolve) => pending.push(() => resolve(answer)));
  };
  const gate = new BatchGate(run, options, { clock, name: 'iris' });
  const submit = (values: number[], item: Partial<BatchItem> = {}): Promise<number[]> =>
    gate.submit({ frame: frameOf(...values), ...item }).then(valuesOf);
  /** Answers the oldest batch in flight and lets what hangs on it run. */
  const finish = async (): Promise<void> => {
    pending.shift()!();
    for (let i = 0; i < 6; i++) await Promise.resolve();
    clock.endTurn();
  };
  const rows = (): number[][] => seen.map((batch) => valuesOf(batch.frame));
  return { clock, gate, seen, submit, finish, rows };
}

describe('BatchGate', () => {
  it('joins what arrives in one turn and answers each request its own rows', async () => {
    const { clock, submit, rows } = gateOf();
    const answers = [submit([1, 2]), submit([3])];
    clock.endTurn();
    expect(await Promise.all(answers)).toEqual([[1, 2], [3]]);
    expect(rows()).toEqual([[1, 2, 3]]);
  });

  it('makes the next batch of what arrives while the runner is busy', async () => {
    const { clock, submit, finish, rows, seen } = gateOf({}, 'async');
    const first = submit([1]);
    clock.endTurn();
    const others = [submit([2]), submit([3])];
    clock.advance(100);
    expect(rows()).toEqual([[1]]);
    await finish();
    expect(await first).toEqual([1]);
    expect(rows()).toEqual([[1], [2, 3]]);
    expect(seen[1]!.waitMs).toBe(100);
    await finish();
    expect(await Promise.all(others)).toEqual([[2], [3]]);
  });

  it('runs as many batches at once as it has runners', async () => {
    const { clock, submit, rows, gate } = gateOf({ maxRows: 2, concurrency: 2 }, 'async');
    for (let i = 0; i < 6; i++) void submit([i]);
    clock.endTurn();
    expect(rows()).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(gate.stats()).toMatchObject({ inFlight: 2, inFlightRows: 4, queuedRows: 2, queuedRequests: 2 });
  });

  it('hands a lone request over without copying', async () => {
    const { clock, gate, seen } = gateOf();
    const frame = frameOf(1, 2);
    const answer = gate.submit({ frame });
    clock.endTurn();
    expect(seen[0]!.frame.column('x')).toBe(frame.column('x'));
    expect((await answer).column('x')).toBe(frame.column('x'));
  });

  it('counts rows, not requests, and does not cut a request that fits a batch of its own', async () => {
    const { clock, submit, rows, seen } = gateOf({ maxRows: 4 });
    const answers = [submit([1, 2, 3]), submit([4, 5]), submit([6])];
    clock.endTurn();
    expect(rows()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(seen[0]!.closedBy).toBe('full');
    expect(await Promise.all(answers)).toEqual([[1, 2, 3], [4, 5], [6]]);
  });

  it('splits a request that is larger than a batch and puts it together in order', async () => {
    const { clock, submit, seen } = gateOf({ maxRows: 4, concurrency: 2 }, 'sync');
    const answers = [submit([100]), submit(count(10))];
    clock.endTurn();
    expect(await Promise.all(answers)).toEqual([[100], count(10)]);
    expect(seen.map((batch) => batch.rows)).toEqual([4, 4, 3]);
  });

  it('puts a split request together although its parts are answered out of order', async () => {
    const clock = new ManualClock();
    const pending: (() => void)[] = [];
    const gate = new BatchGate(
      (batch) => new Promise<Frame>((resolve) => pending.push(() => resolve(batch.frame))),
      { maxRows: 2, concurrency: 3 },
      { clock },
    );
    const answer = gate.submit({ frame: frameOf(...count(5)) });
    clock.endTurn();
    for (const answerPart of pending.reverse()) answerPart();
    expect(valuesOf(await answer)).toEqual(count(5));
  });

  it('lets small requests in between the parts of a large one', async () => {
    const { clock, submit, finish, rows } = gateOf({ maxRows: 2 }, 'async');
    void submit(count(6));
    clock.endTurn();
    clock.advance(1);
    void submit([100]);
    await finish();
    await finish();
    expect(rows()).toEqual([
      [0, 1],
      [2, 3],
      [100, 4],
    ]);
  });

  it('runs requests without rows apart, and answers them what the run answers', async () => {
    const { clock, submit, seen } = gateOf();
    const answers = [submit([]), submit([1]), submit([])];
    clock.endTurn();
    expect(await Promise.all(answers)).toEqual([[], [1], []]);
    expect(seen.map((batch) => batch.rows).sort()).toEqual([0, 1]);
  });

  it('never joins requests of different keys or layouts', async () => {
    const { clock, gate, submit, seen } = gateOf();
    const wide = Frame.fromColumns({ x: Float64Array.of(1), y: Float64Array.of(2) });
    const narrow = Frame.fromColumns({ x: Float32Array.of(1) });
    const answers = [
      submit([1]),
      submit([2], { key: 'b' }),
      gate.submit({ frame: wide }),
      gate.submit({ frame: narrow }),
      submit([3]),
    ];
    clock.endTurn();
    await Promise.all(answers);
    expect(seen.map((batch) => batch.items.length).sort()).toEqual([1, 1, 1, 2]);
    expect(seen.map((batch) => batch.closedBy)).toEqual(['shape', 'shape', 'shape', 'idle']);
  });

  it('serves keys in the order of their oldest requests', async () => {
    const { clock, submit, finish, rows } = gateOf({ maxRows: 2 }, 'async');
    void submit([0], { key: 'a' });
    clock.endTurn();
    for (let i = 1; i < 4; i++) {
      void submit([i], { key: 'a' });
      clock.advance(1);
    }
    void submit([10], { key: 'b' });
    clock.advance(1);
    for (let i = 4; i < 8; i++) void submit([i], { key: 'a' });
    for (let i = 0; i < 4; i++) await finish();
    expect(rows().slice(1, 4)).toEqual([[1, 2], [3, 4], [10]]);
  });

  it('lets higher priorities go first, then earlier deadlines, then earlier arrivals', async () => {
    const { clock, submit, finish, rows } = gateOf({ maxRows: 1 }, 'async');
    void submit([0]);
    clock.endTurn();
    void submit([4], { priority: 0 });
    void submit([6], { priority: -3 });
    void submit([3], { deadline: 900 });
    void submit([2], { deadline: 500 });
    void submit([1], { caller: { aborted: false, deadline: undefined, priority: 10 } });
    void submit([5], { priority: Number.NaN });
    for (let i = 0; i < 7; i++) await finish();
    expect(rows().flat()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('lets a low priority pass a high one that arrived a second a level later', async () => {
    const { clock, submit, finish, rows } = gateOf({ maxRows: 1 }, 'async');
    void submit([0]);
    clock.endTurn();
    void submit([1], { priority: 0 });
    clock.advance(2001);
    void submit([2], { priority: 2 });
    await finish();
    expect(rows()).toEqual([[0], [1]]);
  });

  it('sends what another gate formed at once, and marks what it forms itself', () => {
    const { gate, seen } = gateOf({ maxDelayMs: 50 });
    void gate.submit({ frame: frameOf(1), immediate: true });
    expect(seen[0]!.closedBy).toBe('immediate');
    expect(seen[0]!.frame.origin).toBe('gate');
  });

  it('gives answers that count as one request again', async () => {
    const { clock, gate } = gateOf();
    const answer = gate.submit({ frame: frameOf(1) });
    clock.endTurn();
    expect((await answer).origin).toBeUndefined();
  });

  it('holds back for maxDelayMs from the oldest request on, unless full', async () => {
    const { clock, submit, seen } = gateOf({ maxDelayMs: 5, maxRows: 3 });
    void submit([1]);
    clock.advance(4);
    void submit([2]);
    clock.advance(0.9);
    expect(seen).toHaveLength(0);
    clock.advance(0.1);
    expect(seen[0]).toMatchObject({ rows: 2, closedBy: 'delay' });
    for (let i = 0; i < 3; i++) void submit([i]);
    clock.endTurn();
    expect(seen[1]).toMatchObject({ rows: 3, closedBy: 'full' });
  });

  it('sends a full batch to a free runner before the turn ends', async () => {
    const { clock, submit, finish, seen } = gateOf({ maxRows: 2 }, 'async');
    void submit([0]);
    clock.endTurn();
    await finish();
    void submit([1]);
    expect(seen).toHaveLength(1);
    void submit([2]);
    expect(seen).toHaveLength(2);
  });

  it.each([
    ['on its thread', (frame: Frame) => frame, 1],
    ['on its thread behind a promise', (frame: Frame) => Promise.resolve(frame), 2],
  ])('lets the event loop breathe between batches that run %s', async (_, answerOf, mostATurn) => {
    const turns: (() => void)[] = [];
    const clock = Object.assign(new ManualClock(), { nextTurn: (fn: () => void) => void turns.push(fn) });
    let runs = 0;
    const gate = new BatchGate((batch) => (runs++, answerOf(batch.frame)), { maxRows: 1 }, { clock });
    const answers = Array.from({ length: 10 }, (_each, i) => gate.submit({ frame: frameOf(i) }));
    for (let before = 0; runs < 10; before = runs) {
      turns.shift()!();
      for (let i = 0; i < 50; i++) await Promise.resolve();
      expect(runs - before).toBeLessThanOrEqual(mostATurn);
    }
    expect((await Promise.all(answers)).flatMap(valuesOf)).toEqual(count(10));
  });

  it('takes new limits while it runs, and keeps the old ones when a new one is wrong', async () => {
    const { clock, gate, submit, finish, seen } = gateOf({ maxRows: 1 }, 'async');
    for (let i = 0; i < 7; i++) void submit([i]);
    clock.endTurn();
    gate.configure({ maxRows: 4 });
    await finish();
    expect(seen[1]!.rows).toBe(4);
    gate.configure({ concurrency: 2 });
    clock.endTurn();
    expect(seen[2]!.rows).toBe(2);
    expect(() => gate.configure({ maxRows: 0 })).toThrow(/batch.maxRows is 0: it must be a whole number from 1 on/);
    expect(gate.options).toMatchObject({ maxRows: 4, concurrency: 2, maxQueueRows: 256 });
  });

  it.each([
    [{ maxRows: 1.5 }, 'maxRows'],
    [{ maxDelayMs: -1 }, 'maxDelayMs'],
    [{ maxDelayMs: Number.NaN }, 'maxDelayMs'],
    [{ maxQueueRows: 0 }, 'maxQueueRows'],
    [{ concurrency: Infinity }, 'concurrency'],
    [{ coalesce: 'always' as 'auto' }, 'coalesce'],
  ])('refuses the options %o', (options, name) => {
    expect(() => new BatchGate((batch) => batch.frame, options)).toThrow(new RegExp(`batch.${name} is`));
  });

  it('says what it did', async () => {
    const { clock, gate, submit } = gateOf({ maxRows: 2 });
    const answers = [submit([1]), submit([2]), submit([3])];
    clock.endTurn();
    await Promise.all(answers);
    expect(gate.stats()).toMatchObject({
      batches: 2,
      rows: 3,
      requests: 3,
      closedBy: { full: 1, idle: 1 },
      failures: 0,
      queuedRequests: 0,
      inFlight: 0,
    });
  });

  it('publishes each run on witan.batch while somebody listens', async () => {
    const events: unknown[] = [];
    const listen = (event: unknown): void => void events.push(event);
    channel('witan.batch').subscribe(listen);
    const { clock, submit, finish, gate } = gateOf({}, 'async');
    gate.seedCost(1, 4);
    void submit([1]);
    clock.endTurn();
    void submit([2, 3], { key: 'k' });
    clock.advance(7);
    await finish();
    clock.advance(3);
    await finish();
    channel('witan.batch').unsubscribe(listen);
    expect(events).toMatchObject([
      { name: 'iris', rows: 1, requests: 1, closedBy: 'idle', waitMs: 0, runMs: 7, predictedMs: 4, error: undefined },
      { name: 'iris', rows: 2, requests: 1, closedBy: 'idle', waitMs: 7, runMs: 3 },
    ]);
  });
});
