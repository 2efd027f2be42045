import { unlink, writeFile } from 'node:fs/promises';
import type { Clock, TimerHandle } from '@witan/core';
import type { CacheFolder } from './cache-folder.js';

/** Often enough that another host never takes a lease for abandoned. */
const RENEW_MS = 3_600_000;

/** Which trees are in use, as files that other processes see too. */
export class Leases {
  private readonly counts = new Map<string, number>();
  /** Files of leases that are being removed: one that is taken again is written after. */
  private readonly dropping = new Map<string, Promise<void>>();
  private timer: TimerHandle | undefined;

  constructor(
    private readonly folder: CacheFolder,
    private readonly clock: Clock,
  ) {}

  /** From when this resolves, nobody removes the tree, unless he had begun before: look whether it is there. */
  async take(tree: string): Promise<() => void> {
    const count = this.counts.get(tree) ?? 0;
    this.counts.set(tree, count + 1);
    this.timer ??= this.clock.setTimer(() => void this.renew(), RENEW_MS);
    try {
      await this.dropping.get(tree);
      await writeFile(this.path(tree), '');
    } catch (error) {
      this.release(tree);
      throw error;
    }
    let held = true;
    return () => {
      if (held) this.release(tree);
      held = false;
    };
  }

  /** The trees that somebody uses, here or in another process. */
  async inUse(): Promise<Set<string>> {
    const trees = new Set(this.counts.keys());
    const now = await this.folder.now();
    for (const name of await this.folder.names('leases')) {
      const [tree = '', owner = ''] = name.split('.');
      // Of our own we know better: a file may still be on its way out.
      if (owner === this.folder.owner) continue;
      if (!(await this.folder.isAbandoned(this.folder.path('leases', name), owner, now))) trees.add(tree);
    }
    return trees;
  }

  async close(): Promise<void> {
    this.timer?.cancel();
    this.timer = undefined;
    for (const tree of this.counts.keys()) this.drop(tree);
    this.counts.clear();
    await Promise.all(this.dropping.values());
  }

  private release(tree: string): void {
    const count = (this.counts.get(tree) ?? 1) - 1;
    if (count > 0) this.counts.set(tree, count);
    else {
      this.counts.delete(tree);
      this.drop(tree);
    }
  }

  /** In the background: an abandoned lease goes by itself when this process ends. */
  private drop(tree: string): void {
    const dropped: Promise<void> = unlink(this.path(tree))
      .catch(() => undefined)
      .then(() => {
        if (this.dropping.get(tree) === dropped) this.dropping.delete(tree);
      });
    this.dropping.set(tree, dropped);
  }

  private async renew(): Promise<void> {
    if (!this.timer) return;
    this.timer = this.clock.setTimer(() => void this.renew(), RENEW_MS);
    // Where the disk is full or gone, the next renewal may do better.
    for (const tree of this.counts.keys()) await writeFile(this.path(tree), '').catch(() => undefined);
  }

  private path(tree: string): string {
    return this.folder.path('leases', `${tree}.${this.folder.owner}`);
  }
}
