import type { Store, StoreFile, StoreReadOptions } from '../store.js';
import type { StoreOptions } from '../store-options.js';
import { Retry } from './retry.js';

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
    return this.resume(await open(offset), open, offset, signal);
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
