import { storeError } from '../store.errors.js';
import type { Store, StoreFile } from '../store.js';
import type { CachedTree, StoreCacheOptions, TreeOptions } from './cached-tree.js';
import { hasLocalPath, localTree } from './local-tree.js';

/** Keeps the files of stores on this machine. */
export class StoreCache {
  constructor(readonly options: StoreCacheOptions = {}) {}

  /**
   * These files of the store, beside one another in a folder of this machine, there until they are released.
   * @throws {INF_ERR_STORE_CHANGED | INF_ERR_STORE_CHECKSUM | INF_ERR_STORE_UNAVAILABLE | INF_ERR_STORE_DENIED |
   *   INF_ERR_STORE_FULL | INF_ERR_STORE_PATH | INF_ERR_STORE_CACHE}
   */
  async tree(store: Store, files: readonly StoreFile[], options: TreeOptions = {}): Promise<CachedTree> {
    const { base = '', copy = false, signal } = options;
    if (hasLocalPath(store) && !copy) return localTree(store, files, base, signal);
    throw storeError('INF_ERR_STORE_CACHE', 'not yet');
  }

  async close(): Promise<void> {}
}
