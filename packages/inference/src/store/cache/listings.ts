import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Clock } from '@witan/core';
import { isSafeRelativePath } from '../path-fault.js';
import type { Store, StoreFile } from '../store.js';
import { unless } from './cache-fault.js';
import type { CacheFolder } from './cache-folder.js';

/** What a store had when it last answered. */
export interface KnownListing {
  readonly files: readonly StoreFile[];
  /** Milliseconds since the epoch. */
  readonly listedAt: number;
}

/** The last whole listing of each store, on disk, for a start while the store is down. */
export class Listings {
  private readonly written = new Map<string, readonly StoreFile[]>();

  constructor(
    private readonly folder: CacheFolder,
    private readonly clock: Clock,
  ) {}

  async remember(store: Store, files: readonly StoreFile[]): Promise<void> {
    const name = nameOf(store);
    const before = this.written.get(name);
    if (before && isSame(before, files)) return;
    const known: KnownListing & { readonly uri: string } = { uri: store.uri, listedAt: this.clock.epochMs(), files };
    await this.folder.write(this.folder.path('listings', name), JSON.stringify(known));
    this.written.set(name, files);
  }

  async recall(store: Store): Promise<KnownListing | undefined> {
    const text = await unless(['ENOENT'], readFile(this.folder.path('listings', nameOf(store)), 'utf8'));
    return text === undefined ? undefined : parse(text);
  }
}

function nameOf(store: Store): string {
  return createHash('sha256')
    .update(store.identity ?? store.uri)
    .digest('hex');
}

/** A file of ours that something damaged is no listing. */
function parse(text: string): KnownListing | undefined {
  try {
    const { files, listedAt } = JSON.parse(text) as KnownListing;
    return files.every(isFile) && Number.isFinite(listedAt) ? { files, listedAt } : undefined;
  } catch {
    return undefined;
  }
}

function isFile(file: Partial<StoreFile>): boolean {
  const { path = '', bytes, revision, sha256 } = file;
  const isHash = sha256 === undefined || (typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256));
  return isSafeRelativePath(path) && Number.isSafeInteger(bytes) && typeof revision === 'string' && isHash;
}

function isSame(before: readonly StoreFile[], now: readonly StoreFile[]): boolean {
  if (before === now) return true;
  if (before.length !== now.length) return false;
  return now.every(({ path, revision }, i) => before[i]!.path === path && before[i]!.revision === revision);
}
