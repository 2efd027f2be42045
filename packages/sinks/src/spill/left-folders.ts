import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, TimerHandle } from '@witan/core';
import type { Delivery } from '../policy/delivery.js';
import { SinkCounters } from '../policy/sink-stats.js';
import { Cursors } from './cursors.js';
import { PROCESS_FOLDER } from './lock-folder.js';
import { readSpillFolder } from './spill-folder.js';
import { SpillLane } from './spill-lane.js';
import { SpillLock } from './spill-lock.js';

/** Before the first look: the other processes of a cluster take their own folders first. */
const FIRST_MS = 5_000;
/** Between looks. */
const AGAIN_MS = 30_000;

export interface LeftFoldersParts {
  readonly name: string;
  readonly clock: Clock;
  readonly delivery: Delivery;
  readonly batchRecords: number;
  readonly batchMs: number;
  /** The folder that all processes were given. */
  readonly root: string;
  /** This process's own. */
  readonly own: string;
  readonly stop: AbortSignal;
}

/**
 * Delivers what processes left that have no successor: when fewer are started than before, or one where there were
 * several. Whoever can lock such a folder delivers it; each is delivered by one process at a time.
 */
export class LeftFolders {
  /** What waits there is not this process's own, and takes no room from it. */
  readonly counters: SinkCounters;
  private timer: TimerHandle | undefined;
  private looking: Promise<void> = Promise.resolve();

  constructor(private readonly parts: LeftFoldersParts) {
    this.counters = new SinkCounters(parts.name, 'lossless');
    this.lookIn(FIRST_MS);
  }

  /** After `stop` has fired. */
  async close(): Promise<void> {
    this.timer?.cancel();
    await this.looking;
  }

  private lookIn(ms: number): void {
    this.timer = this.parts.clock.setTimer(() => {
      this.looking = this.look();
    }, ms);
  }

  private async look(): Promise<void> {
    const { root, own, stop } = this.parts;
    for (const folder of await foldersOf(root)) {
      // What cannot be read now is tried again with the next look.
      if (folder !== own && !stop.aborted) await this.deliver(folder).catch(() => undefined);
    }
    if (!stop.aborted) this.lookIn(AGAIN_MS);
  }

  private async deliver(folder: string): Promise<void> {
    if ((await readSpillFolder(folder)).left.length === 0) return;
    const lock = new SpillLock(folder);
    // Its process lives: SINK_ERR_SPILL_LOCKED.
    await lock.take();
    try {
      await this.deliverLocked(folder);
    } finally {
      this.counters.queued = 0;
      this.counters.spillBytes = 0;
      await lock.release();
    }
  }

  private async deliverLocked(folder: string): Promise<void> {
    const { stop } = this.parts;
    const cursors = new Cursors(folder);
    const lane = new SpillLane({ ...this.parts, counters: this.counters, cursors });
    const { left } = await readSpillFolder(folder);
    for (const segment of left) lane.adopt({ ...segment, start: cursors.startOf(segment) });
    await lane.run(stop, true);
    cursors.tidy();
  }
}

async function foldersOf(root: string): Promise<string[]> {
  const names = await readdir(root).catch(() => []);
  return [root, ...names.filter((name) => PROCESS_FOLDER.test(name)).map((name) => join(root, name))];
}
