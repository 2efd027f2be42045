import type { Clock } from '@witan/core';
import type { StoreFile } from '../store.js';

/** Files of a store on this machine, beside one another as they lie in the store; they stay until they are released. */
export interface CachedTree {
  /** The folder in which each file lies under its path relative to `base`. */
  readonly folder: string;
  /** @throws {INF_ERR_STORE_PATH} for a file that was not asked for */
  pathOf(file: StoreFile): string;
  /** The files may go when space is needed. Calling it again does nothing. */
  release(): void;
}

/** How far a download is. */
export interface DownloadProgress {
  /** The file's path in the store. */
  readonly file: string;
  readonly bytes: number;
  readonly totalBytes: number;
}

export interface TreeOptions {
  /** The folder of the store that becomes the tree's root; every file lies below it. @default '' */
  readonly base?: string;
  /** Gives up. What was downloaded is kept for the next time. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Copies from a local folder too, so that nobody can change what is served. @default false */
  readonly copy?: boolean;
}

export interface StoreCacheOptions {
  /** @default '~/.cache/witan/models', or below XDG_CACHE_HOME */
  readonly cacheDir?: string;
  /** Bytes of all that is kept; the least recently used goes first, what is in use never. @default 32 GiB */
  readonly maxBytes?: number;
  /** Downloads at once. @default 4 */
  readonly downloads?: number;
  /** Time, for tests. @default the system's */
  readonly clock?: Clock;
}
