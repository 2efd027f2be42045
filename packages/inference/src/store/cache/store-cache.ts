import { resolve } from 'node:path';
import { type Clock, systemClock } from '@witan/core';
import { safeFolder, safeRelativePath } from '../safe-path.js';
import { storeError } from '../store.errors.js';
import type { Store, StoreFile } from '../store.js';
import { Blobs } from './blobs.js';
import { cacheFault, isDiskFull } from './cache-fault.js';
import { CacheFolder, defaultCacheDir } from './cache-folder.js';
import type { CachedTree, StoreCacheOptions, TreeOptions } from './cached-tree.js';
import { Files } from './files.js';
import { Leases } from './leases.js';
import { type KnownListing, Listings } from './listings.js';
import { hasLocalPath, localTree } from './local-tree.js';
import { RememberingStore } from './remembering-store.js';
import { Space } from './space.js';
import { type TreeEntry, treeName, Trees } from './trees.js';

const DEFAULT_MAX_BYTES = 32 * 2 ** 30;
const DEFAULT_DOWNLOADS = 4;
/** How often a tree is tried again when another process removed a part of it, or the disk was full. */
const BUILD_ATTEMPTS = 3;

/**
 * Keeps the files of stores on this machine, by their content, in a folder that several processes may share. Nothing
 * is written before something is kept; a file that is there is never written to again.
 */
export class StoreCache {
  private readonly clock: Clock;
  private readonly folder: CacheFolder;
  private readonly blobs: Blobs;
  private readonly leases: Leases;
  private readonly space: Space;
  private readonly files: Files;
  private readonly trees: Trees;
  private readonly listings: Listings;

  constructor(options: StoreCacheOptions = {}) {
    this.clock = options.clock ?? systemClock;
    this.folder = new CacheFolder(resolve(options.cacheDir ?? defaultCacheDir()));
    this.blobs = new Blobs(this.folder);
    this.leases = new Leases(this.folder, this.clock);
    this.space = new Space(this.folder, this.leases, this.clock, options.maxBytes ?? DEFAULT_MAX_BYTES);
    this.files = new Files(this.folder, this.blobs, this.space, this.clock, options.downloads ?? DEFAULT_DOWNLOADS);
    this.trees = new Trees(this.folder, this.blobs);
    this.listings = new Listings(this.folder, this.clock);
  }

  /**
   * These files of the store, beside one another in a folder of this machine, there until they are released. What is
   * in the cache is not asked for again: that works while the store is down.
   * @throws {INF_ERR_STORE_CHANGED | INF_ERR_STORE_CHECKSUM | INF_ERR_STORE_UNAVAILABLE | INF_ERR_STORE_DENIED |
   *   INF_ERR_STORE_FULL | INF_ERR_STORE_PATH | INF_ERR_STORE_CACHE}
   */
  async tree(store: Store, files: readonly StoreFile[], options: TreeOptions = {}): Promise<CachedTree> {
    const base = safeFolder(options.base ?? '');
    const paths = pathsBelow(files, base);
    if (hasLocalPath(store) && !options.copy) return localTree(store, files, base, options.signal);
    try {
      await this.folder.open();
      const source = store instanceof RememberingStore ? store.store : store;
      return await this.cachedTree(source, files, paths, options);
    } catch (error) {
      throw cacheFault(error, this.folder.root);
    }
  }

  /**
   * The store, with a memory: its last listing and its small files, for when it does not answer; `outage` says that it
   * does not. A store of this machine is given back as it is.
   */
  remembering(store: Store): Store {
    if (hasLocalPath(store)) return store;
    const { files, blobs, listings, clock } = this;
    return new RememberingStore(store, { files, blobs, listings, clock, open: () => this.folder.open() });
  }

  /** What the store had when it last answered a {@link remembering} store, in this process or one before. */
  async known(store: Store): Promise<KnownListing | undefined> {
    try {
      await this.folder.open();
      return await this.listings.recall(store);
    } catch (error) {
      throw cacheFault(error, this.folder.root);
    }
  }

