import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { unless } from './cache-fault.js';
import type { CacheFolder } from './cache-folder.js';

/** Beside the files of a tree: the contents it was made of. No file of a store begins with a dot. */
export const TREE_NOTE = '.witan-tree';

/** What may go: a tree, a content that no tree has, half a download of a process that has ended. */
export interface Item {
  readonly kind: 'tree' | 'blob' | 'part';
  readonly name: string;
  /** When it was last used, in milliseconds since the epoch. */
  readonly usedAt: number;
  /** SHA-256 of the contents of a tree. */
  readonly blobs: readonly string[];
  /** Bytes of a part; bytes that a tree has for itself, where the file system has no hard links. */
  readonly ownBytes: number;
}

export interface Contents {
  readonly bytes: number;
  /** Least recently used first. */
  readonly items: readonly Item[];
}

/** Everything in the cache folder. Other processes may add and remove meanwhile: what is gone is not counted. */
export async function scan(folder: CacheFolder): Promise<Contents> {
  const items: Item[] = [];
  let bytes = 0;
  for (const name of await folder.names('blobs')) {
    const info = await unless(['ENOENT'], stat(folder.path('blobs', name)));
    bytes += info?.size ?? 0;
    if (info?.nlink === 1) items.push({ kind: 'blob', name, usedAt: info.mtimeMs, blobs: [], ownBytes: 0 });
  }
  const now = await folder.now();
  for (const name of await folder.names('parts')) {
    const item = await partItem(folder, name, now);
    bytes += item?.ownBytes ?? 0;
    if (item) items.push(item);
  }
  for (const name of await folder.names('trees')) {
    const item = await treeItem(folder, name);
    bytes += item?.ownBytes ?? 0;
    if (item) items.push(item);
  }
  items.sort((a, b) => a.usedAt - b.usedAt);
  return { bytes, items };
}

/** Half a download that nobody goes on with; one under way was reserved for. */
async function partItem(folder: CacheFolder, name: string, now: number): Promise<Item | undefined> {
  const path = folder.path('parts', name);
  const info = await unless(['ENOENT'], stat(path));
  if (!info || !(await folder.isAbandoned(path, name.split('.')[1] ?? '', now))) return undefined;
  return { kind: 'part', name, usedAt: info.mtimeMs, blobs: [], ownBytes: info.size };
}

async function treeItem(folder: CacheFolder, name: string): Promise<Item | undefined> {
  const path = folder.path('trees', name);
  const info = await unless(['ENOENT'], stat(path));
  if (!info) return undefined;
  const note = await unless(['ENOENT'], readFile(join(path, TREE_NOTE), 'utf8'));
  const blobs = note === undefined ? [] : note.split('\n').filter((line) => /^[0-9a-f]{64}$/.test(line));
  return { kind: 'tree', name, usedAt: info.mtimeMs, blobs, ownBytes: await ownBytes(path) };
}

async function ownBytes(path: string): Promise<number> {
  let bytes = 0;
  const entries = await unless(['ENOENT'], readdir(path, { withFileTypes: true, recursive: true }));
  for (const entry of entries ?? []) {
    if (!entry.isFile() || entry.name === TREE_NOTE) continue;
    const info = await unless(['ENOENT'], stat(join(entry.parentPath, entry.name)));
    if (info?.nlink === 1) bytes += info.size;
  }
  return bytes;
}
