import { appendFileSync, readdirSync, truncateSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '@witan-libs/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepingOf } from '../module/keeping-of.js';
import type { LosslessOptions } from '../module/sinks-options.js';
import { readDeadLetters } from '../policy/dead-letters.js';
import type { Keeping } from '../policy/keeping.js';
import { MemorySink, recordOf, settle, until } from '../policy/memory-sink.spec.support.js';
import { decodeRecords } from '../record/record-decoder.js';
import { encodeRecords } from '../record/record-encoder.js';
import { poisonError } from '../sink/poison.js';
import { lockFolder } from './lock-folder.js';

let clock: ManualClock;
let sink: MemorySink;
let folder: string;
const open: Keeping[] = [];
beforeEach(async () => {
  clock = new ManualClock({ turns: 'event-loop' });
  sink = new MemorySink();
  folder = await mkdtemp(join(tmpdir(), 'witan-spill-'));
});
afterEach(async () => {
  for (const keeping of open.splice(0)) await ended(keeping);
  await rm(folder, { recursive: true, force: true });
});

async function started(options: Partial<LosslessOptions> = {}): Promise<Keeping> {
  const all = { to: sink, policy: 'lossless', folder, batchMs: 0, ...options } as const;
  const keeping = keepingOf('s', all, { clock, random: () => 0.5 });
  await keeping.start();
  open.push(keeping);
  return keeping;
}
const files = async () => (await readdir(folder)).filter((name) => name.endsWith('.wlr')).sort();
const onFile = async () => {
  const all = await Promise.all((await files()).map((name) => readFile(join(folder, name))));
  return decodeRecords(Buffer.concat(all)).map(({ id }) => id);
};
const away = () => {
  sink.behave = () => Promise.reject(new Error('down'));
};
const back = () => {
  sink.behave = () => {};
};
/** Time goes on until it is so. */
async function passing(isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    clock.advance(50);
    await settle();
  }
}
/** Ends without waiting for the destination. */
async function ended(keeping: Keeping): Promise<void> {
  let isOver = false;
  const closing = keeping.close(1).then(() => (isOver = true));
  await passing(() => isOver);
  await closing;
}

