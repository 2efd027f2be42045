import { ManualClock } from '@witan-libs/testing';
import { describe, expect, it } from 'vitest';
import { ExportQueue, type ItemExporter } from './export-queue.js';

type Done = Parameters<ItemExporter<number>['export']>[1];

function queueOn(clock: ManualClock, exporter?: ItemExporter<number>['export']) {
  const exports: { items: number[]; done: Done }[] = [];
  const errors: unknown[] = [];
  const options = { maxItems: 5, maxBatch: 2, delayMs: 100, timeoutMs: 1000 };
  const queue = new ExportQueue<number>(
    { export: exporter ?? ((items, done) => void exports.push({ items, done })) },
    options,
    clock,
    (error) => errors.push(error),
  );
  return { queue, exports, errors };
}

/** Lets promises that are ready go on. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a queue of exports', () => {
  it('sends when a batch is full, or after its delay', () => {
    const clock = new ManualClock();
    const { queue, exports } = queueOn(clock);
    queue.add(1);
    clock.advance(99);
    expect(exports).toHaveLength(0);
    clock.advance(1);
    expect(exports.map(({ items }) => items)).toEqual([[1]]);
  });

  it('has one export under way, is bounded meanwhile, and counts what it drops', async () => {
    const clock = new ManualClock();
    const { queue, exports } = queueOn(clock);
    for (let i = 0; i < 20; i++) queue.add(i);
    expect(exports.map(({ items }) => items)).toEqual([[0, 1]]);
    expect(queue.waiting).toBe(5);
    expect(queue.counts).toEqual({ sent: 0, dropped: 13, failed: 0 });
    exports[0]!.done({ code: 0 });
    await settle();
    expect(exports.map(({ items }) => items)).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(queue.counts.sent).toBe(2);
  });

  it('goes on after an export that fails, throws, or never ends', async () => {
    const clock = new ManualClock();
    let call = 0;
    const { queue, errors } = queueOn(clock, (_, done) => {
      call++;
      if (call === 1) done({ code: 1, error: new Error('refused') });
      if (call === 2) throw new Error('thrown');
      if (call === 4) done({ code: 0 });
    });
    for (let i = 0; i < 5; i++) queue.add(i);
    for (let i = 0; i < 3; i++) {
      await settle();
      clock.advance(1000);
    }
    await settle();
    queue.add(9);
    clock.advance(100);
    await settle();
    expect(errors.map(String)).toEqual(['Error: refused', 'Error: thrown', 'Error: no answer in 1000 ms']);
    expect(queue.counts).toEqual({ sent: 1, dropped: 0, failed: 5 });
  });

  it('does not count an answer that comes after its time', async () => {
    const clock = new ManualClock();
    const { queue, exports } = queueOn(clock);
    queue.add(1);
    clock.advance(100);
    clock.advance(1000);
    exports[0]!.done({ code: 0 });
    await settle();
    expect(queue.counts).toEqual({ sent: 0, dropped: 0, failed: 1 });
  });

  it('ends within its limit, and counts what is left as dropped', async () => {
    const clock = new ManualClock();
    const { queue } = queueOn(clock);
    for (let i = 0; i < 5; i++) queue.add(i);
    const closing = queue.close(500);
    await settle();
    clock.advance(500);
    await closing;
    queue.add(6);
    expect(queue.waiting).toBe(0);
    expect(queue.counts).toEqual({ sent: 0, dropped: 4, failed: 0 });
  });

  it('sends all there is when it is flushed', async () => {
    const { queue } = queueOn(new ManualClock(), (_, done) => done({ code: 0 }));
    for (let i = 0; i < 5; i++) queue.add(i);
    await queue.flush(1000);
    expect(queue.counts.sent).toBe(5);
  });
});
