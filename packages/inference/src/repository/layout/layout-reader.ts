import type { Store, StoreFile } from '../../store/store.js';
import { safeRelativePath } from '../../store/safe-path.js';
import type { ModelListing } from '../listing.js';
import { brokenListing, buildListing, revisionOf } from './build-listing.js';
import type { ReadText } from './config/load-config.js';
import { Ignored } from './ignored.js';
import { layoutError } from './layout.errors.js';
import { groupsOf, type ModelGroup, singleOf } from './model-group.js';
import { isIgnored, isSafeName, NAME_RULE, quoted } from './names.js';
import { readStoreText } from './read-store.js';

/** Configurations that are read at once. */
const CONCURRENT_READS = 16;
/** Places of path templates that are remembered. */
const REMEMBERED_FOLDERS = 1024;

/** What was made of a group's files; made anew when one of them is another. */
interface Remembered {
  readonly groups: readonly ModelGroup[];
  readonly listing: ModelListing | undefined;
}

/**
 * Says which models lie in a store, by their folders and configurations. Between calls it keeps what it made: a model
 * none of whose files changed is the very same {@link ModelListing} object, and nothing of it is read again.
 */
export class LayoutReader {
  private byName = new Map<string, Remembered>();
  private readonly byFolder = new Map<string, Remembered>();
  private said: readonly string[] = [];
  private last: readonly StoreFile[] = [];

  constructor(private readonly store: Store) {}

  /** What the last {@link list} met that is no model although it looks like one, one text each. */
  get notes(): readonly string[] {
    return this.said;
  }

  /**
   * Every model of the store, by name. What is wrong with one is its `problem`, and touches no other.
   * @throws {INF_ERR_STORE_UNAVAILABLE | INF_ERR_STORE_DENIED} when the store cannot be listed
   */
  async list(signal?: AbortSignal): Promise<ReadonlyMap<string, ModelListing>> {
    const notes = new Ignored();
    this.last = this.withUnreadable(await this.store.list('', signal), notes);
    const grouped = groupsOf(this.last, this.store.uri);
    const next = new Map<string, Remembered>();
    const changed: [string, readonly ModelGroup[]][] = [];
    for (const [name, groups] of grouped) {
      const known = this.byName.get(name);
      if (known && isSame(known.groups, groups)) next.set(name, known);
      else changed.push([name, groups]);
    }
    await forEachOf(changed, async ([name, groups]) => {
      const made = await this.make(groups, this.byName.get(name), notes, signal);
      if (made) next.set(name, made);
    });
    this.byName = next;
    const listings = new Map<string, ModelListing>();
    for (const name of grouped.keys()) this.present(name, next.get(name), grouped.get(name)!, listings, notes);
    this.said = notes.texts;
    return listings;
  }

  /**
   * The model at one place of the store: a folder, or `<folder>.onnx`; `undefined` when there is none. Its name is the
   * place itself, with `/` between segments.
   * @throws {INF_ERR_STORE_PATH} the place leaves the store
   * @throws {INF_ERR_STORE_UNAVAILABLE | INF_ERR_STORE_DENIED}
   */
  async read(folder: string, signal?: AbortSignal): Promise<ModelListing | undefined> {
    safeRelativePath(folder);
    const group = await this.groupAt(folder, signal);
    if (!group) return undefined;
    const known = this.byFolder.get(folder);
    if (known && isSame(known.groups, [group])) return known.listing;
    const listing = await buildListing(group, this.reader(signal));
    if (this.byFolder.size >= REMEMBERED_FOLDERS) this.byFolder.delete(this.byFolder.keys().next().value!);
    this.byFolder.set(folder, { groups: [group], listing });
    return listing;
  }

