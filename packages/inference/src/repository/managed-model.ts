import { type Clock, WitanError } from '@witan/core';
import type { SchemaBinding, ServedModel } from '../model/served-model.js';
import { checkAlias } from './aliases.js';
import { withoutPlaces } from './caller-text.js';
import { compareVersions } from './layout/versions.js';
import type { ModelListing, VersionListing } from './listing.js';
import type { ModelConfig } from './model-config.js';
import type { ModelDescription } from './model-directory.js';
import { noSuchVersion, unavailable, warningOf } from './model-texts.js';
import { ModelVersion, type ModelVersionParts } from './model-version.js';
import { repositoryError } from './repository.errors.js';
import { type ChoiceRules, VersionChoice } from './version-choice.js';

export interface ManagedModelParts extends ChoiceRules {
  readonly name: string;
  /** Declared in code: goes on serving when its folder is gone, and is loaded at boot unless it is lazy. */
  readonly declared: boolean;
  /** Loaded when it is first asked for. */
  readonly lazy: boolean;
  readonly clock: Clock;
  readonly drainMs: number;
  readonly open: (model: ManagedModel, version: ModelVersion, isWanted: () => boolean) => Promise<ServedModel>;
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
const FILES_ARE_GONE: ReadonlySet<string> = new Set(['INF_ERR_STORE_CHANGED', 'INF_ERR_MODEL_NOT_FOUND']);

/**
 * One model by its name: the versions that the store has, those that are loaded, and which of them answers. Every change
 * of state is made in one step, so that any number of refreshes, requests and orders may be under way at once: each
 * looks anew at what is wanted when one of its loads has ended.
 */
export class ManagedModel {
  readonly name: string;
  /** That the store could not be asked. */
  storeWarning: string | undefined;
  private readonly choice: VersionChoice;
  private readonly leaving = new Set<ModelVersion>();
  private readonly bindings: SchemaBinding[] = [];
  private readonly said = new WeakSet<Error>();
  /** What answered before, the last one at the end. */
  private history: VersionListing[] = [];
  private problem: Error | undefined;
  private isGone = false;
  private isLazy: boolean;
  private wasReady = false;
  private activating: Promise<ServedModel> | undefined;

  constructor(private readonly parts: ManagedModelParts) {
    this.name = parts.name;
    this.isLazy = parts.lazy;
    this.choice = new VersionChoice(parts);
  }

  /** Loaded when it is asked for, not before. */
  get lazy(): boolean {
    return this.isLazy;
  }

  get config(): ModelConfig {
    return this.choice.config;
  }

  /** The version that answers now, if one does. */
  get current(): ModelVersion | undefined {
    return this.choice.answering;
  }

  get served(): ServedModel | undefined {
    return this.choice.answering?.served;
  }

  /** Why nothing answers. */
  get failure(): Error {
    const [best] = this.choice.candidates();
    return best?.failure ?? this.unavailable(best);
  }

  /** It answers, or would when it is asked. */
  get isWell(): boolean {
    const { served } = this;
    if (served) return served.state === 'ready';
    return this.isLazy || this.choice.isOff;
  }

  /** Something failed, and another try makes sense by now. */
  get mayRetry(): boolean {
    for (const each of this.choice.known.values())
      if (each.failure && !each.isReady && each.retryAfterMs === 0) return true;
    return false;
  }

  /** The folder is gone and nothing is loaded any more. */
  get isOver(): boolean {
    return this.isGone && this.choice.ready.size === 0 && this.leaving.size === 0;
  }

  /** A version that is ready: a value when it is, else a promise of its load. */
  use(version?: string): ServedModel | Promise<ServedModel> {
    return this.readyVersion(version || undefined)?.served ?? this.activate(version || undefined);
  }

  /** The version object behind {@link use}, for its last use; `undefined` when it is not loaded. */
  readyVersion(version?: string): ModelVersion | undefined {
    return this.choice.loaded(version);
  }

  /** A handler's schemas, which every version has to fit from now on. @throws {INF_ERR_MAPPING} */
  bind(binding: SchemaBinding): void {
    for (const { served } of this.choice.ready.values()) served?.bindSchemas(binding);
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
    if (defaultVersion !== undefined && this.choice.known.size > 0) this.targetOf(defaultVersion);
  }

  /** Takes in what the store has now; `undefined`: nothing any more. Resolves when all of it has taken effect or failed. */
  update(listing: ModelListing | undefined): Promise<void> {
    this.problem = listing?.problem;
    this.isGone = listing === undefined;
    if (listing && !(listing.problem && listing.versions.length === 0)) this.takeIn(listing);
    if (!listing) this.choice.known = new Map();
    return this.reconcile(false);
  }

