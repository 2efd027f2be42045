import { isDeepStrictEqual } from 'node:util';
import type { BatchControl, Clock, HealthReport } from '@witan/core';
import { inferenceError } from '../inference.errors.js';
import type { SchemaBinding, ServedModel } from '../model/served-model.js';
import { publishModelEvent } from '../module/model-load-channel.js';
import type { ModelModuleOptions, ModelOptions } from '../module/model-options.js';
import type { RunnerFactory } from '../runner/runner-factory.js';
import { DeclaredSource } from './declared-source.js';
import type { ModelListing } from './listing.js';
import { LoadOverride, withOverride } from './load-override.js';
import { LoadQueue } from './load-queue.js';
import { DEFAULT_MAX_MODELS, LoadedVersions } from './loaded-versions.js';
import { ManagedModel, type ModelEvents, type SavedModel } from './managed-model.js';
import type { LoadModelOptions, ModelDescription, ModelDirectory } from './model-directory.js';
import { ModelShelves } from './model-shelves.js';
import type { ModelSource } from './model-source.js';
import { isTemplate, ModelTemplate, notFoundAt } from './model-template.js';
import type { ModelVersion } from './model-version.js';
import { Refresher } from './refresher.js';
import type { RepositoryLog } from './repository-log.js';
import { RepositoryState } from './repository-state.js';
import { repositoryError } from './repository.errors.js';
import { VersionHandle, type VersionSource } from './version-handle.js';
import { VersionLoader } from './version-loader.js';
import { VersionOpener } from './version-opener.js';

const DEFAULT_DRAIN_MS = 10_000;
const DEFAULT_CONCURRENT_LOADS = 2;
/** Names that an error text lists. */
const MAX_LISTED = 20;

export interface ModelRepositoryParts {
  readonly options: ModelModuleOptions;
  readonly runners: RunnerFactory;
  readonly clock: Clock;
  readonly log: RepositoryLog;
  /** Where the gates of models can be looked at and set. */
  readonly gates?: BatchControl;
}

/** `declared` by code; `found` in the store; `chosen` by a request's parameters; `given` with an order to load it. */
type Origin = 'declared' | 'found' | 'chosen' | 'given';

interface Entry {
  readonly model: ManagedModel;
  readonly origin: Origin;
  readonly options: ModelOptions;
  readonly source: ModelSource;
  readonly handle: VersionHandle;
  /** What an order to load put in the place of the store's. */
  override?: { readonly options: LoadModelOptions; readonly source?: LoadOverride };
  /** What the store had when it was last looked at. */
  seen?: ModelListing;
}

interface Declaration {
  readonly options: ModelOptions;
  readonly ready: Promise<VersionHandle | ModelTemplate>;
}

/** Every model of an application: declared in code, found in its store, or chosen by requests. */
export class ModelRepository implements ModelDirectory {
  private readonly entries = new Map<string, Entry>();
  private readonly declarations = new Map<string, Declaration>();
  private readonly templates: ModelTemplate[] = [];
  private readonly listeners = new Set<(name: string) => void>();
  private readonly loads: LoadQueue;
  private readonly loaded: LoadedVersions;
  private readonly loader: VersionLoader;
  private readonly shelves: ModelShelves;
  private readonly refresher: Refresher;
  private readonly state: RepositoryState | undefined;
  private readonly drainMs: number;
  private saved: Promise<Readonly<Record<string, SavedModel>>> | undefined;
  /** What the last looks at the store set going. */
  private effects = new Set<Promise<unknown>>();
  private storeWarning: string | undefined;
  private closing: Promise<void> | undefined;

  constructor(private readonly parts: ModelRepositoryParts) {
    const { options, runners, clock, log } = parts;
    const { loaded = {}, concurrentLoads = DEFAULT_CONCURRENT_LOADS, store = 'models', stateFile } = options;
    this.loads = new LoadQueue(concurrentLoads, clock);
    this.loaded = new LoadedVersions(loaded, clock, (model) => this.mayGo(model));
    const opener = new VersionOpener(runners, clock, options.batch);
    this.loader = new VersionLoader({ queue: this.loads, loaded: this.loaded, opener, clock, log });
    this.shelves = new ModelShelves({ ...options, store }, clock, log);
    this.refresher = new Refresher(() => this.look(), options.refresh ?? {}, clock);
    this.state = stateFile === undefined ? undefined : new RepositoryState(stateFile);
    this.drainMs = options.runners?.drainMs ?? DEFAULT_DRAIN_MS;
  }

