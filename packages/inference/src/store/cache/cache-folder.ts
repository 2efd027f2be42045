import { lstat, mkdir, readdir, rename, rm, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { unless } from './cache-fault.js';
import { newOwner, ownerState } from './owner.js';

const KINDS = ['blobs', 'refs', 'parts', 'trees', 'building', 'leases', 'listings'] as const;
type Kind = (typeof KINDS)[number];

/** What another host left is its own for this long; a download touches its part, a holder its lease, far more often. */
const UNKNOWN_OWNER_MS = 6 * 3_600_000;
/** How long half a download is kept for somebody to go on with it. */
const PART_MS = 7 * 86_400_000;

/** `$XDG_CACHE_HOME/witan/models`, or below `~/.cache`. */
export function defaultCacheDir(): string {
  const home = process.env['XDG_CACHE_HOME'];
  return join(home?.startsWith('/') ? home : join(homedir(), '.cache'), 'witan', 'models');
}

/** The cache's folder on disk, which several processes may share, and this cache's name in it. */
export class CacheFolder {
  readonly owner = newOwner();
  private opened: Promise<void> | undefined;
  private count = 0;

  constructor(readonly root: string) {}

  /** On first use sweeps what ended processes left. Makes the folders each time: somebody may have removed the cache. */
  async open(): Promise<void> {
    if (this.opened) {
      await this.opened;
      return this.makeFolders();
    }
    this.opened = this.prepare();
    try {
      await this.opened;
    } catch (error) {
      this.opened = undefined;
      throw error;
    }
  }

  path(kind: Kind, name: string): string {
    return join(this.root, kind, name);
  }

  /** A new path in `building` that nobody else uses; swept when this process ends without finishing. */
  scratch(): string {
    return this.path('building', `${this.owner}.${this.count++}`);
  }

  /** A small file that appears whole or not at all. */
  async write(path: string, text: string): Promise<void> {
    const scratch = this.scratch();
    try {
      await writeFile(scratch, text);
      await rename(scratch, path);
    } catch (error) {
      await unless(['ENOENT'], unlink(scratch));
      throw error;
    }
  }

  names(kind: Kind): Promise<string[]> {
    return readdir(join(this.root, kind));
  }

  /** The time by the file system's own clock: what is compared with times of files. Milliseconds since the epoch. */
  async now(): Promise<number> {
    const probe = this.scratch();
    await writeFile(probe, '');
    const { mtimeMs } = await stat(probe);
    await unlink(probe);
    return mtimeMs;
  }

  /** Whether whoever wrote this file, or names it, may still be at work. `owner` is the end of its name. */
  async isAbandoned(path: string, owner: string, now: number): Promise<boolean> {
    const state = ownerState(owner);
    if (state !== 'unknown') return state === 'dead';
    const info = await unless(['ENOENT'], lstat(path));
    return info !== undefined && now - info.mtimeMs > UNKNOWN_OWNER_MS;
  }

  private async makeFolders(): Promise<void> {
    for (const kind of KINDS) await mkdir(join(this.root, kind), { recursive: true, mode: 0o700 });
  }

  private async prepare(): Promise<void> {
    await this.makeFolders();
    const now = await this.now();
    for (const kind of ['building', 'leases', 'parts'] as const) {
      for (const name of await this.names(kind)) await this.sweep(this.path(kind, name), kind, name, now);
    }
  }

  private async sweep(path: string, kind: Kind, name: string, now: number): Promise<void> {
    if (!(await this.isAbandoned(path, ownerOf(kind, name), now))) return;
    const info = await unless(['ENOENT'], stat(path));
    if (!info || (kind === 'parts' && now - info.mtimeMs < PART_MS)) return;
    await rm(path, { recursive: true, force: true });
  }
}

/** `building/OWNER.n`, `leases/TREE.OWNER`, `parts/KEY.OWNER` */
function ownerOf(kind: Kind, name: string): string {
  const [first = '', second = ''] = name.split('.');
  return kind === 'building' ? first : second;
}

/** Marks as used just now. */
export async function touch(path: string): Promise<void> {
  const now = new Date();
  await unless(['ENOENT', 'EPERM', 'EACCES'], utimes(path, now, now));
}