  /** Loads what is wanted, whatever failed before; a version that is asked for is wanted from now on. */
  async load(name?: string): Promise<void> {
    const { choice } = this;
    choice.isOff = false;
    if (name === undefined) {
      choice.pinned = undefined;
      choice.refused.clear();
    } else {
      const { version } = this.targetOf(name);
      choice.refused.delete(version);
      choice.asked.add(version);
    }
    for (const each of choice.known.values()) each.retryNow();
    await this.reloadFailed(name);
    await this.reconcile(true);
    const wanted = name === undefined ? choice.candidates()[0] : choice.target(name);
    if (!wanted?.isReady) throw wanted?.failure ?? this.unavailable(wanted);
  }

  async unload(name?: string): Promise<void> {
    const { choice } = this;
    if (name === undefined) {
      choice.isOff = true;
      choice.asked.clear();
      choice.pinned = undefined;
      await this.retireAll('unloaded');
      return;
    }
    const target = choice.loaded(name) ?? this.targetOf(name);
    choice.asked.delete(target.version);
    choice.refused.add(target.version);
    if (choice.pinned?.version === target.version) choice.pinned = undefined;
    await this.retire(target, 'unloaded');
  }

  async setAlias(alias: string, version: string | undefined): Promise<void> {
    const { known, ready, aliases, isOff } = this.choice;
    checkAlias(this.name, alias, [...known.keys(), ...ready.keys()]);
    const target = version === undefined ? undefined : this.targetOf(version);
    // Requests for the alias go to what it named before until the new version is warm.
    if (target && !isOff && (!this.isLazy || ready.size > 0)) await this.bring(target);
    aliases.set(alias, target?.version);
    this.choose();
    await this.reconcile(false);
  }

  /** Gives the version that answers from now on. */
  async rollback(): Promise<string> {
    const before = this.history;
    const older = this.choice.older();
    const listings = before.length > 0 || !older ? before : [older];
    const { target, index } = await this.bringLast(listings);
    this.choice.pinned = target;
    this.accept(target);
    this.history = listings.slice(0, index);
    await this.reconcile(false);
    return target.version;
  }

  /** The last of these that can be had: files that were overwritten where they are served stand in nobody's way. */
  private async bringLast(listings: readonly VersionListing[]): Promise<{ target: ModelVersion; index: number }> {
    let refusal: Error | undefined;
    for (let index = listings.length - 1; index >= 0; index--) {
      const target = this.versionOf(listings[index]!);
      target.retryNow();
      try {
        await this.bring(target);
        return { target, index };
      } catch (cause) {
        const text = `model '${this.name}' stays as it is: version ${target.version} could not be loaded again (${(cause as Error).message})`;
        refusal ??= repositoryError('INF_ERR_ROLLBACK', text, { cause });
        if (!WitanError.is(cause) || !FILES_ARE_GONE.has(cause.code)) break;
      }
    }
    const text = `model '${this.name}' has no version before ${this.current?.version ?? 'it was unloaded'}`;
    throw refusal ?? repositoryError('INF_ERR_ROLLBACK', text);
  }

  unpin(): Promise<void> {
    this.choice.pinned = undefined;
    return this.reconcile(true);
  }

  /** Takes one version out of memory; it is loaded again when it is asked for. */
  evict(version: ModelVersion): Promise<void> {
    this.isLazy = true;
    return this.retire(version, 'evicted to make room; loads when it is asked for');
  }

  async close(): Promise<void> {
    this.choice.isOff = true;
    await this.retireAll('closed');
  }

  save(): SavedModel | undefined {
    const { pinned } = this.choice;
    const aliases = this.choice.aliases.save();
    if (Object.keys(aliases).length === 0 && !pinned) return undefined;
    return { aliases, history: this.history, ...(pinned && { pinned: pinned.listing }) };
  }

  restore({ aliases, pinned, history }: SavedModel): void {
    this.choice.aliases.restore(aliases);
    this.history = [...history];
    if (pinned) this.choice.pinned = this.versionOf(pinned);
  }

  describe(): ModelDescription {
    const { known, ready, answering, pinned, aliases, config } = this.choice;
    const all = new Map<string, ModelVersion>();
    for (const each of [...this.leaving, ...known.values(), ...ready.values()]) all.set(each.version, each);
    const wanted = new Set(this.choice.wanted());
    const versions = [...all.values()].map((each) => each.describe(this.isLazy && wanted.has(each)));
    const warning = this.warning();
    return {
      name: this.name,
      versions: versions.sort((a, b) => compareVersions(a.version, b.version)),
      ...(answering && { defaultVersion: answering.version }),
      pinned: pinned !== undefined,
      aliases: aliases.all(),
      config,
      ...(warning !== undefined && { warning }),
    };
  }

  /** What an operator should know although requests are answered. */
  warning(): string | undefined {
    const text = this.served?.failure?.message ?? this.storeWarning ?? warningOf(this.choice, this.problem);
    return text === undefined ? undefined : withoutPlaces(text);
  }