  /**
   * A model that the code names: loaded and warm, unless it is lazy. The same declaration may be repeated.
   * @throws {INF_ERR_MODEL_CONFLICT} when it is known with other options.
   * @throws {INF_ERR_MODEL_NOT_FOUND | INF_ERR_MODEL_LOAD | INF_ERR_MODEL_TRIAL | INF_ERR_OPTIONS}
   */
  declare(options: ModelOptions): Promise<VersionHandle | ModelTemplate> {
    if (typeof options?.name !== 'string' || options.name === '') {
      const text = `a model's name is ${JSON.stringify(options?.name)}: give ModelModule.forFeature each model as an argument of its own, with a name`;
      return Promise.reject(inferenceError('INF_ERR_OPTIONS', text));
    }
    const known = this.declarations.get(options.name);
    if (known && isDeepStrictEqual(known.options, options)) return known.ready;
    if (known) {
      const text = `model '${options.name}' is declared twice with different options: use one declaration, or two names`;
      return Promise.reject(inferenceError('INF_ERR_MODEL_CONFLICT', text));
    }
    const ready = isTemplate(options.path) ? this.declareTemplate(options) : this.add(options, this.sourceFor(options));
    this.declarations.set(options.name, { options, ready });
    return ready;
  }

  /** {@link declare} for a model that comes from somewhere of its own. */
  async add(options: ModelOptions, source: ModelSource): Promise<VersionHandle> {
    const entry = this.newEntry(options.name, 'declared', options, source, options.lazy ?? false);
    const { model } = entry;
    await this.restore(model);
    entry.seen = await this.listAtBoot(entry);
    await model.update(entry.seen);
    model.checkDefault();
    if (!model.lazy && !model.served) throw model.failure;
    return entry.handle;
  }

  /**
   * Begins to look at the store, where all of its models are served or it is looked at again; resolves when what is
   * loaded at boot is loaded. A store that does not answer is a warning: what is cached is served.
   * @throws {INF_ERR_STORE_URI | INF_ERR_OPTIONS | INF_ERR_REPOSITORY_STATE}
   */
  async start(): Promise<void> {
    const { serve, refresh } = this.parts.options;
    if (serve === 'all') {
      await this.readState();
      await this.lookAtStore(true);
      await this.settled();
    }
    if (refresh) await this.refresher.start(await this.shelves.store());
  }

  names(): string[] {
    return [...this.entries.keys()];
  }

  /** What answers for a model now; `undefined` when it is not loaded. */
  served(name: string): ServedModel | undefined {
    return this.entries.get(name)?.model.served;
  }

  /**
   * A declared model that does not answer is a fault of the application. What is found in a store is not: of it, only
   * what is wrong is told, of the first of them.
   */
  health(): HealthReport[] {
    const declared: HealthReport[] = [];
    const others: HealthReport[] = [];
    for (const { model, origin } of this.entries.values()) {
      const isDeclared = origin === 'declared';
      if (!isDeclared && others.length >= MAX_LISTED) continue;
      const why = model.served?.failure?.message ?? model.warning();
      const name = `model:${model.name}`;
      const ok = !isDeclared || model.isWell;
      if (isDeclared) declared.push({ name, ok, ...(why !== undefined && { detail: why }) });
      else if (why !== undefined) others.push({ name, ok, detail: why });
    }
    return [...declared, ...others];
  }

  /** @throws {INF_ERR_MODEL_NOT_FOUND} */
  handle(name: string, version?: string): VersionHandle {
    const { handle } = this.entry(name);
    return version === undefined ? handle : handle.as(undefined, version);
  }

  describeAll(): readonly ModelDescription[] {
    return [...this.entries.values()].map(({ model }) => model.describe());
  }

  describe(name: string): ModelDescription | undefined {
    return this.entries.get(name)?.model.describe();
  }

  use(name: string, version?: string): ServedModel | Promise<ServedModel> {
    const { model } = this.entry(name);
    const ready = model.readyVersion(version || undefined);
    if (!ready?.served) return model.use(version);
    this.loaded.touch(ready);
    return ready.served;
  }

  async load(name: string, options: LoadModelOptions = {}): Promise<void> {
    const entry = this.entries.get(name) ?? (await this.entryFor(name, options));
    await this.override(entry, options);
    await this.lookAt(entry, true);
    await entry.model.load(options.version);
    await this.keep(entry.model);
  }

