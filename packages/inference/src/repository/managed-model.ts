import type { Clock } from '@witan/core';
import type { SchemaBinding, ServedModel } from '../model/served-model.js';
import { Aliases, checkAlias } from './aliases.js';
import { compareVersions } from './layout/versions.js';
import type { ModelListing, VersionListing } from './listing.js';
import type { ModelConfig, VersionPolicy } from './model-config.js';
import type { ModelDescription } from './model-directory.js';
import { ModelVersion } from './model-version.js';
import { repositoryError } from './repository.errors.js';
import { LATEST, printPolicy, wantedVersions } from './version-policy.js';

export interface ManagedModelParts {
  readonly name: string;
  /** Declared in code: goes on serving when its folder is gone, and is loaded at boot unless it is lazy. */
  readonly declared: boolean;
  /** Loaded when it is first asked for. */
  readonly lazy: boolean;
  /** What code says goes before what the store says. */
  readonly policy?: VersionPolicy;
  readonly defaultVersion?: string;
  readonly clock: Clock;
  readonly drainMs: number;
  readonly open: (model: ManagedModel, version: ModelVersion) => Promise<ServedModel>;
  readonly events: ModelEvents;
}

/** What a model tells the repository that it belongs to. */
export interface ModelEvents {
  /** A version is ready; its memory counts from now on. */
  ready(model: ManagedModel, version: ModelVersion): void;
  /** A version is no longer used; it ends once what is under way is answered. */
  retired(model: ManagedModel, version: ModelVersion, served: ServedModel, why: string): void;
  /** A version could not be loaded, or does not fit. */
  refused(model: ManagedModel, version: ModelVersion, error: Error): void;
  /** Requests that name no version are answered by another one. */
  swapped(model: ManagedModel, from: ModelVersion, to: ModelVersion): void;
  changed(model: ManagedModel): void;
  /** What was to be loaded is loaded, and what is not wanted any more is on its way out. */
  settled(model: ManagedModel): void;
}

/** What is kept of a model over a restart. */
export interface SavedModel {
  readonly aliases: Readonly<Record<string, string | null>>;
  readonly pinned?: VersionListing;
  readonly history: readonly VersionListing[];
}

const MAX_HISTORY = 5;
const NO_CONFIG: ModelConfig = { ignored: [] };

/**
 * One model by its name: the versions that the store has, those that are loaded, and which of them answers. Every change
 * of state is made in one step, so that any number of refreshes, requests and orders may be under way at once: each
 * looks anew at what is wanted when one of its loads has ended.
 */
export class ManagedModel {
  readonly name: string;
  config: ModelConfig = NO_CONFIG;
  /** Why a newer version is not served, or the store could not be asked. */
  storeWarning: string | undefined;
  /** What answers requests that name no version. */
  private answering: ModelVersion | undefined;
  /** By version: what the store has. */
  private known = new Map<string, ModelVersion>();
  /** By version: what is loaded; perhaps an older revision than the store's. */
  private readonly ready = new Map<string, ModelVersion>();
  private readonly leaving = new Set<ModelVersion>();
  private readonly aliases = new Aliases();
  private readonly asked = new Set<string>();
  private readonly refused = new Set<string>();
  private readonly bindings: SchemaBinding[] = [];
  private readonly said = new WeakSet<Error>();
  private pinned: ModelVersion | undefined;
  private history: VersionListing[] = [];
  private problem: Error | undefined;
  private isGone = false;
  private isOff = false;
  private isLazy: boolean;
  private wasReady = false;
  private closed = false;
  private activating: Promise<ServedModel> | undefined;

  constructor(private readonly parts: ManagedModelParts) {
    this.name = parts.name;
    this.isLazy = parts.lazy;
  }

  /** Loaded when it is asked for, not before. */
  get lazy(): boolean {
    return this.isLazy;
  }

  get declared(): boolean {
    return this.parts.declared;
  }

  /** The version that answers now, if one does. */
  get served(): ServedModel | undefined {
    return this.answering?.served;
  }

  /** Why nothing answers. */
  get failure(): Error {
    const [best] = this.candidates();
    return best?.failure ?? this.unavailable(best);
  }

  /** It answers, or would when it is asked. */
  get isWell(): boolean {
    const { served } = this;
    if (served) return served.state === 'ready';
    return this.isLazy || this.isOff;
  }

  get current(): ModelVersion | undefined {
    return this.answering;
  }

