import { type Clock, systemClock } from '@witan/core';
import { below, byPath, isListed } from '../remote/listing.js';
import { revisionOf } from '../remote/revision.js';
import { StallGuard } from '../remote/stall-guard.js';
import { isSafeRelativePath } from '../path-fault.js';
import { safeFolder, safeRelativePath } from '../safe-path.js';
import { storeError } from '../store.errors.js';
import type { Store, StoreFile, StoreReadOptions } from '../store.js';
import { isNotFound, opendalFault } from './opendal-fault.js';
import type { OpendalMetadata, OpendalOperator } from './opendal-module.js';

/** A file is read in parts: an answer of opendal's comes whole, and cannot be called off. */
const PART_BYTES = 4 * 2 ** 20;

export interface OpendalStoreParts {
  readonly uri: string;
  readonly identity: string;
  readonly timeoutMs: number;
  readonly clock?: Clock;
}

/** A container of a cloud, by opendal. Each call asks once; who asks again is the RetryingStore around it. */
export class OpendalStore implements Store {
  readonly uri: string;
  readonly identity: string;
  private readonly timeoutMs: number;
  private readonly clock: Clock;

  constructor(
    private readonly operator: OpendalOperator,
    parts: OpendalStoreParts,
  ) {
    this.uri = parts.uri;
    this.identity = parts.identity;
    this.timeoutMs = parts.timeoutMs;
    this.clock = parts.clock ?? systemClock;
  }

  async list(folder: string, signal?: AbortSignal): Promise<readonly StoreFile[]> {
    const at = safeFolder(folder);
    const entries = await this.ask(this.uri, signal, () => this.operator.list(at, { recursive: true }));
    const files: StoreFile[] = [];
    for (const entry of entries) {
      const path = entry.path();
      const metadata = entry.metadata();
      if (metadata.isFile() && isListed(path) && isSafeRelativePath(path)) files.push(fileOf(path, metadata));
    }
    return below(files.sort(byPath), at);
  }

  async stat(path: string, signal?: AbortSignal): Promise<StoreFile | undefined> {
    const safe = safeRelativePath(path);
    const metadata = await this.ask(`${this.uri}: ${safe}`, signal, () =>
      this.operator.stat(safe).catch((error: unknown) => {
        if (isNotFound(error)) return undefined;
        throw error;
      }),
    );
    return metadata?.isFile() ? fileOf(safe, metadata) : undefined;
  }

  async read(file: StoreFile, { offset = 0, signal }: StoreReadOptions = {}): Promise<AsyncIterable<Uint8Array>> {
    safeRelativePath(file.path);
    await this.check(file, signal);
    return this.parts(file, offset, signal);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Asked before and after: services differ in what they take for a condition of a read. */
  private async check(file: StoreFile, signal?: AbortSignal): Promise<void> {
    const now = await this.stat(file.path, signal);
    if (now?.revision === file.revision && now.bytes === file.bytes) return;
    const seen = now ? 'another file than listed' : 'gone';
    throw storeError('INF_ERR_STORE_CHANGED', `${this.uri}: ${file.path} is ${seen}: list the store anew`);
  }

  private async *parts(file: StoreFile, offset: number, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const what = `${this.uri}: ${file.path}`;
    for (let at = offset; at < file.bytes;) {
      const size = Math.min(PART_BYTES, file.bytes - at);
      const range = { offset: BigInt(at), size: BigInt(size) };
      const part = await this.ask(what, signal, () => this.operator.read(file.path, range));
      if (part.length !== size) throw storeError('INF_ERR_STORE_CHANGED', `${what} has become shorter than listed`);
      at += part.length;
      yield part;
    }
    await this.check(file, signal);
  }

  /** An answer that comes too late, or for nobody, is dropped. */
  private async ask<T>(what: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const guard = new StallGuard(this.clock, this.timeoutMs, signal);
    const givenUp = new Promise<never>((_, reject) => {
      guard.signal.addEventListener('abort', () => reject(guard.signal.reason as Error), { once: true });
    });
    try {
      return await Promise.race([work(), givenUp]);
    } catch (error) {
      throw opendalFault(error, what, guard);
    } finally {
      guard.close();
    }
  }
}

function fileOf(path: string, { contentLength, etag, lastModified }: OpendalMetadata): StoreFile {
  const bytes = Number(contentLength ?? 0);
  return { path, bytes, revision: revisionOf({ etag, modified: lastModified, bytes }) };
}
