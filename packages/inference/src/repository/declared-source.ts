import { stat } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findModelFile } from '../module/model-path.js';
import type { Store } from '../store/store.js';
import { FileSource } from './file-source.js';
import type { ModelListing, VersionListing } from './listing.js';
import { inferenceError } from '../inference.errors.js';
import type { ModelShelves } from './model-shelves.js';
import type { LocalFiles, ModelSource } from './model-source.js';

/** The folder that a store is, when it is one of this machine; no other store takes absolute paths. */
export function localFolderOf(store: string | URL | Store): string | undefined {
  if (store instanceof URL) return store.protocol === 'file:' ? fileURLToPath(store) : undefined;
  if (typeof store !== 'string') return undefined;
  if (store.startsWith('file:')) return fileURLToPath(store);
  return /^[A-Za-z][A-Za-z0-9+.-]+:/.test(store) ? undefined : resolve(store);
}

export interface DeclaredSourceOptions {
  readonly name: string;
  readonly path: string;
  /** What the version of a single file is called. */
  readonly version: string;
  readonly store: string | URL | Store;
}

/**
 * Where a model lies that the code names: a file of this machine, which is looked at alone, without opening the store;
 * or a folder or file of the store, with versions and configuration.
 */
export class DeclaredSource implements ModelSource {
  private readonly folder: string | undefined;
  private readonly file: FileSource;
  private readonly inStore: ModelSource;

  constructor(
    private readonly options: DeclaredSourceOptions,
    private readonly shelves: ModelShelves,
  ) {
    const { name, path, version, store } = options;
    this.folder = localFolderOf(store);
    this.file = new FileSource(name, version, () => findModelFile(this.folder!, name, path));
    this.inStore = shelves.at(path);
  }

  get outage(): string | undefined {
    return this.inStore.outage;
  }

  async list(signal?: AbortSignal): Promise<ModelListing | undefined> {
    if (await this.isFile()) return this.file.list();
    const listing = (await this.hasNoStore()) ? undefined : await this.inStore.list(signal);
    if (listing) return listing;
    // Says where it looked.
    if (this.folder !== undefined) return this.file.list();
    const { name, path } = this.options;
    const { uri } = await this.shelves.store();
    throw inferenceError('INF_ERR_MODEL_NOT_FOUND', `model '${name}': no folder or file '${path}' in ${uri}`);
  }

  fetch(version: VersionListing, signal?: AbortSignal): Promise<LocalFiles> {
    return isAbsolute(version.modelFile.path) ? this.file.fetch(version) : this.inStore.fetch(version, signal);
  }

  /** A folder of this machine that is not there has no model in it: what was looked for says more than that. */
  private async hasNoStore(): Promise<boolean> {
    if (this.folder === undefined) return false;
    return stat(this.folder).then(
      () => false,
      (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
    );
  }

  private async isFile(): Promise<boolean> {
    const { path } = this.options;
    if (this.folder === undefined) return false;
    if (isAbsolute(path)) return true;
    const base = resolve(this.folder, path);
    const places = base.endsWith('.onnx') ? [base] : [`${base}.onnx`, base];
    const seen = await Promise.all(places.map((place) => stat(place).catch(() => undefined)));
    return seen.some((info) => info?.isFile());
  }
}
