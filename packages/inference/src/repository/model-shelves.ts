import type { Clock } from '@witan/core';
import type { StoreOptions } from '../store/store-options.js';
import type { StoreCache } from '../store/cache/store-cache.js';
import type { DownloadProgress, StoreCacheOptions } from '../store/cache/cached-tree.js';
import type { Store } from '../store/store.js';
import type { LayoutReader } from './layout/layout-reader.js';
import type { ModelListing, VersionListing } from './listing.js';
import type { LocalFiles, ModelSource } from './model-source.js';
import type { RepositoryLog } from './repository-log.js';

export interface ModelShelvesOptions {
  readonly store: string | URL | Store;
  readonly storeOptions?: StoreOptions;
  readonly cache?: StoreCacheOptions;
  /** Copies the files of a local folder too. */
  readonly copyLocal?: boolean;
}

/** Downloads that take longer are said, and again whenever so much time has passed. */
const SAY_AFTER_MS = 5_000;

/** What is there once the store is opened. */
interface Opened {
  readonly store: Store;
  readonly reader: LayoutReader;
  readonly cache: StoreCache;
}

/**
 * The models of a store by their places in it, and the files of their versions on this machine. Opened, and its code
 * loaded, on first use: an application whose models are single files never needs it.
 */
export class ModelShelves {
  private opening: Promise<Opened> | undefined;
  private opened: Store | undefined;
  /** What the last listing met that is no model although it looks like one. */
  private said: ReadonlySet<string> = new Set();

  constructor(
    private readonly options: ModelShelvesOptions,
    private readonly clock: Clock,
    private readonly log: RepositoryLog,
  ) {}

  /** @throws {INF_ERR_STORE_URI} */
  async store(): Promise<Store> {
    return (await this.open()).store;
  }

  /** That the store does not answer, and what is served meanwhile. */
  get outage(): string | undefined {
    const outage = this.opened?.outage;
    if (!outage) return undefined;
    const [since, listed] = [outage.since, outage.listedAt].map((epochMs) => new Date(epochMs).toISOString());
    return `the store ${this.opened!.uri} does not answer since ${since} (${outage.error.message}): served is what it had at ${listed}`;
  }

  /** @throws {INF_ERR_STORE_UNAVAILABLE | INF_ERR_STORE_DENIED | INF_ERR_STORE_URI} */
  async list(signal?: AbortSignal): Promise<ReadonlyMap<string, ModelListing>> {
    const { reader } = await this.open();
    const listings = await reader.list(signal);
    for (const note of reader.notes) if (!this.said.has(note)) this.log.warn(`in ${this.opened!.uri}: ${note}`);
    this.said = new Set(reader.notes);
    return listings;
  }

  /** One model at its place: a folder, or a single file. @throws {INF_ERR_STORE_PATH} and as {@link list} */
  async read(place: string, signal?: AbortSignal): Promise<ModelListing | undefined> {
    return (await this.open()).reader.read(place, signal);
  }

  /** The model at a place, as a source of its own. */
  at(place: string): ModelSource {
    return new Shelf(this, place);
  }

  /** The files of a version, kept until they are released. */
  async fetch(place: string, version: VersionListing, signal?: AbortSignal): Promise<LocalFiles> {
    const { store, cache } = await this.open();
    const base = baseOf(place, version);
    const { copyLocal: copy } = this.options;
    const onProgress = this.progressOf(place, version);
    const tree = await cache.tree(store, version.files, { base, copy, signal, onProgress });
    return { modelPath: tree.pathOf(version.modelFile), folder: tree.folder, release: () => tree.release() };
  }

  async close(): Promise<void> {
    const opened = await this.opening?.catch(() => undefined);
    await opened?.cache.close();
    await opened?.store.close();
  }

  private open(): Promise<Opened> {
    return (this.opening ??= this.openNow());
  }

  private async openNow(): Promise<Opened> {
    const [{ openStore }, { StoreCache }, { LayoutReader }] = await Promise.all([
      import('../store/open-store.js'),
      import('../store/cache/store-cache.js'),
      import('./layout/layout-reader.js'),
    ]);
    const { store: where, storeOptions, cache: cacheOptions } = this.options;
    const cache = new StoreCache({ clock: this.clock, ...cacheOptions });
    const store = cache.remembering(await openStore(where, { clock: this.clock, ...storeOptions }));
    this.opened = store;
    return { store, reader: new LayoutReader(store), cache };
  }

  private progressOf(place: string, { version, files }: VersionListing): (progress: DownloadProgress) => void {
    const total = files.reduce((sum, file) => sum + file.bytes, 0);
    const done = new Map<string, number>();
    let said = this.clock.now();
    return ({ file, bytes }) => {
      done.set(file, bytes);
      const now = this.clock.now();
      if (now - said < SAY_AFTER_MS) return;
      said = now;
      const sum = [...done.values()].reduce((a, b) => a + b, 0);
      this.log.log(`fetching version ${version} of ${place}: ${megabytes(sum)} of ${megabytes(total)} MB`);
    };
  }
}

/** One place of the store. */
class Shelf implements ModelSource {
  constructor(
    private readonly shelves: ModelShelves,
    private readonly place: string,
  ) {}

  get outage(): string | undefined {
    return this.shelves.outage;
  }

  list(signal?: AbortSignal): Promise<ModelListing | undefined> {
    return this.shelves.read(this.place, signal);
  }

  fetch(version: VersionListing, signal?: AbortSignal): Promise<LocalFiles> {
    return this.shelves.fetch(this.place, version, signal);
  }
}

/** The folder that a version's files have in common with its model's: the model's own, or that of its single file. */
function baseOf(place: string, { files }: VersionListing): string {
  if (files.every(({ path }) => path.startsWith(`${place}/`))) return place;
  const slash = place.lastIndexOf('/');
  return slash < 0 ? '' : place.slice(0, slash);
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
