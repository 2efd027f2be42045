import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '@witan-libs/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { keepingOf } from '../module/keeping-of.js';
import type { BestEffortOptions } from '../module/sinks-options.js';
import { poisonError } from '../sink/poison.js';
import { readDeadLetters } from './dead-letters.js';
import type { Keeping } from './keeping.js';
import { MemorySink, recordOf, settle, until } from './memory-sink.spec.support.js';

let clock: ManualClock;
let sink: MemorySink;
beforeEach(() => {
  clock = new ManualClock({ turns: 'event-loop' });
  sink = new MemorySink();
});

function made(options: Partial<BestEffortOptions> = {}, random = () => 0.5): Keeping {
  return keepingOf('s', { to: sink, ...options }, { clock, random });
}
const keep = (keeping: Keeping, ...ids: string[]) => ids.map((id) => keeping.keep(recordOf(id)));
/** Time goes on until nothing more happens. */
async function pass(ms: number): Promise<void> {
  for (let step = 0; step < 10; step++) {
    clock.advance(ms / 10);
    await settle();
  }
}

describe('a best-effort sink', () => {
  it('delivers in batches, after the answer: when a batch is full, or its first record has waited', async () => {
    const keeping = made({ batchRecords: 3, batchMs: 100 });
    expect(keep(keeping, 'a', 'b', 'c', 'd')).toEqual([undefined, undefined, undefined, undefined]);
    expect(sink.records).toEqual([]);
    await until(() => sink.records.length === 4);
    keep(keeping, 'e');
    await settle();
    expect(sink.records.length).toBe(4);
    await pass(100);
    expect(sink.ids).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(keeping.stats).toMatchObject({ delivered: 5, queued: 0, dropped: 0 });
  });

  it('drops the oldest when the destination is away, by number and by size, and counts each', async () => {
    sink.behave = () => new Promise(() => {});
    const few = made({ maxRecords: 4, batchRecords: 1 });
    keep(few, 'a');
    await settle();
    keep(few, 'b', 'c', 'd', 'e', 'f', 'g');
    expect(few.stats).toMatchObject({ queued: 5, dropped: 2 });
    const small = made({ maxBytes: 5_000, batchRecords: 100 });
    for (let i = 0; i < 50; i++) small.keep(recordOf(`r${i}`, { size: 400 }));
    expect(small.stats.queued).toBeLessThan(12);
    expect(small.stats.queued + small.stats.dropped).toBe(50);
    sink.behave = () => {};
    await small.close(1_000);
    expect(sink.ids.at(-1)).toBe('r49');
  });

  it('tries again with waits that double and differ, then gives the batch up', async () => {
    const tries: number[] = [];
    sink.behave = () => {
      tries.push(clock.now());
      throw new Error('down');
    };
    const random = [0, 0.5, 0.9];
    const keeping = made(
      { batchRecords: 1, attempts: 4, retry: { firstMs: 100, maxMs: 300 } },
      () => random.shift() ?? 0,
    );
    keep(keeping, 'a');
    await settle();
    for (let ms = 0; ms < 1_000; ms += 5) {
      clock.advance(5);
      await settle();
    }
    expect(tries).toEqual([0, 50, 200, 485]);
    expect(keeping.stats).toMatchObject({ retried: 3, dropped: 1, queued: 0, lastError: 'down' });
    sink.behave = () => {};
    keep(keeping, 'b');
    await until(() => sink.ids.includes('b'));
    expect(keeping.stats.lastError).toBeUndefined();
  });

  it('goes on after a destination that never answers, and takes no answer that comes after the end', async () => {
    let answer = (): void => {};
    let signalled = false;
    sink.behave = (_batch, signal) => {
      signal.addEventListener('abort', () => (signalled = true));
      return new Promise((resolve) => (answer = resolve));
    };
    const keeping = made({ batchRecords: 1, timeoutMs: 500, attempts: 2, retry: { firstMs: 10 } });
    keep(keeping, 'a');
    await settle();
    await pass(500);
    expect([signalled, keeping.stats.retried]).toEqual([true, 1]);
    await pass(10);
    const closing = keeping.close(50);
    await settle();
    await pass(50);
    await closing;
    expect(keeping.stats).toMatchObject({ dropped: 1, delivered: 0, queued: 0 });
    answer();
    await settle();
    keep(keeping, 'late');
    expect(keeping.stats).toMatchObject({ dropped: 2, delivered: 0 });
    expect(sink.closed).toBe(1);
  });

  it('finds the records that can never be written, named or not, and delivers all others', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'witan-dead-'));
    const file = join(folder, 'deep', 'dead.ndjson');
    sink.behave = (batch) => {
      const bad = batch.filter(({ id }) => id.startsWith('bad')).map(({ id }) => id);
      if (bad.includes('bad-named')) throw poisonError('named', ['bad-named']);
      if (bad.length > 0) throw poisonError('somewhere');
    };
    const keeping = made({ deadLetterFile: file });
    keep(keeping, 'a', 'bad1', 'b', 'c', 'bad-named', 'd', 'bad2');
    await keeping.close(1_000);
    expect(sink.ids).toEqual(['a', 'b', 'c', 'd']);
    expect(keeping.stats).toMatchObject({ delivered: 4, dead: 3, dropped: 0, queued: 0 });
    const letters = await readDeadLetters(file);
    expect(letters.map(({ reason, record }) => [record.id, reason]).sort()).toEqual([
      ['bad-named', 'named'],
      ['bad1', 'somewhere'],
      ['bad2', 'somewhere'],
    ]);
    expect(letters[0]!.record.input!.records()).toEqual([{ key: 'bad-named', text: 'x' }]);
    await rm(folder, { recursive: true });
  });

  it('keeps the order of each key with several writers', async () => {
    const keeping = made({ writers: 4, key: { column: 'key' }, batchRecords: 3 });
    sink.behave = () => new Promise((resolve) => setImmediate(resolve));
    for (let i = 100; i < 400; i++) keeping.keep(recordOf(String(i), { key: `k${i % 7}` }));
    await keeping.close(1_000);
    for (let k = 0; k < 7; k++) {
      const own = sink.ids.filter((id) => Number(id) % 7 === k);
      expect(own).toEqual([...own].sort());
    }
    expect(sink.records).toHaveLength(300);
  });

  it('lets requests go on whose records make no sense, and counts them', async () => {
    const keeping = made({ key: { column: 'x' } });
    const odd = { columns: new Map([['x', { length: 1, get: () => Object.create(null) }]]), rows: 1 };
    keeping.keep({ ...recordOf('odd'), input: odd as never });
    keeping.keep(recordOf('a'));
    await pass(1_000);
    expect(sink.ids).toEqual(['a']);
    await keeping.close(0);
  });

  it('closes a destination that cannot write what it holds back', async () => {
    const flush = () => Promise.reject(new Error('the disk is full'));
    const keeping = made({ to: Object.assign(sink, { flush }) });
    await keeping.close(1_000);
    expect(sink.closed).toBe(1);
  });

  it('counts what has no binary form when it is poison, and goes on', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'witan-dead-')), 'dead.ndjson');
    sink.behave = (batch) => {
      if (batch[0]!.id === 'odd') throw poisonError('no', ['odd']);
    };
    const keeping = made({ deadLetterFile: file });
    keeping.keep({ ...recordOf('odd'), epochMs: Infinity, phases: { queueMs: NaN } });
    keeping.keep(recordOf('a'));
    await pass(1_000);
    await until(() => sink.records.length === 1);
    expect((await readDeadLetters(file)).map(({ record }) => record.id)).toEqual(['odd']);
  });
});

describe('options', () => {
  it.each([
    [{ to: {} }, 'no write()'],
    [{ policy: 'sometimes' }, "policy is 'sometimes'"],
    [{ policy: 'lossless' }, 'needs a folder'],
    [{ writers: 1_000 }, 'at most 64'],
    [{ batchRecords: 0 }, 'batchRecords is 0'],
    [{ maxRecords: 1.5 }, 'no whole number'],
    [{ timeoutMs: NaN }, 'timeoutMs is NaN'],
  ])('%o are refused', (options, why) => {
    expect(() => made(options as never)).toThrow(why);
  });

  it.each([
    [{ timeoutMs: Infinity }, 'timeoutMs'],
    [{ retry: { firstMs: NaN } }, 'firstMs'],
    [{ retry: { maxMs: -1 } }, 'maxMs'],
    [{ key: 'customer' as never }, 'key is'],
    [{ onFull: 'wait' } as never, 'onFull'],
  ] as [Partial<BestEffortOptions>, string][])('%j is refused at boot', (options, why) => {
    expect(() => made(options)).toThrow(why);
  });
});
