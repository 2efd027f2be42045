/** One file of a store, as a listing or a manifest tells it. */
export interface StoreFile {
  /** Below the store's root, with `/` between segments and none in front. */
  readonly path: string;
  readonly bytes: number;
  /** Changes whenever the content does: an ETag, or size, modification time and inode. */
  readonly revision: string;
  /** Of the content, 64 hexadecimal digits, where a manifest gives it. */
  readonly sha256?: string;
}

export interface StoreReadOptions {
  /** Where to begin, to go on with a download that was cut. @default 0 */
  readonly offset?: number;
  readonly signal?: AbortSignal;
}

/** That a store does not answer, and what is served meanwhile. */
export interface StoreOutage {
  readonly error: Error;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** When the listing was made that is served in its place, in milliseconds since the epoch. */
  readonly listedAt: number;
}

/** Ends a {@link Store.watch}. */
export interface StoreWatch {
  close(): void;
}

/**
 * Where model files live. Paths are relative to the store's root; one that leaves it (`..`, an absolute path, a NUL)
 * is refused before anything is asked for. A store never changes anything.
 */
export interface Store {
  /** For messages: without keys, tokens or a query. */
  readonly uri: string;
  /** What tells this store from every other, where the `uri` does not: the cache remembers by it. @default uri */
  readonly identity?: string;
  /**
   * Every file at or below a folder (`''`: all), sorted by path; empty when there is no such folder.
   * @throws {INF_ERR_STORE_UNAVAILABLE | INF_ERR_STORE_DENIED | INF_ERR_STORE_PATH}
   */
  list(folder: string, signal?: AbortSignal): Promise<readonly StoreFile[]>;
  /**
   * One file, or `undefined` when it is not there.
   * @throws {INF_ERR_STORE_UNAVAILABLE | INF_ERR_STORE_DENIED | INF_ERR_STORE_PATH}
   */
  stat(path: string, signal?: AbortSignal): Promise<StoreFile | undefined>;
  /**
   * The content from `offset` on, of exactly this revision.
   * @throws {INF_ERR_STORE_CHANGED} (also while reading) when the file is another by now.
   * @throws {INF_ERR_STORE_UNAVAILABLE | INF_ERR_STORE_DENIED | INF_ERR_STORE_PATH}
   */
  read(file: StoreFile, options?: StoreReadOptions): Promise<AsyncIterable<Uint8Array>>;
  /** Where the file lies on this machine, for stores that need no copy. */
  localPath?(file: StoreFile): string;
  /** Where a folder (`''`: the root) lies on this machine; given together with `localPath`. */
  localFolder?(folder: string): string;
  /** Calls `onChange` when something may have changed: a hint that may be missed or repeated; polling is the truth. */
  watch?(onChange: () => void): StoreWatch;
  /** Set while listings come from memory because the store does not answer: see `StoreCache.remembering`. */
  readonly outage?: StoreOutage;
  /** Of the last listing of everything: files and folders that are there and may not be read now, so that they are left out. */
  readonly unreadable?: readonly string[];
  close(): Promise<void>;
}
