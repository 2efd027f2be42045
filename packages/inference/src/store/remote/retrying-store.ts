import { createHash } from 'node:crypto';
import { storeError } from '../store.errors.js';
import type { Store, StoreFile, StoreReadOptions } from '../store.js';
import type { StoreOptions } from '../store-options.js';
import { Retry } from './retry.js';
import { etagOf } from './revision.js';

/** A remote store that asks again when it is unavailable, and goes on where a download was cut. */
export class RetryingStore implements Store {
  readonly uri: string;
  readonly identity: string;
  private readonly retry: Retry;

  constructor(
    private readonly store: Store,
    options: StoreOptions,
  ) {
    this.uri = store.uri;
    this.identity = store.identity ?? store.uri;
    this.retry = new Retry(options);
  }

  list(folder: string, signal?: AbortSignal): Promise<readonly StoreFile[]> {
    return this.retry.run(() => this.store.list(folder, signal), signal);
  }

  stat(path: string, signal?: AbortSignal): Promise<StoreFile | undefined> {
    return this.retry.run(() => this.store.stat(path, signal), signal);
  }

  async read(file: StoreFile, { offset = 0, signal }: StoreReadOptions = {}): Promise<AsyncIterable<Uint8Array>> {
    const open = (at: number, failed = 0): Promise<AsyncIterable<Uint8Array>> =>
      this.retry.run(() => this.store.read(file, { offset: at, signal }), signal, failed);
    const content = this.resume(await open(offset), open, offset, signal);
    return isUnconditional(file) && offset === 0 ? verified(content, file, `${this.uri}: ${file.path}`) : content;
  }

  close(): Promise<void> {
    return this.store.close();
  }

  private async *resume(
    first: AsyncIterable<Uint8Array>,
    open: (at: number, failed: number) => Promise<AsyncIterable<Uint8Array>>,
    offset: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array> {
    let at = offset;
    let source = first;
    for (let failures = 0; ;) {
      try {
        for await (const chunk of source) {
          at += chunk.length;
          failures = 0;
          yield chunk;
        }
        return;
      } catch (error) {
        await this.retry.pause(error, ++failures, signal);
        source = await open(at, failures);
      }
    }
  }
}

/** Known by its hash alone: the service could not be asked for exactly this content. */
function isUnconditional({ sha256, revision }: StoreFile): boolean {
  return sha256 !== undefined && etagOf(revision) === undefined;
}

async function* verified(
  content: AsyncIterable<Uint8Array>,
  { sha256 }: StoreFile,
  what: string,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  for await (const chunk of content) {
    hash.update(chunk);
    yield chunk;
  }
  const seen = hash.digest('hex');
  if (seen === sha256) return;
  throw storeError('INF_ERR_STORE_CHECKSUM', `${what} has the SHA-256 ${seen}, not ${sha256} as declared`);
}
