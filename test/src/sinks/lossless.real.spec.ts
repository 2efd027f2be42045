import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { accountsOf, Clients } from './clients.js';
import { Stage } from './stage.js';

/** 100 for the whole of it, which takes some minutes. */
const KILLS = Number(process.env['WITAN_SINK_KILLS'] ?? 8);
const SEED = Number(process.env['WITAN_SINK_SEED'] ?? 1);

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('a lossless sink', () => {
  let stage: Stage;
  afterEach(() => stage.clear());

  async function start(options: object = {}): Promise<void> {
    stage = await Stage.set(options);
    await stage.startStore();
    await stage.startServer();
  }

  it(
    `loses no record of an answered request over ${KILLS} kills of server and store, and keeps each key's order`,
    async () => {
      // Small files, so that kills meet their changes; a key is a client, whose numbers ascend.
      await start({ writers: 3, key: { column: 'client' }, segmentBytes: 20_000, batchRecords: 40 });
      const clients = new Clients(stage, 12);
      const random = seeded(SEED);
      let [servers, stores] = [0, 0];
      for (let kill = 0; kill < KILLS; kill++) {
        await delay(20 + random() * 400);
        if (random() < 0.6) {
          servers++;
          stage.server!.signal('SIGKILL');
          await stage.server!.ended;
          // Now and then also while it takes up what the last one left.
          while (random() < 0.3) await stage.startAndKill(random() * 1_500);
          await stage.startServer();
        } else {
          stores++;
          stage.store!.signal('SIGKILL');
          await stage.store!.ended;
          // Records pile up.
          await delay(random() * 300);
          await stage.startStore();
        }
      }
      await clients.more(100);
      await clients.stop();
      await stage.settle();
      const stored = await stage.stored();
      const { faults, duplicates } = accountsOf(clients, stored);
      console.log(
        `${servers} kills of the server, ${stores} of the store: ${clients.answered.length} answered (${[...clients.outcomes].join(' ')}), ` +
          `${stored.length - duplicates} records, ${duplicates} duplicates, ${faults.length} faults`,
      );
      expect(faults).toEqual([]);
    },
    Math.max(300_000, KILLS * 15_000),
  );

  it('delivers all of it when it is stopped at full load', async () => {
    await start();
    const clients = new Clients(stage, 12);
    await clients.more(300);
    expect(await stage.server!.stop()).toBe(0);
    await clients.stop();
    expect(await stage.spilled()).toEqual([]);
    expect(accountsOf(clients, await stage.stored()).faults).toEqual([]);
  });

  it('does not share its folder', async () => {
    await start();
    const second = stage.startServer();
    await expect(second).rejects.toThrow('SINK_ERR_SPILL_LOCKED');
  });
});
