import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { readHandle } from '../local/read-handle.js';
import { storeError } from '../store.errors.js';
import type { Store, StoreFile } from '../store.js';
import { unless } from './cache-fault.js';
import type { CacheFolder } from './cache-folder.js';

/** A whole file under a name that is still its writer's own. */
export interface Downloaded {
  readonly part: string;
  readonly sha256: string;
}

export interface DownloadRequest {
  readonly store: Store;
  readonly file: StoreFile;
  readonly key: string;
  readonly signal: AbortSignal;
  /** Called with how many bytes are there. */
  readonly report: (bytes: number) => void;
}

/**
 * Brings one file, from where a process before left off. What is there stays for the next attempt when the store
 * failed or the caller gave up, and goes when it is wrong or does not fit on the disk.
 * @throws what the store throws; {INF_ERR_STORE_CHECKSUM}; what the file system throws
 */
export async function download(folder: CacheFolder, request: DownloadRequest): Promise<Downloaded> {
  const part = folder.path('parts', `${request.key}.${folder.owner}`);
  await adopt(folder, request.key, part);
  const handle = await open(part, 'a+', 0o600);
  try {
    const { resumedAt, sha256 } = await fill(handle, request);
    if (sha256 === wanted(request.file, sha256)) return { part, sha256 };
    // What was found may have been of another version with the same size and revision.
    if (resumedAt === 0) throw wrong(request, sha256);
    await handle.truncate(0);
    const again = await fill(handle, request);
    if (again.sha256 !== wanted(request.file, again.sha256)) throw wrong(request, again.sha256);
    return { part, sha256: again.sha256 };
  } catch (error) {
    if (!isWorthKeeping(error)) await unless(['ENOENT'], unlink(part));
    throw error;
  } finally {
    await handle.close();
  }
}

/** Half a download of a process that has ended becomes ours. */
async function adopt(folder: CacheFolder, key: string, part: string): Promise<void> {
  const left = (await folder.names('parts')).filter((name) => name.startsWith(`${key}.`));
  if (left.length === 0 || left.includes(`${key}.${folder.owner}`)) return;
  const now = await folder.now();
  for (const name of left) {
    const path = folder.path('parts', name);
    if (!(await folder.isAbandoned(path, name.slice(key.length + 1), now))) continue;
    await unless(['ENOENT'], rename(path, part));
    return;
  }
}

async function fill(
  handle: FileHandle,
  { store, file, signal, report }: DownloadRequest,
): Promise<{ readonly resumedAt: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  const resumedAt = await resume(handle, file, hash);
  let at = resumedAt;
  report(at);
  if (at < file.bytes || file.bytes === 0) {
    for await (const chunk of await store.read(file, { offset: at, signal })) {
      at += chunk.length;
      if (at > file.bytes) break;
      await handle.appendFile(chunk);
      hash.update(chunk);
      report(at);
    }
  }
  signal.throwIfAborted();
  if (at !== file.bytes) throw otherSize(store, file, at);
  await handle.sync();
  return { resumedAt, sha256: hash.digest('hex') };
}

/** Hashes what is there already, and gives its size. */
async function resume(handle: FileHandle, file: StoreFile, hash: Hash): Promise<number> {
  const { size } = await handle.stat();
  if (size > file.bytes) await handle.truncate(0);
  if (size === 0 || size > file.bytes) return 0;
  for await (const chunk of readHandle(handle, 0)) hash.update(chunk);
  return size;
}

function wanted(file: StoreFile, sha256: string): string {
  return file.sha256?.toLowerCase() ?? sha256;
}

function isWorthKeeping(error: unknown): boolean {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return code === 'INF_ERR_STORE_UNAVAILABLE' || code === 'INF_ERR_STORE_DENIED' || name === 'AbortError';
}

function otherSize(store: Store, file: StoreFile, bytes: number): Error {
  const seen = bytes > file.bytes ? 'more' : `${bytes} bytes`;
  const text = `${store.uri}: ${file.path} has ${seen}, not ${file.bytes} bytes as listed: list the store anew`;
  return storeError('INF_ERR_STORE_CHANGED', text);
}

function wrong({ store, file }: DownloadRequest, sha256: string): Error {
  const text = `${store.uri}: ${file.path} has the SHA-256 ${sha256}, not ${file.sha256} as declared: it is not used`;
  return storeError('INF_ERR_STORE_CHECKSUM', text);
}
