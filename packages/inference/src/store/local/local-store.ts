import { realpathSync } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Clock, systemClock } from '@witan/core';
import { Logger } from '@nestjs/common';
import { safeFolder, safeRelativePath } from '../safe-path.js';
import { storeError } from '../store.errors.js';
import type { Store, StoreFile, StoreReadOptions, StoreWatch } from '../store.js';
import { FolderLister } from './folder-lister.js';
import { FolderWatch } from './folder-watch.js';
import { isMissing, localFault } from './local-fault.js';
import { readHandle } from './read-handle.js';
import { isWithin, revisionOf } from './walk.js';

export interface LocalStoreOptions {
  readonly clock?: Clock;
}

/**
 * A folder of this machine. Links are followed as long as they stay inside it; names that begin with a dot are not
 * listed. The folder may be missing when the store is made; while it is, the store is unavailable, not empty.
 */
export class LocalStore implements Store {
  readonly uri: string;
  private readonly logger = new Logger('LocalStore');
  private readonly folder: string;
  private readonly lister = new FolderLister();
  private readonly watches = new Set<FolderWatch>();
  private readonly clock: Clock;
  private told = new Set<string>();
  private hidden: readonly string[] = [];

  constructor(folder: string, options: LocalStoreOptions = {}) {
    this.folder = resolve(folder);
    this.uri = pathToFileURL(this.folder).href;
    this.clock = options.clock ?? systemClock;
  }

  get unreadable(): readonly string[] {
    return this.hidden;
  }

  async list(folder: string, signal?: AbortSignal): Promise<readonly StoreFile[]> {
    const at = safeFolder(folder);
    const root = await this.realRoot();
    signal?.throwIfAborted();
    try {
      const listing = await this.lister.list(root, at);
      this.tell(listing.refused);
      if (at === '') {
        this.hidden = listing.unreadable;
        for (const watch of this.watches) watch.follow(root, listing.folders);
      }
      return listing.files;
    } catch (error) {
      if (isMissing(error)) return [];
      throw localFault(error, join(this.folder, at));
    }
  }

  async stat(path: string): Promise<StoreFile | undefined> {
    const safe = safeRelativePath(path);
    const root = await this.realRoot();
    const place = join(this.folder, safe);
    try {
      const real = await realpath(place);
      if (!isWithin(root, real)) throw leaves(place);
      const info = await stat(real);
      return info.isFile() ? { path: safe, bytes: info.size, revision: revisionOf(info) } : undefined;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw localFault(error, place);
    }
  }

  async read(file: StoreFile, options: StoreReadOptions = {}): Promise<AsyncIterable<Uint8Array>> {
    const place = join(this.folder, safeRelativePath(file.path));
    options.signal?.throwIfAborted();
    const handle = await this.open(place, await this.realRoot());
    try {
      await checkRevision(handle, file, place);
    } catch (error) {
      await handle.close();
      throw error;
    }
    return readFrom(handle, file, place, options);
  }

  /** Links of folders resolved, so that a version keeps its place when a mounted volume is swapped underneath. */
  localPath(file: StoreFile): string {
    const place = join(this.folder, safeRelativePath(file.path));
    this.resolve(place);
    return join(this.resolve(dirname(place)), basename(place));
  }

  localFolder(folder: string): string {
    return this.resolve(join(this.folder, safeFolder(folder)));
  }

  watch(onChange: () => void): StoreWatch {
    const watch = new FolderWatch(this.clock, onChange);
    watch.follow(this.folder, ['']);
    this.watches.add(watch);
    return {
      close: () => {
        this.watches.delete(watch);
        watch.close();
      },
    };
  }

  async close(): Promise<void> {
    for (const watch of this.watches) watch.close();
    this.watches.clear();
    await this.lister.close();
  }

  private resolve(place: string): string {
    try {
      const real = realpathSync(place);
      if (!isWithin(realpathSync(this.folder), real)) throw leaves(place);
      return real;
    } catch (error) {
      if (isMissing(error)) throw gone(place, error);
      throw localFault(error, place);
    }
  }

  private async realRoot(): Promise<string> {
    try {
      return await realpath(this.folder);
    } catch (error) {
      if (!isMissing(error)) throw localFault(error, this.folder);
      const text = `there is no folder ${this.folder}: create it, mount it, or name another store`;
      throw storeError('INF_ERR_STORE_UNAVAILABLE', text, { cause: error });
    }
  }

  private async open(place: string, root: string): Promise<FileHandle> {
    try {
      const real = await realpath(place);
      if (!isWithin(root, real)) throw leaves(place);
      return await open(real, 'r');
    } catch (error) {
      if (isMissing(error)) throw gone(place, error);
      throw localFault(error, place);
    }
  }

  /** Once for each, however often the store is polled. */
  private tell(refused: readonly string[]): void {
    for (const text of refused) if (!this.told.has(text)) this.logger.warn(`${this.uri}: left out, ${text}`);
    this.told = new Set(refused);
  }
}

async function* readFrom(
  handle: FileHandle,
  file: StoreFile,
  place: string,
  { offset = 0, signal }: StoreReadOptions,
): AsyncGenerator<Uint8Array> {
  try {
    yield* readHandle(handle, offset, signal);
    await checkRevision(handle, file, place);
  } finally {
    await handle.close();
  }
}

async function checkRevision(handle: FileHandle, file: StoreFile, place: string): Promise<void> {
  const info = await handle.stat();
  if (info.isFile() && revisionOf(info) === file.revision) return;
  throw storeError('INF_ERR_STORE_CHANGED', `${place} is another file than the listing said: list the store anew`);
}

function gone(place: string, cause: unknown): Error {
  return storeError('INF_ERR_STORE_CHANGED', `${place} is gone: list the store anew`, { cause });
}

function leaves(place: string): Error {
  return Object.assign(new Error(`${place} leaves the store`), { code: 'ELEAVES' });
}
