import { createHash } from 'node:crypto';
import { chmod, link, readFile, rename, stat, unlink } from 'node:fs/promises';
import type { Store, StoreFile } from '../store.js';
import { unless } from './cache-fault.js';
import type { CacheFolder } from './cache-folder.js';

/** Codes by which file systems say that they have no hard links, or no more for this file. */
export const NO_LINKS: readonly string[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV'];

/** What the cache knows a file by before it knows its content. */
export function fileKey(store: Store, file: StoreFile): string {
  const parts = [store.identity ?? store.uri, file.path, file.revision, file.bytes];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** Contents by their SHA-256, and which file of a store has which. A content is never written twice or over. */
export class Blobs {
  constructor(private readonly folder: CacheFolder) {}

  path(sha256: string): string {
    return this.folder.path('blobs', sha256);
  }

  /** The SHA-256 of a file's content, if it is here and whole. */
  async find(key: string, file: StoreFile): Promise<string | undefined> {
    const sha256 = file.sha256?.toLowerCase() ?? (await this.referred(key));
    return sha256 !== undefined && (await this.isWhole(sha256, file.bytes)) ? sha256 : undefined;
  }

  /** Makes the finished `part` the content of that hash; whoever comes second drops his own. */
  async add(part: string, sha256: string, bytes: number): Promise<void> {
    await chmod(part, 0o444);
    if (await this.isWhole(sha256, bytes)) return unlink(part);
    try {
      await link(part, this.path(sha256));
      await unlink(part);
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') await unlink(part);
      else if (NO_LINKS.includes(code)) await rename(part, this.path(sha256));
      else throw error;
    }
  }

  refer(key: string, sha256: string): Promise<void> {
    return this.folder.write(this.folder.path('refs', key), sha256);
  }

  /** What is there with another size was damaged from outside: it makes room for the right one. */
  private async isWhole(sha256: string, bytes: number): Promise<boolean> {
    const info = await unless(['ENOENT'], stat(this.path(sha256)));
    if (info === undefined || info.size === bytes) return info !== undefined;
    await unless(['ENOENT'], unlink(this.path(sha256)));
    return false;
  }

  private async referred(key: string): Promise<string | undefined> {
    const text = await unless(['ENOENT'], readFile(this.folder.path('refs', key), 'utf8'));
    return text !== undefined && /^[0-9a-f]{64}$/.test(text) ? text : undefined;
  }
}
