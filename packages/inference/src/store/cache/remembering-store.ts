import { open } from 'node:fs/promises';
import { Logger } from '@nestjs/common';
import { type Clock, WitanError } from '@witan/core';
import { readAndClose } from '../local/read-handle.js';
import { safeFolder, safeRelativePath } from '../safe-path.js';
import { below } from '../remote/listing.js';
import { STORE_ERRORS } from '../store.errors.js';
import type { Store, StoreFile, StoreOutage, StoreReadOptions } from '../store.js';
import type { Blobs } from './blobs.js';
import { unless } from './cache-fault.js';
import { touch } from './cache-folder.js';
import type { Files } from './files.js';
import type { Listings } from './listings.js';

/** Files up to this size (configurations, labels) are read through the cache, so that they are there when the store is not. */
const SMALL_BYTES = 2 ** 20;

/** What a RememberingStore keeps with. */
export interface Memory {
  readonly files: Files;
  readonly blobs: Blobs;
  readonly listings: Listings;
  readonly clock: Clock;
  open(): Promise<void>;
}

/** A remote store that answers from the cache while the real one does not, and says so in `outage`. */
export class RememberingStore implements Store {
  readonly uri: string;
  readonly identity: string;
  private readonly logger = new Logger('Store');
  private down: StoreOutage | undefined;

  constructor(
    /** The real one: what the cache itself reads, or it would wait for itself. */
    readonly store: Store,
    private readonly memory: Memory,
  ) {
    this.uri = store.uri;
    this.identity = store.identity ?? store.uri;
  }

  get outage(): StoreOutage | undefined {
    return this.down;
  }

  async list(folder: string, signal?: AbortSignal): Promise<readonly StoreFile[]> {
    const at = safeFolder(folder);
    try {
      const files = await this.store.list(at, signal);
      if (at === '') await this.remember(files);
      this.isUp();
      return files;
    } catch (error) {
      const known = isOutage(error) ? await this.recall() : undefined;
      if (!known) throw error;
      this.isDown(error as WitanError, known.listedAt);
      return below(known.files, at);
    }
  }

  async stat(path: string, signal?: AbortSignal): Promise<StoreFile | undefined> {
    const safe = safeRelativePath(path);
    try {
      return await this.store.stat(safe, signal);
    } catch (error) {
      const known = isOutage(error) ? await this.recall() : undefined;
      if (!known) throw error;
      return known.files.find((file) => file.path === safe);
    }
  }

  async read(file: StoreFile, options: StoreReadOptions = {}): Promise<AsyncIterable<Uint8Array>> {
    safeRelativePath(file.path);
    const sha256 = await this.cached(file, options.signal);
    const path = sha256 === undefined ? undefined : this.memory.blobs.path(sha256);
    const handle = path === undefined ? undefined : await unless(['ENOENT'], open(path));
    if (!handle) return this.store.read(file, options);
    await touch(path!);
    return readAndClose(handle, options.offset ?? 0, options.signal);
  }

  close(): Promise<void> {
    return this.store.close();
  }

  /** The cache is a help, not a need: where its disk fails, the store itself is read. */
  private async cached(file: StoreFile, signal: AbortSignal | undefined): Promise<string | undefined> {
    try {
      await this.memory.open();
      const found = await this.memory.files.find(this.store, file);
      if (found !== undefined || file.bytes > SMALL_BYTES) return found;
      return await this.memory.files.fetch(this.store, file, signal);
    } catch (error) {
      if (WitanError.is(error) && error.code !== 'INF_ERR_STORE_FULL') throw error;
      signal?.throwIfAborted();
      return undefined;
    }
  }

  private async remember(files: readonly StoreFile[]): Promise<void> {
    try {
      await this.memory.open();
      await this.memory.listings.remember(this.store, files);
    } catch (error) {
      this.logger.warn(
        `${this.uri}: what it has could not be written down for a time when it is down: ${String(error)}`,
      );
    }
  }

  private async recall() {
    try {
      await this.memory.open();
      return await this.memory.listings.recall(this.store);
    } catch {
      return undefined;
    }
  }

  private isUp(): void {
    if (this.down) this.logger.log(`${this.uri} answers again`);
    this.down = undefined;
  }

  private isDown(error: WitanError, listedAt: number): void {
    if (!this.down) {
      const then = new Date(listedAt).toISOString();
      this.logger.warn(`${error.message}: what is cached is served, as the store was at ${then}`);
    }
    this.down = { error, since: this.down?.since ?? this.memory.clock.epochMs(), listedAt };
  }
}

function isOutage(error: unknown): boolean {
  return WitanError.is(error) && Object.hasOwn(STORE_ERRORS, error.code);
}