  /** What was there and may not be read now is not gone: models and versions stay what they were. */
  private withUnreadable(files: readonly StoreFile[], notes: Ignored): readonly StoreFile[] {
    const { unreadable = [] } = this.store;
    const kept = unreadable.flatMap((hidden) => {
      const below = this.last.filter(({ path }) => path === hidden || path.startsWith(`${hidden}/`));
      if (below.length > 0) notes.add(`${hidden} may not be read by this user now: what it had stays as it was`);
      return below;
    });
    return kept.length === 0 ? files : [...files, ...kept].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** What the store cannot give just now is asked for again the next time; until then the model stays what it was. */
  private async make(
    groups: readonly ModelGroup[],
    before: Remembered | undefined,
    notes: Ignored,
    signal?: AbortSignal,
  ): Promise<Remembered | undefined> {
    const models = groups.filter(({ files }) => files.some(({ path }) => path.endsWith('.onnx')));
    const group = models[0] ?? groups[0]!;
    if (!isSafeName(group.name)) return { groups, listing: undefined };
    if (models.length > 1) return { groups, listing: conflictOf(models) };
    try {
      return { groups, listing: await buildListing(group, this.reader(signal)) };
    } catch (error) {
      if (signal?.aborted) throw error;
      notes.add(`${group.name}: ${(error as Error).message}`);
      if (before?.listing) return before;
      return { groups: [], listing: brokenListing(group, revisionOf(group.files), error as Error) };
    }
  }

  private present(
    name: string,
    made: Remembered | undefined,
    groups: readonly ModelGroup[],
    listings: Map<string, ModelListing>,
    notes: Ignored,
  ): void {
    if (made?.listing) listings.set(made.listing.name, made.listing);
    else if (!groups.some(({ files }) => files.some(({ path }) => path.endsWith('.onnx')))) return;
    else if (isSafeName(name)) notes.add(`${name}: it has .onnx files, but none where a version's would be`);
    else notes.add(`${quoted(name)}: no name for a model (${NAME_RULE})`);
  }

  private async groupAt(folder: string, signal?: AbortSignal): Promise<ModelGroup | undefined> {
    const prefix = `${folder}/`;
    const below = await this.store.list(folder, signal);
    const files = below.filter(({ path }) => path.startsWith(prefix) && !isIgnored(path.slice(prefix.length)));
    if (files.length > 0) return { name: folder, folder, files };
    const single = await this.store.stat(folder.endsWith('.onnx') ? folder : `${folder}.onnx`, signal);
    if (!single) return undefined;
    const parent = single.path.slice(0, Math.max(0, single.path.lastIndexOf('/')));
    const start = parent === '' ? 0 : parent.length + 1;
    const beside = (await this.store.list(parent, signal)).filter(({ path }) => !path.slice(start).includes('/'));
    return { ...singleOf(single, beside), name: folder };
  }

  private reader(signal?: AbortSignal): ReadText {
    return (file, maxBytes) => readStoreText(this.store, file, maxBytes, signal);
  }
}

/** Every model of a store, once; see {@link LayoutReader.list}. */
export function listModels(store: Store, signal?: AbortSignal): Promise<ReadonlyMap<string, ModelListing>> {
  return new LayoutReader(store).list(signal);
}

/** The model at one place of a store, once; see {@link LayoutReader.read}. */
export function readModel(store: Store, folder: string, signal?: AbortSignal): Promise<ModelListing | undefined> {
  return new LayoutReader(store).read(folder, signal);
}

function conflictOf(groups: readonly ModelGroup[]): ModelListing {
  const [group] = groups as [ModelGroup];
  const places = groups.map(({ folder, single }) => single?.path ?? `${folder}/`).join(' and ');
  const problem = layoutError('INF_ERR_MODEL_LAYOUT', `${places} are both called ${group.name}: take one of them away`);
  return brokenListing(group, revisionOf(groups.flatMap(({ files }) => files)), problem);
}

function isSame(before: readonly ModelGroup[], now: readonly ModelGroup[]): boolean {
  return before.length === now.length && before.every((group, i) => isSameFiles(group.files, now[i]!.files));
}

function isSameFiles(before: readonly StoreFile[], now: readonly StoreFile[]): boolean {
  if (before.length !== now.length) return false;
  for (let i = 0; i < before.length; i++) {
    const [a, b] = [before[i]!, now[i]!];
    if (a.revision !== b.revision || a.path !== b.path || a.bytes !== b.bytes || a.sha256 !== b.sha256) return false;
  }
  return true;
}

async function forEachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = items[Symbol.iterator]();
  const one = async (): Promise<void> => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENT_READS, items.length) }, one));
}
