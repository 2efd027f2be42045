import { fixtureModel } from './fixtures.js';

/** A file of a store, as a listing tells it. */
export interface ShelfFile {
  readonly path: string;
  readonly bytes: number;
  readonly revision: string;
}

export interface ShelfVersion {
  readonly version: string;
  readonly modelFile: ShelfFile;
  readonly files: readonly ShelfFile[];
  readonly revision: string;
}

export interface ShelfListing<C> {
  readonly name: string;
  readonly folder: string;
  readonly versions: readonly ShelfVersion[];
  readonly config: C;
  readonly revision: string;
}

/**
 * One model's versions in memory, each one a fixture: a source of models whose every change and failure a test makes
 * itself. Fits a `ModelSource`; `C` is its `ModelConfig`.
 */
export class ModelShelf<C extends object> {
  /** How often a version was fetched. */
  fetches = 0;
  /** Thrown by every listing. */
  listError: Error | undefined;
  /** Fetching a version waits for this. */
  hold: Promise<unknown> = Promise.resolve();
  private readonly versions = new Map<string, ShelfVersion>();
  private readonly fetchErrors = new Map<string, Error>();
  private revisions = 0;

  constructor(
    readonly name: string,
    public config: C,
  ) {}

  /** Puts a fixture there as a version, or in the place of one. */
  put(version: string, fixture: string, bytes = 1000): this {
    const revision = `r${++this.revisions}`;
    const file = { path: fixtureModel(fixture), bytes, revision };
    this.versions.set(version, { version, modelFile: file, files: [file], revision });
    return this;
  }

  remove(version: string): void {
    this.versions.delete(version);
  }

  clear(): void {
    this.versions.clear();
  }

  /** Every fetch of that version fails; `undefined`: works again. */
  breakFetch(version: string, error: Error | undefined): void {
    if (error) this.fetchErrors.set(version, error);
    else this.fetchErrors.delete(version);
  }

  isBroken(version: string): boolean {
    return this.fetchErrors.has(version);
  }

  has(version: string): boolean {
    return this.versions.has(version);
  }

  async list(): Promise<ShelfListing<C> | undefined> {
    if (this.listError) throw this.listError;
    if (this.versions.size === 0) return undefined;
    const { name, config } = this;
    const versions = [...this.versions.values()].sort((a, b) => Number(a.version) - Number(b.version));
    return { name, folder: name, versions, config, revision: versions.map((each) => each.revision).join() };
  }

  async fetch({ version, modelFile }: ShelfVersion): Promise<{ modelPath: string; folder: string }> {
    this.fetches++;
    await this.hold;
    const error = this.fetchErrors.get(version);
    if (error) throw error;
    return { modelPath: modelFile.path, folder: '' };
  }
}