  /** Something failed, and another try makes sense by now. */
  get mayRetry(): boolean {
    for (const each of this.known.values()) if (each.failure && !each.isReady && each.retryAfterMs === 0) return true;
    return false;
  }

  get readyVersions(): readonly ModelVersion[] {
    return [...this.ready.values()];
  }

  /** The folder is gone and nothing is loaded any more. */
  get isOver(): boolean {
    return this.isGone && this.ready.size === 0 && this.leaving.size === 0;
  }

  /** A version that is ready: a value when it is, else a promise of its load. */
  use(version?: string): ServedModel | Promise<ServedModel> {
    const ready =
      version === undefined || version === '' ? this.answering : this.ready.get(this.aliases.resolve(version));
    return ready?.served ?? this.activate(version || undefined);
  }

  /** The version object behind {@link use}, for its last use; `undefined` when it is not loaded. */
  readyVersion(version?: string): ModelVersion | undefined {
    return version === undefined ? this.answering : this.ready.get(this.aliases.resolve(version));
  }

  /** A handler's schemas, which every version has to fit from now on. @throws {INF_ERR_MAPPING} */
  bind(binding: SchemaBinding): void {
    for (const { served } of this.ready.values()) served?.bindSchemas(binding);
    this.bindings.push(binding);
  }

  /** @throws {INF_ERR_MODEL_SIGNATURE} when a handler's schemas do not fit. */
  checkBindings(served: ServedModel): void {
    for (const binding of this.bindings) {
      try {
        served.bindSchemas(binding);
      } catch (cause) {
        const text = `version ${served.version} of model '${this.name}' is refused: ${(cause as Error).message}`;
        throw repositoryError('INF_ERR_MODEL_SIGNATURE', text, { cause });
      }
    }
  }

  /** @throws {INF_ERR_VERSION_NOT_FOUND} when the code names a version that is not there */
  checkDefault(): void {
    const { defaultVersion } = this.parts;
    if (defaultVersion !== undefined && this.known.size > 0 && !this.target(this.aliases.resolve(defaultVersion)))
      throw this.noSuchVersion(defaultVersion);
  }

  /** Takes in what the store has now; `undefined`: nothing any more. Resolves when all of it has taken effect or failed. */
  update(listing: ModelListing | undefined): Promise<void> {
    this.problem = listing?.problem;
    this.isGone = listing === undefined;
    if (listing && !(listing.problem && listing.versions.length === 0)) this.takeIn(listing);
    if (!listing) this.known = new Map();
    return this.reconcile(false);
  }

  /** Loads what is wanted, whatever failed before; a version that is asked for is wanted from now on. */
  async load(version?: string): Promise<void> {
    this.isOff = false;
    if (version === undefined) {
      this.pinned = undefined;
      this.refused.clear();
    } else {
      const name = this.aliases.resolve(version);
      this.refused.delete(name);
      if (!this.target(name)) throw this.noSuchVersion(version);
      this.asked.add(name);
    }
    for (const each of this.known.values()) each.retryNow();
    await this.reloadFailed(version);
    await this.reconcile(true);
    const wanted = version === undefined ? this.candidates()[0] : this.target(this.aliases.resolve(version));
    if (!wanted?.isReady) throw wanted?.failure ?? this.unavailable(wanted);
  }

  async unload(version?: string): Promise<void> {
    if (version === undefined) {
      this.isOff = true;
      this.asked.clear();
      this.pinned = undefined;
      const loading = [...this.known.values()].filter((each) => each.isLoading);
      await Promise.all([...this.readyVersions, ...loading].map((each) => this.retire(each, 'unloaded')));
      return;
    }
    const name = this.aliases.resolve(version);
    const target = this.ready.get(name) ?? this.target(name);
    if (!target) throw this.noSuchVersion(version);
    this.asked.delete(name);
    this.refused.add(name);
    if (this.pinned?.version === name) this.pinned = undefined;
    await this.retire(target, 'unloaded');
  }

  async setAlias(alias: string, version: string | undefined): Promise<void> {
    checkAlias(this.name, alias, [...this.known.keys(), ...this.ready.keys()]);
    if (version === undefined) this.aliases.set(alias, undefined);
    else {
      const target = this.target(version);
      if (!target) throw this.noSuchVersion(version);
      // Requests for the alias go to what it named before until the new version is warm.
      if (this.isActive) await this.bring(target);
      this.aliases.set(alias, version);
    }
    this.choose();
    await this.reconcile(false);
  }