  /** Releases every tree. */
  close(): Promise<void> {
    return this.leases.close();
  }

  private async cachedTree(
    store: Store,
    files: readonly StoreFile[],
    paths: ReadonlyMap<string, string>,
    options: TreeOptions,
  ): Promise<CachedTree> {
    for (let attempt = 0; attempt < BUILD_ATTEMPTS; attempt++) {
      const tree = await this.attempt(store, files, paths, options).catch((error: unknown) =>
        this.makeRoom(error, files),
      );
      if (tree) return tree;
    }
    const text = `something else removes files from the model cache ${this.folder.root} as they are used`;
    throw storeError('INF_ERR_STORE_CACHE', text);
  }

  private async attempt(
    store: Store,
    files: readonly StoreFile[],
    paths: ReadonlyMap<string, string>,
    options: TreeOptions,
  ): Promise<CachedTree | undefined> {
    const hashes = await this.fetchAll(store, files, options);
    const entries = files.map(({ path, bytes }, i) => ({ path: paths.get(path)!, bytes, sha256: hashes[i]! }));
    const tree = await this.lease(entries, options.signal);
    return tree && asTree(tree.folder, paths, tree.release);
  }

  /** The disk may be fuller than the cache's own bound tells: what nobody uses goes, and it is tried once more. */
  private async makeRoom(error: unknown, files: readonly StoreFile[]): Promise<undefined> {
    if (!isDiskFull(error)) throw error;
    const freed = await this.space.free(files.reduce((sum, { bytes }) => sum + bytes, 0)).catch(() => 0);
    if (freed === 0) throw error;
  }

  /** All of them, or the first failure once the others have been given up. */
  private async fetchAll(store: Store, files: readonly StoreFile[], options: TreeOptions): Promise<string[]> {
    const group = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, group.signal]) : group.signal;
    let failure: { readonly error: unknown } | undefined;
    const hashes = await Promise.all(
      files.map(async (file) => {
        const report = (bytes: number): void =>
          options.onProgress?.({ file: file.path, bytes, totalBytes: file.bytes });
        try {
          return await this.files.fetch(store, file, signal, options.onProgress && report);
        } catch (error) {
          failure ??= { error };
          group.abort();
          return '';
        }
      }),
    );
    if (failure) throw failure.error;
    return hashes;
  }

  /** The tree of these contents with a lease on it; nothing, when one of them is gone by now. */
  private async lease(
    entries: readonly TreeEntry[],
    signal: AbortSignal | undefined,
  ): Promise<{ readonly folder: string; readonly release: () => void } | undefined> {
    const name = treeName(entries);
    const unwanted = entries.map(({ sha256 }) => this.space.want(sha256));
    const release = await this.leases.take(name);
    let isThere = false;
    try {
      await this.space.settled(signal);
      isThere = await this.trees.ensure(name, entries);
      return isThere ? { folder: this.trees.path(name), release } : undefined;
    } finally {
      for (const each of unwanted) each();
      if (!isThere) release();
    }
  }
}

/** Path in the store to path below the tree's root. @throws {INF_ERR_STORE_PATH} */
function pathsBelow(files: readonly StoreFile[], base: string): Map<string, string> {
  const paths = new Map<string, string>();
  for (const { path } of files) {
    safeRelativePath(path);
    if (base !== '' && !path.startsWith(`${base}/`)) {
      throw storeError('INF_ERR_STORE_PATH', `${path} does not lie below ${base}`);
    }
    paths.set(path, base === '' ? path : path.slice(base.length + 1));
  }
  return paths;
}

function asTree(folder: string, paths: ReadonlyMap<string, string>, release: () => void): CachedTree {
  return {
    folder,
    pathOf({ path }) {
      const below = paths.get(path);
      if (below !== undefined) return resolve(folder, below);
      throw storeError('INF_ERR_STORE_PATH', `${path} is not among the files of this tree`);
    },
    release,
  };
}