  async unload(name: string, version?: string): Promise<void> {
    const { model } = this.entry(name);
    await model.unload(version);
    await this.keep(model);
  }

  async setAlias(name: string, alias: string, version: string | undefined): Promise<void> {
    const { model } = this.entry(name);
    await model.setAlias(alias, version);
    await this.keep(model);
  }

  async rollback(name: string): Promise<string> {
    const { model } = this.entry(name);
    const version = await model.rollback();
    await this.keep(model);
    return version;
  }

  async unpin(name: string): Promise<void> {
    const { model } = this.entry(name);
    await model.unpin();
    await this.keep(model);
  }

  async refresh(): Promise<void> {
    await this.refresher.now();
    await this.settled();
  }

  onChange(listener: (name: string) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Answers what is under way, for up to the drain time, and lets everything go. */
  close(): Promise<void> {
    return (this.closing ??= this.letGo());
  }

  private async letGo(): Promise<void> {
    this.refresher.stop();
    const closed = repositoryError('INF_ERR_MODEL_UNAVAILABLE', 'the server is stopping: nothing is loaded any more');
    const loads = this.loads.close(closed);
    const entries = [...this.entries.values()];
    await Promise.all(entries.map(({ model }) => model.close()));
    await this.parts.runners.close(this.drainMs);
    await loads;
    // What was being loaded until now.
    await this.parts.runners.close(0);
    await this.settled();
    await Promise.all(entries.map(({ override }) => override?.source?.remove()));
    await this.shelves.close();
  }

  private sourceFor({ name, path = name, version = '1' }: ModelOptions): ModelSource {
    const { store = 'models' } = this.parts.options;
    return new DeclaredSource({ name, path, version, store }, this.shelves);
  }

  private async declareTemplate(options: ModelOptions): Promise<ModelTemplate> {
    const { clock, log } = this.parts;
    const store = () => this.shelves.store();
    const modelAt = (path: string, bindings: readonly SchemaBinding[]) => this.modelAt(options, path, bindings);
    const template = new ModelTemplate({ options, clock, store, modelAt });
    this.templates.push(template);
    for (const params of options.prefetch ?? []) {
      const prefetched = template.model(params).then((model) => (model as VersionHandle).ensureLoaded());
      await prefetched.catch((error: Error) =>
        log.warn(`model '${options.name}': ${JSON.stringify(params)} could not be loaded ahead: ${error.message}`),
      );
    }
    return template;
  }

  /** The model at a path that a request has chosen. */
  private async modelAt(
    options: ModelOptions,
    path: string,
    bindings: readonly SchemaBinding[],
  ): Promise<VersionHandle> {
    const name = `${options.name}:${path}`;
    const known = this.entries.get(name);
    if (known) return known.handle;
    const source = this.shelves.at(path);
    const listing = await source.list();
    const again = this.entries.get(name);
    if (again) return again.handle;
    if (!listing) throw notFoundAt(options.name, path, (await this.shelves.store()).uri);
    const entry = this.newEntry(name, 'chosen', { ...options, name }, source, true);
    entry.seen = listing;
    for (const binding of bindings) entry.model.bind(binding);
    await entry.model.update(listing);
    return entry.handle;
  }

  private newEntry(name: string, origin: Origin, options: ModelOptions, source: ModelSource, lazy: boolean): Entry {
    const { clock } = this.parts;
    const model: ManagedModel = new ManagedModel({
      name,
      declared: origin === 'declared',
      lazy,
      policy: options.versions,
      defaultVersion: options.version,
      clock,
      drainMs: this.drainMs,
      open: (_, version) => this.open(entry, version),
      events: this.events,
    });
    const entry: Entry = { model, origin, options, source, handle: new VersionHandle(this.versionsOf(model, options)) };
    this.entries.set(name, entry);
    return entry;
  }

  private open(entry: Entry, version: ModelVersion): Promise<ServedModel> {
    const { model, options } = entry;
    const source = entry.override?.source ?? entry.source;
    return this.loader.load({ model, version, source, options });
  }

  private async listAtBoot({ source, options }: Entry): Promise<ModelListing | undefined> {
    const { clock } = this.parts;
    const start = clock.now();
    try {
      return await source.list();
    } catch (error) {
      const { version = '1', name } = options;
      publishModelEvent({ kind: 'load', name, version, ok: false, durationMs: clock.now() - start, error });
      throw error;
    }
  }

  /** One look at all places where models come from; what it sets going goes on after it. */
  private async look(): Promise<void> {
    for (const template of this.templates) template.forget((handle) => handle.isLoaded);
    const alone = [...this.entries.values()].filter(({ origin }) => origin === 'declared' || origin === 'chosen');
    const refreshed = alone.filter(({ options }) => options.refresh !== false);
    const store = this.parts.options.serve === 'all' ? this.lookAtStore(false) : undefined;
    await Promise.all([store, ...refreshed.map((entry) => this.lookAt(entry, false))]);
  }

  /** Every model of the store. */
  private async lookAtStore(boot: boolean): Promise<void> {
    const listings = await this.shelves.list().catch((error: unknown) => error as Error);
    if (listings instanceof Error) {
      this.warnOfStore(`the store could not be asked: ${listings.message}`);
      return;
    }
    this.warnOfStore(this.shelves.outage);
    for (const listing of listings.values()) this.takeIn(listing, boot);
    for (const entry of this.entries.values()) {
      if (entry.origin === 'found' && !entry.override && !listings.has(entry.model.name)) this.gone(entry);
    }
  }

  private takeIn(listing: ModelListing, boot: boolean): void {
    const known = this.entries.get(listing.name);
    if (known && known.origin !== 'found') return;
    if (known) return this.changed(known, listing);
    const { loading = 'eager', prefetch = [] } = this.parts.options;
    const isEager = prefetch.includes(listing.name) || (loading === 'eager' && this.hasRoom());
    const source = this.shelves.at(listing.folder);
    const entry = this.newEntry(listing.name, 'found', { name: listing.name }, source, !isEager);
    entry.seen = listing;
    entry.model.storeWarning = this.storeWarning;
    if (boot || this.state) this.effect(this.restore(entry.model).then(() => entry.model.update(listing)));
    else this.effect(entry.model.update(listing));
  }

  /** Room for one more that is loaded although nobody asked for it. */
  private hasRoom(): boolean {
    const { maxModels = DEFAULT_MAX_MODELS } = this.parts.options.loaded ?? {};
    let eager = 0;
    for (const { model } of this.entries.values()) if (!model.lazy) eager++;
    return eager < maxModels;
  }

  private changed(entry: Entry, listing: ModelListing): void {
    const { seen, model } = entry;
    if (entry.override || (seen === listing && !model.mayRetry)) return;
    entry.seen = listing;
    this.effect(model.update(listing));
  }

  private gone(entry: Entry): void {
    const { model } = entry;
    entry.seen = undefined;
    this.effect(
      model.update(undefined).then(() => {
        if (model.isOver && this.entries.get(model.name) === entry) this.entries.delete(model.name);
      }),
    );
  }

  /** One model by itself. */
  private async lookAt(entry: Entry, wait: boolean): Promise<void> {
    if (entry.override && !entry.override.source) return this.lookWithOverride(entry);
    if (entry.override) return entry.model.update(await entry.override.source!.list());
    const { model, source, origin } = entry;
    const listing = await source.list().catch((error: unknown) => error as Error);
    if (listing instanceof Error) {
      model.storeWarning = `the store could not be asked: ${listing.message}`;
      return;
    }
    model.storeWarning = source.outage;
    if (origin === 'chosen' && !model.served && !listing) return this.gone(entry);
    entry.seen = listing;
    const update = model.update(listing);
    if (wait) await update;
    else this.effect(update);
  }

  private async lookWithOverride({ model, source, override }: Entry): Promise<void> {
    const listing = await source.list();
    if (listing) await model.update(withOverride(listing, override!.options));
  }

  /** A model that is not known yet: perhaps new in the store, or given with the order to load it. */
  private async entryFor(name: string, options: LoadModelOptions): Promise<Entry> {
    if (options.files) {
      const given = await this.overrideOf(name, options);
      const entry = this.newEntry(name, 'given', { name }, given, true);
      entry.override = { options, source: given };
      return entry;
    }
    if (this.parts.options.serve !== 'all') return this.entry(name);
    await this.refresh();
    return this.entry(name);
  }

  private async override(entry: Entry, options: LoadModelOptions): Promise<void> {
    const { override: before, origin } = entry;
    if (options.config === undefined && !options.files) {
      // What was given once is all that there is of such a model.
      if (origin !== 'given') entry.override = undefined;
    } else if (!before || before.options !== options) {
      const source = options.files ? await this.overrideOf(entry.model.name, options) : undefined;
      entry.override = { options, source };
    }
    if (before?.source && before !== entry.override) await before.source.remove();
  }

  private overrideOf(name: string, { config, files }: LoadModelOptions): Promise<LoadOverride> {
    if (config !== undefined) return LoadOverride.of(name, config, files!);
    const text = `model '${name}' was given files without a configuration: give both`;
    return Promise.reject(repositoryError('INF_ERR_LOAD_OVERRIDE', text));
  }

  private effect(promise: Promise<unknown>): void {
    const settled = promise
      .catch((error: Error) => this.parts.log.warn(error.message))
      .finally(() => this.effects.delete(settled));
    this.effects.add(settled);
  }

  private async settled(): Promise<void> {
    await Promise.all(this.effects);
  }

  private warnOfStore(warning: string | undefined): void {
    if (warning === this.storeWarning) return;
    this.storeWarning = warning;
    const { log } = this.parts;
    if (warning === undefined) log.log('the store answers again');
    else log.warn(warning);
    for (const { origin, model } of this.entries.values()) if (origin === 'found') model.storeWarning = warning;
  }

  private readState(): Promise<Readonly<Record<string, SavedModel>>> {
    return (this.saved ??= this.state?.read() ?? Promise.resolve({}));
  }

  private async restore(model: ManagedModel): Promise<void> {
    if (!this.state) return;
    const saved = await this.readState();
    const own = Object.hasOwn(saved, model.name) ? saved[model.name] : undefined;
    if (own) model.restore(own);
  }

  private async keep(model: ManagedModel): Promise<void> {
    await this.state?.write(model.name, model.save());
  }

  private mayGo(model: ManagedModel): boolean {
    const entry = this.entries.get(model.name);
    if (!entry || entry.model !== model) return true;
    if (entry.origin === 'declared') return model.lazy && !entry.options.pin;
    return !entry.options.pin && !this.parts.options.pin?.includes(model.name);
  }

  private versionsOf(model: ManagedModel, options: ModelOptions): VersionSource {
    const { loaded, parts } = this;
    return {
      name: model.name,
      get expectedConcurrency() {
        return options.threads ?? parts.options.runners?.threads ?? 1;
      },
      ready(version) {
        const ready = model.readyVersion(version);
        if (ready) loaded.touch(ready);
        return ready?.served;
      },
      use: (version) => model.use(version),
      bind: (binding) => model.bind(binding),
    };
  }

  private readonly events: ModelEvents = {
    ready: (model, version) => {
      this.loaded.add(model, version);
      if (model.served === version.served || !model.served) this.showGate(version.served!);
    },
    retired: (model, version, served, reason) => {
      this.loaded.delete(version);
      this.parts.gates?.remove(served.gate.name, served.gate);
      const kind = reason.startsWith('evicted') ? 'evict' : 'unload';
      publishModelEvent({ kind, name: model.name, version: version.version, ok: true, durationMs: 0, reason });
    },
    swapped: (model, from, to) => {
      this.showGate(to.served!);
      const [previousVersion, version] = [from.version, to.version];
      publishModelEvent({ kind: 'swap', name: model.name, version, ok: true, durationMs: 0, previousVersion });
      this.parts.log.log(`model '${model.name}': version ${version} answers in place of ${previousVersion}`);
    },
    refused: (model, version, error) => {
      const { current } = model;
      const still = current ? `; version ${current.version} goes on serving` : '';
      this.parts.log.warn(`model '${model.name}': version ${version.version} is not served: ${error.message}${still}`);
    },
    settled: () => this.effect(this.loaded.trim()),
    changed: (model) => {
      for (const listener of this.listeners) listener(model.name);
    },
  };

  /** The gate of what answers has the model's name; calls that are runs of their own have nothing to set. */
  private showGate(served: ServedModel): void {
    if (served.isBatched) this.parts.gates?.replace(served.gate.name, served.gate, served.fixedBatchOptions);
  }

  private entry(name: string): Entry {
    const entry = this.entries.get(name);
    if (entry) return entry;
    const there = [...this.entries.keys()];
    const more = there.length > MAX_LISTED ? ` and ${there.length - MAX_LISTED} more` : '';
    const some = there.slice(0, MAX_LISTED).join(', ') || 'none';
    throw inferenceError('INF_ERR_MODEL_NOT_FOUND', `no model '${name}': there are ${some}${more}`);
  }
}
