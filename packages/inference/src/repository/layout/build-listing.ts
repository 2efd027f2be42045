import { createHash } from 'node:crypto';
import type { StoreFile } from '../../store/store.js';
import type { ModelListing, VersionListing } from '../listing.js';
import type { ModelConfig } from '../model-config.js';
import { MAX_CONFIG_BYTES } from './config/limits.js';
import { type LoadedConfig, loadConfig, type ReadText } from './config/load-config.js';
import { type FoundVersion, findVersions } from './find-versions.js';
import { Ignored } from './ignored.js';
import { LAYOUT_ERRORS, layoutError } from './layout.errors.js';
import type { ModelGroup } from './model-group.js';
import { isSafeName, quoted } from './names.js';
import { compareVersions } from './versions.js';

/**
 * What lies in a store under one name. `undefined`: nothing that is, or was meant to be, a model.
 * @throws what the store throws; what is wrong with the model itself is its {@link ModelListing.problem}
 */
export async function buildListing(group: ModelGroup, read: ReadText): Promise<ModelListing | undefined> {
  const revision = revisionOf(group.files);
  try {
    return await buildSound(group, revision, read);
  } catch (error) {
    if (!isLayoutError(error)) throw error;
    return brokenListing(group, revision, error);
  }
}

/** A model that cannot be served, and why. */
export function brokenListing(group: ModelGroup, revision: string, problem: Error): ModelListing {
  const { name, folder } = group;
  return { name, folder, versions: [], config: { ignored: [] }, revision, problem };
}

export function isLayoutError(error: unknown): error is Error {
  return error instanceof Error && Object.hasOwn(LAYOUT_ERRORS, (error as { code?: string }).code ?? '');
}

/** Changes with any path, revision or checksum of the files. */
export function revisionOf(files: readonly StoreFile[], ...more: readonly string[]): string {
  const hash = createHash('sha256');
  for (const { path, revision, sha256 = '' } of files) hash.update(JSON.stringify([path, revision, sha256]));
  return hash.update(JSON.stringify(more)).digest('base64url').slice(0, 22);
}

async function buildSound(group: ModelGroup, revision: string, read: ReadText): Promise<ModelListing | undefined> {
  const loaded = group.single ? NO_CONFIG : await loadConfig(group.folder, group.files, read);
  const name = nameOf(group, loaded);
  const ignored = new Ignored();
  for (const text of loaded.parsed.config.ignored) ignored.add(text);
  const found = findVersions(group, loaded.parsed, (text) => ignored.add(text));
  if (found.length === 0 && !loaded.file && !looksLikeModel(group)) return undefined;
  if (found.length === 0) throw nothingToServe(group, loaded, ignored);
  const versions = found
    .map((version) => versionListing(version, group, loaded))
    .sort((a, b) => compareVersions(a.version, b.version));
  sayMissing(group, loaded.parsed.config, ignored);
  const labels = await labelsOf(group, loaded, read);
  const config = { ...loaded.parsed.config, ...(labels && { labels }), ignored: ignored.texts };
  return { name, folder: group.folder, versions, config, revision };
}

const NO_CONFIG: LoadedConfig = { parsed: { config: { ignored: [] }, labelFiles: new Map() } };

function nameOf({ name, isRoot }: ModelGroup, { parsed, file }: LoadedConfig): string {
  const given = parsed.name;
  const own = name.slice(name.lastIndexOf('/') + 1);
  if (given === undefined || given === own || given === name) return name;
  if (isRoot && isSafeName(given)) return given;
  throw layoutError(
    'INF_ERR_MODEL_CONFIG',
    `${file!.path}: name is ${quoted(given)}, and the model is called ${quoted(own)}`,
  );
}

/** Meant to be a model: a file or a version folder of the right name, with nothing to serve in it. */
function looksLikeModel({ folder, files }: ModelGroup): boolean {
  const start = folder === '' ? 0 : folder.length + 1;
  return files.some(({ path }) => /^(?:[^/]*\.onnx$|[1-9]\d*\/)/.test(path.slice(start)));
}

function nothingToServe({ folder, files }: ModelGroup, { parsed }: LoadedConfig, { texts }: Ignored): Error {
  const wanted = parsed.modelFile ?? 'model.onnx';
  const place = folder === '' ? 'the store' : `${folder}/`;
  const seen = files.slice(0, 5).map(({ path }) => path);
  const more = texts.length > 0 ? `; ${texts.slice(0, 5).join('; ')}` : '';
  return layoutError(
    'INF_ERR_MODEL_LAYOUT',
    `${place} has no ${wanted}, and no version folder (1, 2, …) with one. It has ${seen.join(', ')}${files.length > 5 ? ', …' : ''}${more}`,
  );
}

function versionListing(found: FoundVersion, group: ModelGroup, { parsed, file }: LoadedConfig): VersionListing {
  const { vectorize, sha256 } = parsed.config;
  const shared = [...parsed.labelFiles.values(), ...(vectorize === undefined ? [] : [vectorize])];
  const files = new Map(found.files.map((each) => [each.path, each]));
  for (const name of shared) {
    const each = fileBelow(group, name);
    files.set(each.path, each);
  }
  const all = [...files.values()].map((each) => withSum(each, group, sha256));
  const modelFile = all.find(({ path }) => path === found.modelFile.path)!;
  const revision = revisionOf(all, file?.path ?? '', file?.revision ?? '');
  return { version: found.version, modelFile, files: all, revision };
}

function fileBelow({ folder, files }: ModelGroup, name: string): StoreFile {
  const path = folder === '' ? name : `${folder}/${name}`;
  const file = files.find((each) => each.path === path);
  if (file) return file;
  throw layoutError(
    'INF_ERR_MODEL_CONFIG',
    `the configuration names ${quoted(name)}, which is not in ${folder || 'the store'}`,
  );
}

/** A sum that the store gives must be the same: one of the two is not of this file. */
function withSum(file: StoreFile, { folder }: ModelGroup, sums: ModelConfig['sha256']): StoreFile {
  const name = folder === '' ? file.path : file.path.slice(folder.length + 1);
  const sha256 = sums && Object.hasOwn(sums, name) ? sums[name] : undefined;
  if (sha256 === undefined || sha256 === file.sha256) return file;
  if (file.sha256 === undefined) return { ...file, sha256 };
  throw layoutError('INF_ERR_MODEL_CONFIG', `${file.path}: witan.yaml and the store give different SHA-256 sums`);
}

function sayMissing({ folder, files }: ModelGroup, { sha256 = {} }: ModelConfig, ignored: Ignored): void {
  const paths = new Set(files.map(({ path }) => (folder === '' ? path : path.slice(folder.length + 1))));
  for (const name of Object.keys(sha256))
    if (!paths.has(name)) ignored.add(`sha256 of ${quoted(name)}: there is no such file`);
}

async function labelsOf(group: ModelGroup, { parsed }: LoadedConfig, read: ReadText): Promise<ModelConfig['labels']> {
  if (parsed.labelFiles.size === 0) return parsed.config.labels;
  const entries = [...parsed.labelFiles].map(async ([output, name]) => {
    const text = await read(fileBelow(group, name), MAX_CONFIG_BYTES);
    return [output, text.replace(/\r?\n$/, '').split(/\r?\n/)] as const;
  });
  return { ...parsed.config.labels, ...Object.fromEntries(await Promise.all(entries)) };
}
