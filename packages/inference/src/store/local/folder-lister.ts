import { Worker } from 'node:worker_threads';
import type { StoreFile } from '../store.js';
import { type Walk, walk } from './walk.js';

/** From this many files and folders on, walking takes longer than a request should wait: a thread of its own does it. */
const INLINE_ENTRIES = 200;

export interface FolderListing {
  /** Sorted by path; the very same list as before while nothing has changed. */
  readonly files: readonly StoreFile[];
  readonly folders: readonly string[];
  readonly refused: readonly string[];
  readonly unreadable: readonly string[];
}

/** What the thread is asked, and what it answers: `'same'` when it answered that folder so before. */
export interface WalkRequest {
  readonly id: number;
  readonly root: string;
  readonly folder: string;
}
export type WalkAnswer = { readonly id: number } & (
  { readonly walk: Walk | 'same' } | { readonly error: { readonly message: string; readonly code: string | undefined } }
);

interface Waiting {
  readonly key: string;
  resolve(listing: FolderListing): void;
  reject(error: Error): void;
}

/** Lists folders: small ones at once, large ones in a thread that stays, so that a poll costs the event loop nothing. */
export class FolderLister {
  private readonly last = new Map<string, FolderListing>();
  private readonly waiting = new Map<number, Waiting>();
  private worker: Worker | undefined;
  private nextId = 1;
  private closed = false;

  /** @throws what the file system throws for the folder itself, with its `code` */
  list(root: string, folder: string): Promise<FolderListing> {
    const key = `${root}\0${folder}`;
    const last = this.last.get(key);
    if (last && last.files.length + last.folders.length > INLINE_ENTRIES && !this.closed) {
      return this.listInThread(key, root, folder);
    }
    return new Promise((resolve) => resolve(this.keep(key, walk(root, folder))));
  }

  async close(): Promise<void> {
    this.closed = true;
    const { worker } = this;
    this.worker = undefined;
    await worker?.terminate();
  }

  private listInThread(key: string, root: string, folder: string): Promise<FolderListing> {
    return new Promise((resolve, reject) => {
      const id = this.nextId++;
      this.waiting.set(id, { key, resolve, reject });
      const thread = this.thread();
      thread.ref();
      thread.postMessage({ id, root, folder } satisfies WalkRequest);
    });
  }

  private thread(): Worker {
    if (this.worker) return this.worker;
    const worker = new Worker(new URL('./walk-thread.js', import.meta.url), { name: 'witan-store-list' });
    worker.on('message', (answer: WalkAnswer) => this.answer(answer));
    worker.on('error', (error) => this.abandon(worker, error));
    worker.on('exit', () => this.abandon(worker, new Error('the thread that lists the store ended')));
    this.worker = worker;
    return worker;
  }

  private answer(answer: WalkAnswer): void {
    const waiting = this.waiting.get(answer.id);
    this.waiting.delete(answer.id);
    if (this.waiting.size === 0) this.worker?.unref();
    if (!waiting) return;
    if ('error' in answer) waiting.reject(Object.assign(new Error(answer.error.message), { code: answer.error.code }));
    else if (answer.walk === 'same') waiting.resolve(this.last.get(waiting.key)!);
    else waiting.resolve(this.keep(waiting.key, answer.walk));
  }

  /** The next listing starts a new thread; those under way fail, and are asked again by whoever polls. */
  private abandon(worker: Worker, error: Error): void {
    if (this.worker === worker) this.worker = undefined;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }

  private keep(key: string, found: Walk): FolderListing {
    const files = found.paths.map((path, i) => ({ path, bytes: found.bytes[i]!, revision: found.revisions[i]! }));
    files.sort((a, b) => (a.path < b.path ? -1 : 1));
    const before = this.last.get(key);
    const listing = {
      files: before && isSame(before.files, files) ? before.files : files,
      folders: found.folders,
      refused: found.refused,
      unreadable: found.unreadable,
    };
    this.last.set(key, listing);
    return listing;
  }
}

function isSame(before: readonly StoreFile[], now: readonly StoreFile[]): boolean {
  if (before.length !== now.length) return false;
  return now.every(({ path, revision }, i) => before[i]!.path === path && before[i]!.revision === revision);
}
