import type { Clock } from '@witan/core';
import type { Store, StoreFile } from '../store.js';
import { Blobs, fileKey } from './blobs.js';
import type { CacheFolder } from './cache-folder.js';
import { download, type DownloadRequest } from './download.js';
import { Flights } from './flights.js';
import { ProgressLog } from './progress-log.js';
import { Slots } from './slots.js';
import type { Space } from './space.js';

/** Between two reports of progress: a chunk is far less. */
const REPORT_BYTES = 2 ** 20;

/** Brings single files of stores into the cache: each content once, so many at a time. */
export class Files {
  private readonly flights = new Flights<string, number>();
  private readonly slots: Slots;

  constructor(
    private readonly folder: CacheFolder,
    private readonly blobs: Blobs,
    private readonly space: Space,
    private readonly clock: Clock,
    downloads: number,
  ) {
    this.slots = new Slots(downloads);
  }

  /** The SHA-256 of the file's content, which is in the cache then. `onProgress` gets the bytes that are there. */
  fetch(
    store: Store,
    file: StoreFile,
    signal: AbortSignal | undefined,
    onProgress?: (bytes: number) => void,
  ): Promise<string> {
    const key = fileKey(store, file);
    const bring = (flight: AbortSignal, report: (bytes: number) => void): Promise<string> =>
      this.bring({ store, file, key, signal: flight, report });
    return this.flights.join(file.sha256 ?? key, bring, signal, onProgress);
  }

  /** The SHA-256 of the file's content, if it is in the cache. */
  find(store: Store, file: StoreFile): Promise<string | undefined> {
    return this.blobs.find(fileKey(store, file), file);
  }

  private async bring(request: DownloadRequest): Promise<string> {
    const { key, file, signal } = request;
    const found = await this.blobs.find(key, file);
    if (found !== undefined) return found;
    return this.slots.run(async () => {
      const settle = await this.space.reserve(file.bytes);
      let kept = 0;
      try {
        const { part, sha256 } = await download(this.folder, this.reporting(request));
        await this.blobs.add(part, sha256, file.bytes);
        await this.blobs.refer(key, sha256);
        kept = file.bytes;
        return sha256;
      } finally {
        settle(kept);
      }
    }, signal);
  }

  private reporting(request: DownloadRequest): DownloadRequest {
    const { store, file, report } = request;
    const log = new ProgressLog(this.clock, `downloading ${store.uri}: ${file.path}`, file.bytes);
    let reported = 0;
    return {
      ...request,
      report: (bytes) => {
        log.progress(bytes);
        if (bytes === file.bytes) log.done();
        if (bytes - reported < REPORT_BYTES && bytes !== file.bytes) return;
        reported = bytes;
        report(bytes);
      },
    };
  }
}