  /** Gives the version that answers from now on. */
  async rollback(): Promise<string> {
    const listing = this.history.at(-1) ?? this.olderThanCurrent();
    if (!listing) {
      throw repositoryError(
        'INF_ERR_ROLLBACK',
        `model '${this.name}' has no version before ${this.answering?.version}`,
      );
    }
    const target = this.versionOf(listing);
    target.retryNow();
    await this.bring(target).catch((cause: unknown) => {
      const text = `model '${this.name}' stays as it is: version ${target.version} could not be loaded again (${(cause as Error).message})`;
      throw repositoryError('INF_ERR_ROLLBACK', text, { cause });
    });
    const before = this.history;
    this.pinned = target;
    this.accept(target);
    this.history = before.slice(0, -1);
    await this.reconcile(false);
    return target.version;
  }

  unpin(): Promise<void> {
    this.pinned = undefined;
    return this.reconcile(true);
  }

  /** Takes one version out of memory; it is loaded again when it is asked for. */
  evict(version: ModelVersion): Promise<void> {
    this.isLazy = true;
    return this.retire(version, 'evicted to make room; loads when it is asked for');
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.readyVersions, ...this.known.values()].map((each) => this.retire(each, 'closed')));
  }

  save(): SavedModel | undefined {
    const aliases = this.aliases.save();
    if (Object.keys(aliases).length === 0 && !this.pinned) return undefined;
    return { aliases, history: this.history, ...(this.pinned && { pinned: this.pinned.listing }) };
  }

  restore({ aliases, pinned, history }: SavedModel): void {
    this.aliases.restore(aliases);
    this.history = [...history];
    if (pinned) this.pinned = this.versionOf(pinned);
  }

  describe(): ModelDescription {
    const all = new Map<string, ModelVersion>();
    for (const each of [...this.leaving, ...this.known.values(), ...this.ready.values()]) all.set(each.version, each);
    const wanted = new Set(this.wanted());
    const versions = [...all.values()].map((each) => each.describe(this.lazy && wanted.has(each)));
    const warning = this.warning();
    return {
      name: this.name,
      versions: versions.sort((a, b) => compareVersions(a.version, b.version)),
      ...(this.answering && { defaultVersion: this.answering.version }),
      pinned: this.pinned !== undefined,
      aliases: this.aliases.all(),
      config: this.config,
      ...(warning !== undefined && { warning }),
    };
  }

  /** What an operator should know although requests are answered. */
  warning(): string | undefined {
    if (this.storeWarning) return this.storeWarning;
    const wanted = this.pinned ? undefined : (this.parts.defaultVersion ?? this.config.defaultVersion);
    if (wanted !== undefined && this.known.size > 0 && !this.preferred())
      return `the default version '${wanted}' does not exist`;
    if (this.problem) return this.problem.message;
    const failed = [...this.known.values()].find((each) => each.failure && !each.isReady && each !== this.answering);
    if (failed) return `version ${failed.version} is not served: ${failed.failure!.message}`;
    if (this.answering && !this.known.has(this.answering.version) && this.answering !== this.pinned)
      return `version ${this.answering.version} is gone from the store, and nothing there can take its place`;
    return undefined;
  }

  private get isActive(): boolean {
    return !this.isOff && (!this.lazy || this.ready.size > 0);
  }

  private get policy(): VersionPolicy {
    return this.parts.policy ?? this.config.versionPolicy ?? LATEST;
  }

  private takeIn(listing: ModelListing): void {
    this.config = listing.config;
    this.aliases.configure(listing.config.aliases);
    const known = new Map<string, ModelVersion>();
    for (const version of listing.versions) known.set(version.version, this.versionOf(version));
    this.known = known;
  }

  /** The object of that version and revision, the same for as long as anything knows it. */
  private versionOf(listing: VersionListing): ModelVersion {
    const { version, revision } = listing;
    const candidates = [this.known.get(version), this.ready.get(version), this.pinned];
    const same = candidates.find((each) => each?.version === version && each.listing.revision === revision);
    return same ?? this.newVersion(listing);
  }

  private newVersion(listing: VersionListing): ModelVersion {
    const { name, clock, drainMs, open } = this.parts;
    return new ModelVersion({ model: name, listing, clock, drainMs, open: (version) => open(this, version) });
  }

  /** What a version's name stands for, loaded or not. */
  private target(version: string): ModelVersion | undefined {
    return this.pinned?.version === version ? this.pinned : this.known.get(version);
  }

  /** Every version that is to be served. */
  private wanted(): ModelVersion[] {
    const names = [...this.asked, ...Object.values(this.aliases.all())];
    const named = this.isOff || this.closed ? [] : names.map((name) => this.target(name));
    return [...new Set([...this.candidates(), ...named])].filter(
      (each): each is ModelVersion => !!each && !this.refused.has(each.version),
    );
  }

  /** The versions that may answer requests that name none, best first. */
  private candidates(): ModelVersion[] {
    if (this.isOff || this.closed) return [];
    const preferred = this.preferred();
    const listings = [...this.known.values()].map((each) => each.listing);
    const byPolicy = wantedVersions(listings, this.policy, (each) => this.isBroken(this.known.get(each.version)!));
    const all = [preferred, ...byPolicy.map(({ version }) => this.target(version))];
    return [...new Set(all)].filter((each): each is ModelVersion => !!each && !this.refused.has(each.version));
  }

  /** What was chosen to answer, whatever is newer. */
  private preferred(): ModelVersion | undefined {
    if (this.pinned) return this.pinned;
    const name = this.parts.defaultVersion ?? this.config.defaultVersion;
    return name === undefined ? undefined : this.target(this.aliases.resolve(name));
  }

  private isBroken(version: ModelVersion): boolean {
    return this.refused.has(version.version) || (version.failure !== undefined && !version.isReady);
  }

  /** Of the wanted versions, those to be loaded now. */
  private missing(force: boolean, tried: ReadonlySet<ModelVersion>): ModelVersion[] {
    const wanted = this.wanted().filter((each) => !each.isReady && !tried.has(each) && each.retryAfterMs === 0);
    if (!this.lazy) return wanted;
    if (!force && this.ready.size === 0) return [];
    // Of a lazy model, what answers, what somebody asked for, and what replaces something.
    const first = this.candidates().find((each) => each.isReady || wanted.includes(each));
    return wanted.filter((each) => each === first || this.asked.has(each.version) || this.ready.has(each.version));
  }

  private async reconcile(force: boolean): Promise<void> {
    const tried = new Set<ModelVersion>();
    for (let missing = this.missing(force, tried); missing.length > 0; missing = this.missing(force, tried)) {
      for (const each of missing) tried.add(each);
      await Promise.allSettled(missing.map((each) => this.bring(each)));
    }
    this.choose();
    const retired = this.retireUnwanted();
    this.parts.events.settled(this);
    await retired;
    this.parts.events.changed(this);
  }

  /** Loads a version and takes it in use, unless it is not wanted any more by then. */
  private async bring(version: ModelVersion): Promise<ServedModel> {
    const loading = version.load();
    this.parts.events.changed(this);
    try {
      const served = await loading;
      if (this.isOff || this.closed) await version.release('unloaded');
      else if (version.served === served) this.accept(version);
      return served;
    } catch (error) {
      if (version.failure && version.failure === error) this.refuse(version, version.failure);
      throw error;
    } finally {
      this.parts.events.changed(this);
    }
  }

  /** Said once, however many waited for it. */
  private refuse(version: ModelVersion, error: Error): void {
    if (this.said.has(error)) return;
    this.said.add(error);
    this.parts.events.refused(this, version, error);
  }

  private accept(version: ModelVersion): void {
    const before = this.ready.get(version.version);
    if (before !== version) {
      this.ready.set(version.version, version);
      this.parts.events.ready(this, version);
    }
    this.choose();
    if (before && before !== version) void this.retire(before, 'replaced');
  }

  private choose(): void {
    const before = this.answering;
    const next = this.pick();
    if (next === before) return;
    this.answering = next;
    if (!before || !next) return;
    if (this.wasReady) this.history = [...this.history, before.listing].slice(-MAX_HISTORY);
    this.parts.events.swapped(this, before, next);
  }

  private pick(): ModelVersion | undefined {
    if (this.isOff) return undefined;
    const isLoaded = (each: ModelVersion | undefined): boolean =>
      each?.served !== undefined && this.ready.get(each.version) === each;
    const preferred = this.preferred();
    if (isLoaded(preferred)) return preferred;
    const wanted = this.candidates().find((each) => isLoaded(each));
    if (wanted) return wanted;
    if (isLoaded(this.answering)) return this.answering;
    return [...this.ready.values()]
      .sort((a, b) => compareVersions(b.version, a.version))
      .find((each) => isLoaded(each));
  }

  private async retireUnwanted(): Promise<void> {
    if (this.answering) this.wasReady = true;
    const wanted = new Set(this.wanted());
    const isLeft = (each: ModelVersion): boolean => wanted.has(each) || this.isStandIn(each, wanted);
    const unwanted = this.readyVersions.filter((each) => !isLeft(each));
    await Promise.all(unwanted.map((each) => this.retire(each, this.isGone ? 'gone from the store' : 'unloaded')));
  }

  /** Not wanted, but what is wanted in its place is not there. */
  private isStandIn(version: ModelVersion, wanted: ReadonlySet<ModelVersion>): boolean {
    if (this.isOff || this.closed) return false;
    if (this.isGone && !this.declared) return false;
    if (version === this.answering) return true;
    return [...wanted].some((each) => each.version === version.version && !each.isReady);
  }

  /** Nobody is given the version any more; resolves when it is gone. */
  private async retire(version: ModelVersion, why: string): Promise<void> {
    if (this.ready.get(version.version) === version) this.ready.delete(version.version);
    if (this.answering === version) this.answering = undefined;
    this.choose();
    this.leaving.add(version);
    const { served } = version;
    const released = version.release(why);
    if (served) this.parts.events.retired(this, version, served, why);
    this.parts.events.changed(this);
    try {
      await released;
    } finally {
      this.leaving.delete(version);
      this.parts.events.changed(this);
    }
  }

  /** A version whose runner gave up is loaded anew. */
  private async reloadFailed(version: string | undefined): Promise<void> {
    const failed = this.readyVersions.filter(
      (each) => each.state !== 'READY' && (version === undefined || each.version === this.aliases.resolve(version)),
    );
    await Promise.all(failed.map((each) => this.retire(each, 'loaded anew')));
  }

  private activate(version: string | undefined): Promise<ServedModel> {
    if (version !== undefined) return this.activateVersion(version);
    return (this.activating ??= this.activateDefault().finally(() => (this.activating = undefined)));
  }

  private async activateDefault(): Promise<ServedModel> {
    if (!this.isOff && !this.closed && !this.isGone) await this.reconcile(true);
    const { answering: current } = this;
    if (current?.served) return current.served;
    throw this.unavailable(this.candidates()[0]);
  }

  private async activateVersion(name: string): Promise<ServedModel> {
    const version = this.aliases.resolve(name);
    const target = this.target(version);
    if (!target) throw this.noSuchVersion(name);
    const isServed = this.wanted().includes(target);
    if (!isServed && !this.isOff && !this.refused.has(version)) throw this.noSuchVersion(name);
    if (!isServed || target.retryAfterMs > 0) throw this.unavailable(target);
    const served = await this.bring(target).catch(() => undefined);
    this.parts.events.settled(this);
    if (served && target.served === served) return served;
    throw this.unavailable(target);
  }

  private noSuchVersion(version: string): Error {
    const known = [...this.known.keys()].join(', ') || 'none';
    const aliases = Object.entries(this.aliases.all()).map(([alias, of]) => `${alias} (${of})`);
    const named = aliases.length > 0 ? `, named ${aliases.join(', ')}` : '';
    const why = this.known.has(this.aliases.resolve(version)) ? 'is not served' : 'does not exist';
    return repositoryError(
      'INF_ERR_VERSION_NOT_FOUND',
      `version '${version}' of model '${this.name}' ${why}: the store has ${known}${named}, and ${printPolicy(this.policy)} are served`,
    );
  }

  private unavailable(version: ModelVersion | undefined): Error {
    const failure = version?.failure ?? this.problem;
    const why = this.isOff
      ? 'it was unloaded'
      : (failure?.message ?? (version?.reason || 'it has no version to serve'));
    const which = version ? `version ${version.version} of model '${this.name}'` : `model '${this.name}'`;
    const wait = version?.failure ? { retryAfterMs: Math.max(1, Math.ceil(version.retryAfterMs)) } : {};
    return repositoryError('INF_ERR_MODEL_UNAVAILABLE', `${which} cannot be served now: ${why}`, {
      cause: failure,
      ...wait,
    });
  }

  private olderThanCurrent(): VersionListing | undefined {
    const { answering: current } = this;
    if (!current) return undefined;
    const older = [...this.known.values()].filter((each) => compareVersions(each.version, current.version) < 0);
    return older.at(-1)?.listing;
  }
}
