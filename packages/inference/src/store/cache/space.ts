import { readFile, readlink, rename, rm, stat, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@witan/core';
import { storeError } from '../store.errors.js';
import { wait } from '../remote/wait.js';
import { unless } from './cache-fault.js';
import type { CacheFolder } from './cache-folder.js';
import { type Contents, type Item, scan } from './contents.js';
import type { Leases } from './leases.js';

/** How long what other processes added goes unseen. */
const RESCAN_MS = 60_000;
/** Another process makes room at the moment: look again after this long, so many times. */
const EVICTING = { waitMs: 50, times: 200 } as const;

/** Keeps the cache below its bound: what was used longest ago goes, what is in use never. */
export class Space {
  private usedBytes = 0;
  private reservedBytes = 0;
  private scannedAt: number | undefined;
  /** Contents that are about to be part of a tree, with how many trees want them. */
  private readonly wanted = new Map<string, number>();
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly folder: CacheFolder,
    private readonly leases: Leases,
    private readonly clock: Clock,
    readonly maxBytes: number,
  ) {}

  /**
   * Room for `bytes` more, until what this gives back is called with the bytes that stayed.
   * @throws {INF_ERR_STORE_FULL}
   */
  async reserve(bytes: number): Promise<(keptBytes: number) => void> {
    this.reservedBytes += bytes;
    const settle = (keptBytes: number): void => {
      this.reservedBytes -= bytes;
      this.usedBytes += keptBytes;
    };
    try {
      await this.inTurn(() => this.makeRoom(bytes));
      return settle;
    } catch (error) {
      settle(0);
      throw error;
    }
  }

  /** Frees at least `bytes` of what nobody uses, if there are as many; gives how many it freed. */
  free(bytes: number): Promise<number> {
    return this.inTurn(() => this.evict(() => bytes));
  }

  /** Keeps a content from going while it is about to become part of a tree. */
  want(sha256: string): () => void {
    this.wanted.set(sha256, (this.wanted.get(sha256) ?? 0) + 1);
    return () => {
      const count = this.wanted.get(sha256)! - 1;
      if (count > 0) this.wanted.set(sha256, count);
      else this.wanted.delete(sha256);
    };
  }

  /** Until no other process is removing things: one that began before a lease was taken may not have seen it. */
  async settled(signal?: AbortSignal): Promise<void> {
    for (let i = 0; i < EVICTING.times && (await this.isLocked()); i++) await wait(this.clock, EVICTING.waitMs, signal);
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(work);
    this.last = result.catch(() => undefined);
    return result;
  }

  private async makeRoom(bytes: number): Promise<void> {
    if (bytes > this.maxBytes) throw this.full(bytes, 'the file alone is larger');
    const now = this.clock.now();
    const isOld = this.scannedAt === undefined || now - this.scannedAt > RESCAN_MS;
    if (isOld || this.missingBytes() > 0) {
      this.usedBytes = (await scan(this.folder)).bytes;
      this.scannedAt = now;
    }
    if (this.missingBytes() > 0) await this.evict(() => this.missingBytes());
    if (this.missingBytes() <= 0) return;
    throw this.full(bytes, `${this.usedBytes + this.reservedBytes - bytes} bytes of it are in use`);
  }

  private full(bytes: number, why: string): Error {
    const text = `no room for ${bytes} bytes: the model cache ${this.folder.root} may keep ${this.maxBytes}, and ${why}: raise maxBytes`;
    return storeError('INF_ERR_STORE_FULL', text);
  }

  private missingBytes(): number {
    return this.usedBytes + this.reservedBytes - this.maxBytes;
  }

  /** `bytes` is asked once it is known how much is there: other processes have brought and removed things. */
  private async evict(bytes: () => number): Promise<number> {
    const unlock = await this.lock();
    if (!unlock) return 0;
    try {
      // After the lock: whoever takes a lease from now on waits for its end.
      const inUse = await this.leases.inUse();
      const contents = await scan(this.folder);
      this.usedBytes = contents.bytes;
      const freed = await this.remove(contents, inUse, bytes());
      this.usedBytes -= freed;
      return freed;
    } finally {
      await unlock();
    }
  }

  private async remove(contents: Contents, inUse: ReadonlySet<string>, bytes: number): Promise<number> {
    const gone = new Set<string>();
    let freed = 0;
    for (const item of contents.items) {
      if (freed >= bytes) break;
      if (item.kind === 'tree' && inUse.has(item.name)) continue;
      freed += await this.removeItem(item, gone);
    }
    if (gone.size > 0) await this.removeReferences(gone);
    return freed;
  }

  private removeItem(item: Item, gone: Set<string>): Promise<number> {
    if (item.kind === 'tree') return this.removeTree(item, gone);
    return item.kind === 'blob' ? this.removeBlob(item.name, gone) : this.removePart(item);
  }

  private async removePart({ name, ownBytes }: Item): Promise<number> {
    await unless(['ENOENT'], unlink(this.folder.path('parts', name)));
    return ownBytes;
  }

  /** Away from its place at once, then from the disk, with the contents that no other tree has. */
  private async removeTree(item: Item, gone: Set<string>): Promise<number> {
    const scratch = this.folder.scratch();
    await unless(['ENOENT'], rename(this.folder.path('trees', item.name), scratch));
    await rm(scratch, { recursive: true, force: true });
    let freed = item.ownBytes;
    for (const sha256 of item.blobs) freed += await this.removeBlob(sha256, gone);
    return freed;
  }

  /** Only what no tree has: its count of links tells. */
  private async removeBlob(sha256: string, gone: Set<string>): Promise<number> {
    const path = this.folder.path('blobs', sha256);
    const info = await unless(['ENOENT'], stat(path));
    if (!info || info.nlink > 1 || this.wanted.has(sha256)) return 0;
    await unless(['ENOENT'], unlink(path));
    gone.add(sha256);
    return info.size;
  }

  private async removeReferences(gone: ReadonlySet<string>): Promise<void> {
    for (const key of await this.folder.names('refs')) {
      const path = this.folder.path('refs', key);
      const sha256 = await unless(['ENOENT'], readFile(path, 'utf8'));
      if (sha256 !== undefined && gone.has(sha256)) await unless(['ENOENT'], unlink(path));
    }
  }

  private get lockPath(): string {
    return join(this.folder.root, 'evicting');
  }

  /** A link to nothing: it appears whole, with its owner's name, also on a disk that has no room for a byte. */
  private async lock(): Promise<(() => Promise<void>) | undefined> {
    for (let i = 0; i < EVICTING.times; i++) {
      const made = symlink(this.folder.owner, this.lockPath).then(() => true);
      if (await unless(['EEXIST'], made)) return () => rm(this.lockPath, { force: true });
      if (await this.isLocked()) await wait(this.clock, EVICTING.waitMs);
    }
    return undefined;
  }

  /** A lock of a process that has ended is none, and goes. */
  private async isLocked(): Promise<boolean> {
    const owner = await unless(['ENOENT'], readlink(this.lockPath));
    if (owner === undefined) return false;
    if (!(await this.folder.isAbandoned(this.lockPath, owner, await this.folder.now()))) return true;
    await rm(this.lockPath, { force: true });
    return false;
  }
}