describe('a lossless sink', () => {
  it('lets an answer go when its record is on file: one write for all of a turn', async () => {
    away();
    const keeping = await started();
    let first = false;
    const waits = ['a', 'b', 'c'].map((id) => keeping.keep(recordOf(id)));
    void waits[0]!.then(() => (first = true));
    expect([first, readdirSync(folder).some((name) => name.endsWith('.wlr'))]).toEqual([false, false]);
    await Promise.all(waits);
    expect(await onFile()).toEqual(['a', 'b', 'c']);
    expect(keeping.stats).toMatchObject({ queued: 3, delivered: 0 });
    expect(keeping.stats.spillBytes).toBeGreaterThan(100);
  });

  it('delivers, and leaves no file behind', async () => {
    const keeping = await started({ segmentBytes: 300 });
    for (let i = 10; i < 60; i++) await keeping.keep(recordOf(String(i)));
    await passing(() => sink.records.length === 50);
    await until(() => keeping.stats.queued === 0);
    await ended(keeping);
    expect(await files()).toEqual([]);
    expect(sink.ids).toEqual(Array.from({ length: 50 }, (_, i) => String(i + 10)));
    expect(keeping.stats).toMatchObject({ delivered: 50, queued: 0, spillBytes: 0, dropped: 0 });
    expect(sink.closed).toBe(1);
  });

  it('delivers what an earlier process left before anything new, with the same ids; a torn end is counted', async () => {
    away();
    const earlier = await started({ segmentBytes: 300 });
    for (const id of ['a', 'b', 'c', 'd']) await earlier.keep(recordOf(id));
    await ended(earlier);
    const [firstFile] = await files();
    appendFileSync(join(folder, (await files()).at(-1)!), encodeRecords([recordOf('torn')]).subarray(0, 40));
    expect(firstFile).toBe('00000001-000-00000000.wlr');

    const later = await started();
    await later.keep(recordOf('e'));
    back();
    await passing(() => sink.records.length === 5);
    expect(sink.ids).toEqual(['a', 'b', 'c', 'd', 'e']);
    await until(() => later.stats.damagedBytes > 0);
    expect(later.stats).toMatchObject({ damagedBytes: 40, delivered: 5 });
  });

  it('goes on after a crash where it was: what was delivered is not delivered again', async () => {
    const killed = await started({ batchRecords: 2 });
    for (const id of ['a', 'b', 'c', 'd']) await killed.keep(recordOf(id));
    await passing(() => sink.records.length === 4);
    away();
    for (const id of ['e', 'f']) await killed.keep(recordOf(id));
    await ended(killed);
    back();
    const later = await started({ batchRecords: 2 });
    await passing(() => sink.records.length >= 6);
    await until(() => later.stats.queued === 0);
    expect(sink.ids).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(later.stats).toMatchObject({ delivered: 2, spillBytes: 0 });
    await ended(later);
    expect(await readdir(folder)).toEqual([]);
  });

  it('passes over what a disk has damaged, and puts aside what another version has written', async () => {
    away();
    const earlier = await started();
    for (const id of ['a', 'b', 'c']) await earlier.keep(recordOf(id));
    await ended(earlier);
    const file = join(folder, (await files())[0]!);
    const bytes = await readFile(file);
    const one = encodeRecords([recordOf('a')]).length;
    bytes[one + 20]! ^= 1;
    await writeFile(file, bytes);
    back();
    const later = await started();
    await passing(() => sink.records.length === 2);
    expect(sink.ids).toEqual(['a', 'c']);
    await until(() => later.stats.damagedBytes === one);
  });

  it('works on while it syncs its files', async () => {
    const keeping = await started({ fsync: 'interval', fsyncMs: 10, segmentBytes: 300 });
    for (let i = 10; i < 40; i++) {
      await keeping.keep(recordOf(String(i)));
      clock.advance(10);
    }
    await passing(() => sink.records.length === 30);
    await ended(keeping);
    expect([await files(), keeping.stats.delivered]).toEqual([[], 30]);
  });

  it('reads from its files what memory has no room for', async () => {
    away();
    const keeping = await started({ batchRecords: 100 });
    for (let turn = 0; turn < 20; turn++) {
      const waits = Array.from({ length: 500 }, (_, i) => keeping.keep(recordOf(String(100_000 + turn * 500 + i))));
      await Promise.all(waits);
    }
    back();
    await passing(() => sink.records.length >= 10_000);
    expect(sink.ids).toEqual(Array.from({ length: 10_000 }, (_, i) => String(100_000 + i)));
    await until(() => keeping.stats.queued === 0);
    expect(keeping.stats).toMatchObject({ queued: 0, spillBytes: 0, delivered: 10_000 });
  });

  it('keeps the order of each key over several writers, restarts and a destination that comes and goes', async () => {
    const options = { writers: 4, key: { column: 'key' }, batchRecords: 5, segmentBytes: 2_000 };
    let writes = 0;
    sink.behave = () => (++writes % 3 === 0 ? Promise.reject(new Error('now and then')) : undefined);
    let i = 1_000;
    for (let life = 0; life < 4; life++) {
      const keeping = await started(options);
      for (let k = 0; k < 100; k++, i++) await keeping.keep(recordOf(String(i), { key: `k${i % 9}` }));
      await ended(keeping);
    }
    const last = await started(options);
    const distinct = () => [...new Set(sink.ids)];
    await passing(() => distinct().length === 400);
    expect(last.stats.dropped).toBe(0);
    for (let k = 0; k < 9; k++) {
      const own = distinct().filter((id) => Number(id) % 9 === k);
      expect(own).toEqual([...own].sort());
    }
  });

  it('writes down that a record was too large, and never delivers one that nothing takes', async () => {
    sink.behave = (batch) => {
      if (batch.some(({ id }) => id === 'poison')) throw poisonError('not this one', ['poison']);
    };
    const keeping = await started({ maxRecordBytes: 2_000 });
    await keeping.keep(recordOf('large', { size: 5_000 }));
    const unserialisable = { ...recordOf('odd'), input: { columns: new Map([['x', {}]]), rows: 1 } as never };
    await keeping.keep(unserialisable);
    await Promise.all(['a', 'poison', 'b'].map((id) => keeping.keep(recordOf(id))));
    await passing(() => keeping.stats.delivered === 2);
    expect(sink.ids).toEqual(['a', 'b']);
    const letters = await readDeadLetters(join(folder, 'dead-letters.ndjson'));
    expect(letters.map(({ record }) => [record.id, record.error?.code])).toEqual([
      ['large', 'SINK_ERR_TOO_LARGE'],
      ['odd', 'SINK_ERR_TOO_LARGE'],
      ['poison', undefined],
    ]);
    expect(letters[0]!.reason).toContain('2000 bytes');
    expect(keeping.stats.dead).toBe(3);
  });

  it('refuses requests when there is no more room, until there is', async () => {
    away();
    const keeping = await started({ maxSpillBytes: 500 });
    const kept: string[] = [];
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'])
      await Promise.resolve(keeping.keep(recordOf(id))).then(
        () => kept.push(id),
        (error: unknown) => expect(error).toMatchObject({ code: 'SINK_ERR_SPILL', httpStatus: 503 }),
      );
    expect(kept.length).toBeGreaterThan(2);
    expect(kept.length).toBeLessThan(12);
    expect(() => keeping.admit()).toThrow('maxSpillBytes');
    expect(keeping.stats.refused).toBeGreaterThan(1);
    expect(await onFile()).toEqual(kept);
    back();
    await passing(() => sink.records.length === kept.length);
    // One request finds out that there is room again.
    clock.advance(1_000);
    keeping.admit();
    await keeping.keep(recordOf('z'));
    keeping.admit();
    await passing(() => sink.ids.at(-1) === 'z');
    expect(sink.ids).toEqual([...kept, 'z']);
  });

  it('waits for room where it is to block, in order, and refuses only what memory has no room for', async () => {
    away();
    const keeping = await started({ maxSpillBytes: 250, onFull: 'block', maxBlockedBytes: 300 });
    const outcomes: string[] = [];
    const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k'];
    for (const id of ids) {
      Promise.resolve(keeping.keep(recordOf(id))).then(
        () => outcomes.push(id),
        () => outcomes.push(`no ${id}`),
      );
      await settle();
    }
    const refused = outcomes.filter((outcome) => outcome.startsWith('no'));
    expect(refused.length).toBeGreaterThan(0);
    expect(outcomes.length).toBeLessThan(ids.length);
    back();
    await passing(() => outcomes.length === ids.length);
    await passing(() => sink.records.length === ids.length - refused.length);
    expect(sink.ids).toEqual([...sink.ids].sort());
    expect(outcomes.filter((outcome) => !outcome.startsWith('no'))).toEqual(sink.ids);
  });

  it('refuses at once what there could never be room for, and goes on with the others', async () => {
    const keeping = await started({ maxSpillBytes: 400, onFull: 'block' });
    await expect(keeping.keep(recordOf('large', { size: 1_000 }))).rejects.toMatchObject({ code: 'SINK_ERR_SPILL' });
    keeping.admit();
    await keeping.keep(recordOf('small'));
    await passing(() => sink.ids[0] === 'small');
  });

  it('delivers everything though a destination throws what has no text', async () => {
    const odd: unknown[] = [Object.create(null), undefined, Object.assign(new Error(), { message: undefined })];
    sink.behave = () => {
      if (odd.length > 0) throw odd.pop();
    };
    const keeping = await started();
    await keeping.keep(recordOf('a'));
    await keeping.keep(recordOf('b'));
    await passing(() => sink.records.length === 2);
    expect([sink.ids, keeping.stats.retried]).toEqual([['a', 'b'], 3]);
  });

  it('goes on in a new folder when somebody deletes its own: what comes then outlives the process', async () => {
    away();
    const keeping = await started();
    await keeping.keep(recordOf('a'));
    await rm(folder, { recursive: true });
    clock.advance(1_000);
    await keeping.keep(recordOf('b'));
    expect(await onFile()).toEqual(['b']);
    await ended(keeping);
    back();
    const later = await started();
    await passing(() => sink.records.length > 0);
    expect([sink.ids, later.stats.dropped]).toEqual([['b'], 0]);
  });

  it('makes its lock again when somebody deletes it', async () => {
    const { lock } = await lockFolder(folder, false);
    await rm(folder, { recursive: true });
    await lock.renew();
    await expect(lockFolder(folder, false)).rejects.toMatchObject({ code: 'SINK_ERR_SPILL_LOCKED' });
    await lock.release();
    await (await lockFolder(folder, false)).lock.release();
  });

  it('ends the boot where its folder cannot be made, with what to do', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(started({ folder: join(folder, 'file', 'spill') })).rejects.toMatchObject({
      code: 'SINK_ERR_SPILL',
      message: expect.stringContaining('ENOTDIR'),
    });
  });

  it('delivers what processes left that have no successor, but not of those that live', async () => {
    away();
    for (const name of ['process-1', 'process-7']) {
      const gone = await started({ folder: join(folder, name) });
      await gone.keep(recordOf(name));
      await ended(gone);
    }
    const living = await started({ folder: join(folder, 'process-3') });
    await living.keep(recordOf('process-3'));
    const alone = await started();
    back();
    await passing(() => sink.records.length >= 3);
    expect([...sink.ids].sort()).toEqual(['process-1', 'process-3', 'process-7']);
    await until(() => alone.stats.spillBytes === 0 && alone.stats.queued === 0);
    expect(alone.stats.delivered).toBe(2);
    await ended(alone);
    await ended(living);
    for (const name of ['process-1', 'process-7']) expect(await readdir(join(folder, name))).toEqual([]);
  });

  it('ends in time while it delivers what others left to a destination that is away', async () => {
    away();
    const gone = await started({ folder: join(folder, 'process-1') });
    await gone.keep(recordOf('a'));
    await ended(gone);
    const alone = await started();
    await passing(() => alone.stats.retried > 0);
    await ended(alone);
    expect(await readdir(join(folder, 'process-1'))).toEqual(['00000001-000-00000000.wlr']);
  });

  it('has its folder for itself, until it ends; a dead process lets go of it', async () => {
    const keeping = await started();
    await expect(started()).rejects.toMatchObject({ code: 'SINK_ERR_SPILL_LOCKED' });
    await ended(keeping);
    await ended(await started());
    // Of a process that is no more: its number is another's now.
    const lock = { id: 'x', pid: process.pid, started: '1', where: '' };
    const again = await started();
    const own = JSON.parse(await readFile(join(folder, 'lock'), 'utf8')) as typeof lock;
    await ended(again);
    await writeFile(join(folder, 'lock'), JSON.stringify({ ...own, id: 'x', started: '1' }));
    await started();
  });

  it('has a folder for each process of a cluster, and whoever follows a dead one has its folder', async () => {
    const taken = await Promise.all([1, 2, 3].map(() => lockFolder(folder, true)));
    const name = ({ folder: own }: { folder: string }) => own.slice(folder.length + 1);
    expect(taken.map(name).sort()).toEqual(['process-0', 'process-1', 'process-2']);
    await taken.find((each) => name(each) === 'process-1')!.lock.release();
    const again = await lockFolder(folder, true);
    expect(name(again)).toBe('process-1');
    for (const { lock } of [...taken, again]) await lock.release();
  });

  it('refuses what comes after its end', async () => {
    const keeping = await started();
    await ended(keeping);
    await expect(keeping.keep(recordOf('late'))).rejects.toMatchObject({ code: 'SINK_ERR_CLOSED' });
    expect(() => keeping.admit()).toThrow('not open');
  });

  it('survives files that are taken away under it', async () => {
    away();
    const earlier = await started({ segmentBytes: 100 });
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) await earlier.keep(recordOf(id));
    await ended(earlier);
    const names = await files();
    truncateSync(join(folder, names[2]!));
    let release = () => {};
    sink.behave = () => new Promise((resolve) => (release = resolve));
    const later = await started();
    await settle();
    await rm(join(folder, names[1]!));
    back();
    release();
    await later.keep(recordOf('h'));
    await passing(() => sink.records.length >= 4);
    expect(sink.ids).toEqual(['a', 'b', 'g', 'h']);
    expect(later.stats.damagedBytes).toBeGreaterThan(0);
  });
});