  private takeIn(listing: ModelListing): void {
    this.choice.config = listing.config;
    this.choice.aliases.configure(listing.config.aliases);
    this.choice.known = new Map(listing.versions.map((each) => [each.version, this.versionOf(each)]));
  }

  /** The object of that version and revision, the same for as long as anything knows it. */
  private versionOf(listing: VersionListing): ModelVersion {
    const { name, clock, drainMs, open } = this.parts;
    const known = this.choice.find(listing);
    if (known) return known;
    const openThis: ModelVersionParts['open'] = (version, isWanted) => open(this, version, isWanted);
    return new ModelVersion({ model: name, listing, clock, drainMs, open: openThis });
  }

  /** @throws {INF_ERR_VERSION_NOT_FOUND} */
  private targetOf(name: string): ModelVersion {
    const target = this.choice.target(name);
    if (target) return target;
    throw noSuchVersion(this.name, name, this.choice);
  }

  private async reconcile(force: boolean): Promise<void> {
    const tried = new Set<ModelVersion>();
    for (;;) {
      const missing = this.choice.missing(this.isLazy, force, tried);
      if (missing.length === 0) break;
      for (const each of missing) tried.add(each);
      await Promise.allSettled(missing.map((each) => this.bring(each)));
    }
    this.choose();
    const retired = this.retireUnwanted();
    this.parts.events.settled(this);
    await retired;
    this.parts.events.changed(this);
  }

  /** Loads a version and takes it in use, unless nothing is wanted any more by then. */
  private async bring(version: ModelVersion): Promise<ServedModel> {
    const loading = version.load();
    this.parts.events.changed(this);
    try {
      const served = await loading;
      if (this.choice.isOff) await version.release('unloaded');
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
    const { ready } = this.choice;
    const before = ready.get(version.version);
    if (before !== version) {
      ready.set(version.version, version);
      this.parts.events.ready(this, version);
    }
    this.choose();
    if (before && before !== version) void this.retire(before, 'replaced');
  }

  private choose(): void {
    const before = this.choice.answering;
    const next = this.choice.best();
    if (next === before) return;
    this.choice.answering = next;
    if (!before || !next) return;
    if (this.wasReady) this.history = [...this.history, before.listing].slice(-MAX_HISTORY);
    this.parts.events.swapped(this, before, next);
  }

  private async retireUnwanted(): Promise<void> {
    if (this.current) this.wasReady = true;
    const unwanted = this.choice.unwanted(!this.isGone || this.parts.declared);
    await Promise.all(unwanted.map((each) => this.retire(each, this.isGone ? 'gone from the store' : 'unloaded')));
  }

  private async retireAll(why: string): Promise<void> {
    const { ready, known } = this.choice;
    const loading = [...known.values()].filter((each) => each.isLoading);
    await Promise.all([...ready.values(), ...loading].map((each) => this.retire(each, why)));
  }

  /** Nobody is given the version any more; resolves when it is gone. */
  private async retire(version: ModelVersion, why: string): Promise<void> {
    const { choice } = this;
    if (choice.ready.get(version.version) === version) choice.ready.delete(version.version);
    if (choice.answering === version) choice.answering = undefined;
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
  private async reloadFailed(name: string | undefined): Promise<void> {
    const { ready, aliases } = this.choice;
    const isMeant = ({ version }: ModelVersion): boolean => name === undefined || version === aliases.resolve(name);
    const failed = [...ready.values()].filter((each) => each.state !== 'READY' && isMeant(each));
    await Promise.all(failed.map((each) => this.retire(each, 'loaded anew')));
  }

  private activate(name: string | undefined): Promise<ServedModel> {
    if (name !== undefined) return this.activateVersion(name);
    return (this.activating ??= this.activateDefault().finally(() => (this.activating = undefined)));
  }

  private async activateDefault(): Promise<ServedModel> {
    if (!this.choice.isOff && !this.isGone) await this.reconcile(true);
    const { served } = this;
    if (served) return served;
    throw this.unavailable(this.choice.candidates()[0]);
  }

  private async activateVersion(name: string): Promise<ServedModel> {
    const { choice } = this;
    const target = this.targetOf(name);
    const isServed = choice.wanted().includes(target);
    if (!isServed && !choice.isOff && !choice.refused.has(target.version)) throw noSuchVersion(this.name, name, choice);
    if (!isServed || target.retryAfterMs > 0) throw this.unavailable(target);
    const served = await this.bring(target).catch(() => undefined);
    this.parts.events.settled(this);
    if (served && target.served === served) return served;
    throw this.unavailable(target);
  }

  private unavailable(version: ModelVersion | undefined): Error {
    return unavailable(this.name, version, this.choice, this.problem);
  }
}
