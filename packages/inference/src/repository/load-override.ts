import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { LocalStore } from '../store/local/local-store.js';
import { LayoutReader } from './layout/layout-reader.js';
import { isSafeFile, isSafeName, NAME_RULE, quoted } from './layout/names.js';
import { configFromJson } from './layout/triton/read-triton-config.js';
import type { ModelListing, VersionListing } from './listing.js';
import type { ModelConfig } from './model-config.js';
import type { LoadModelOptions } from './model-directory.js';
import type { LocalFiles, ModelSource } from './model-source.js';
import { repositoryError } from './repository.errors.js';

/** A model whose files were given with the order to load it: they lie in a folder of their own while it is known. */
export class LoadOverride implements ModelSource {
  private constructor(
    readonly folder: string,
    private readonly store: LocalStore,
    private readonly listing: ModelListing,
  ) {}

  /** @throws {INF_ERR_LOAD_OVERRIDE | INF_ERR_MODEL_CONFIG | INF_ERR_MODEL_LAYOUT} */
  static async of(name: string, config: string, files: ReadonlyMap<string, Uint8Array>): Promise<LoadOverride> {
    checkNames(name, files);
    const parsed = configFromJson(config, name);
    const folder = await mkdtemp(join(tmpdir(), 'witan-override-'));
    try {
      await writeFiles(join(folder, name), files);
      const store = new LocalStore(folder);
      const listing = await new LayoutReader(store).read(name);
      if (listing?.problem) throw listing.problem;
      if (!listing) throw refuse(name, `no file is ${quoted(`1/model.onnx`)} or the like`);
      return new LoadOverride(folder, store, withConfig(listing, parsed, config));
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async list(): Promise<ModelListing> {
    return this.listing;
  }

  async fetch({ modelFile }: VersionListing): Promise<LocalFiles> {
    return { modelPath: this.store.localPath(modelFile), folder: join(this.folder, this.listing.folder) };
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A model of the store with the configuration that an order to load brought. @throws {INF_ERR_MODEL_CONFIG} */
export function withOverride(listing: ModelListing, { config }: LoadModelOptions): ModelListing {
  return config === undefined ? listing : withConfig(listing, configFromJson(config, listing.name), config);
}

/** Another configuration is another revision: the versions are loaded anew. */
function withConfig(listing: ModelListing, config: ModelConfig, text: string): ModelListing {
  const hash = createHash('sha256').update(text).digest('base64url').slice(0, 22);
  const versions = listing.versions.map((each) => ({ ...each, revision: `${each.revision}+${hash}` }));
  return { ...listing, config, versions, revision: `${listing.revision}+${hash}` };
}

function checkNames(name: string, files: ReadonlyMap<string, Uint8Array>): void {
  if (!isSafeName(name)) throw refuse(name, `a model's name has ${NAME_RULE}`);
  for (const path of files.keys()) {
    if (!isSafeFile(path)) throw refuse(name, `the file ${quoted(path)} would not lie below the model's folder`);
  }
}

async function writeFiles(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  for (const [path, bytes] of files) {
    const place = join(folder, path);
    await mkdir(dirname(place), { recursive: true });
    await writeFile(place, bytes, { flag: 'wx' });
  }
}

function refuse(name: string, why: string): Error {
  return repositoryError('INF_ERR_LOAD_OVERRIDE', `model ${quoted(name)} cannot be loaded from what was given: ${why}`);
}
