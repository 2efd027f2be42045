import { type FSWatcher, watch } from 'node:fs';
import { join } from 'node:path';
import type { Clock, TimerHandle } from '@witan/core';

/** Watches are a kernel resource that every process of the user shares. The upper folders come first. */
const MAX_FOLDERS = 512;
/** Copying a model makes many events: one hint after they have ceased. */
const QUIET_MS = 100;
/** Events that do not cease for this long are told all the same. */
const LATEST_MS = 1000;

/**
 * Watches folders, never files: a watched file that is replaced is lost. A hint: what lies deeper than the watched
 * folders, or on a network file system, is found by polling.
 */
export class FolderWatch {
  private readonly watchers = new Map<string, FSWatcher>();
  private timer: TimerHandle | undefined;
  private firstAt: number | undefined;
  private closed = false;

  constructor(
    private readonly clock: Clock,
    private readonly onChange: () => void,
  ) {}

  /** Watches these folders below `root`, and no longer those that are gone. */
  follow(root: string, folders: readonly string[]): void {
    const wanted = new Set(
      folders
        .slice()
        .sort(byDepth)
        .slice(0, MAX_FOLDERS)
        .map((folder) => join(root, folder)),
    );
    for (const [path, watcher] of this.watchers) if (!wanted.has(path)) this.drop(path, watcher);
    for (const path of wanted) if (!this.watchers.has(path)) this.add(path);
  }

  close(): void {
    this.closed = true;
    this.timer?.cancel();
    for (const [path, watcher] of this.watchers) this.drop(path, watcher);
  }

  private add(path: string): void {
    if (this.closed) return;
    try {
      const watcher = watch(path, { persistent: false }, () => this.changed());
      watcher.on('error', () => this.drop(path, watcher));
      this.watchers.set(path, watcher);
    } catch {
      // Gone already, or no watches left: polling finds what this would have told.
    }
  }

  private drop(path: string, watcher: FSWatcher): void {
    watcher.close();
    if (this.watchers.get(path) === watcher) this.watchers.delete(path);
  }

  private changed(): void {
    if (this.closed) return;
    const now = this.clock.now();
    this.firstAt ??= now;
    this.timer?.cancel();
    const waitMs = Math.min(QUIET_MS, this.firstAt + LATEST_MS - now);
    this.timer = this.clock.setTimer(() => this.fire(), Math.max(0, waitMs));
  }

  private fire(): void {
    this.timer = undefined;
    this.firstAt = undefined;
    this.onChange();
  }
}

function byDepth(a: string, b: string): number {
  return depth(a) - depth(b);
}

function depth(folder: string): number {
  return folder === '' ? 0 : folder.split('/').length;
}
