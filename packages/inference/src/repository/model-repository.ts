import { isDeepStrictEqual } from 'node:util';
import type { BatchControl, Clock, HealthReport } from '@witan/core';
import { inferenceError } from '../inference.errors.js';
import type { SchemaBinding, ServedModel } from '../model/served-model.js';
import { publishModelEvent } from '../module/model-load-channel.js';
import type { ModelModuleOptions, ModelOptions } from '../module/model-options.js';
import type { ModelRecords } from '../module/model-records.js';
import type { RunnerFactory } from '../runner/runner-factory.js';
import { DeclaredSource } from './declared-source.js';
import type { ModelListing } from './listing.js';
import type { LoadOverride } from './load-override.js';
import { LoadQueue } from './load-queue.js';
import type { ManagedModel, SavedModel } from './managed-model.js';
import type { LoadModelOptions, ModelDescription, ModelDirectory } from './model-directory.js';
import { ModelEntries, type ModelEntry } from './model-entries.js';
import { ModelShelves } from './model-shelves.js';
import type { ModelSource } from './model-source.js';
import { isTemplate, ModelTemplate, notFoundAt } from './model-template.js';
import { Refresher } from './refresher.js';
import type { RepositoryLog } from './repository-log.js';
import { RepositoryState } from './repository-state.js';
import { repositoryError } from './repository.errors.js';
import { StoreLooks } from './store-looks.js';
import type { VersionHandle } from './version-handle.js';
import { checkPolicy } from './version-policy.js';

const DEFAULT_CONCURRENT_LOADS = 2;

export interface ModelRepositoryParts {
  readonly options: ModelModuleOptions;
  readonly runners: RunnerFactory;
  readonly clock: Clock;
  readonly log: RepositoryLog;
  /** Where the gates of models can be looked at and set. */
  readonly gates?: BatchControl;
  /** What is kept of the runs of models. */
  readonly records?: ModelRecords;
}

interface Declaration {
  readonly options: ModelOptions;
  readonly ready: Promise<VersionHandle | ModelTemplate>;
}

/** Every model of an application: declared in code, found in its store, or chosen by requests. */
export class ModelRepository implements ModelDirectory {
  private readonly declarations = new Map<string, Declaration>();
  private readonly templates: ModelTemplate[] = [];
  private readonly loads: LoadQueue;
  private readonly entries: ModelEntries;
  private readonly shelves: ModelShelves;
  private readonly looks: StoreLooks;
  private readonly refresher: Refresher;
  private readonly state: RepositoryState | undefined;
  private saved: Promise<Readonly<Record<string, SavedModel>>> | undefined;
  private closing: Promise<void> | undefined;

  constructor(private readonly parts: ModelRepositoryParts) {
    const { options, clock, log } = parts;
    const { concurrentLoads = DEFAULT_CONCURRENT_LOADS, store = 'models', stateFile } = options;
    this.loads = new LoadQueue(concurrentLoads, clock);
    this.entries = new ModelEntries({ ...parts, loads: this.loads });
    this.shelves = new ModelShelves({ ...options, store }, clock, log);
    const { entries, shelves } = this;
    this.looks = new StoreLooks({ options, entries, shelves, log, restore: (model) => this.restore(model) });
    this.refresher = new Refresher(() => this.look(), options.refresh ?? {}, clock);
    this.state = stateFile === undefined ? undefined : new RepositoryState(stateFile);
  }

  /**
   * A model that the code names: loaded and warm, unless it is lazy. The same declaration may be repeated.
   * @throws {INF_ERR_MODEL_CONFLICT} when it is known with other options.
   * @throws {INF_ERR_MODEL_NOT_FOUND | INF_ERR_MODEL_LOAD | INF_ERR_MODEL_TRIAL | INF_ERR_OPTIONS}
   */
  async declare(options: ModelOptions): Promise<VersionHandle | ModelTemplate> {
    if (typeof options?.name !== 'string' || options.name === '') {
      const text = `a model's name is ${JSON.stringify(options?.name)}: give ModelModule.forFeature each model as an argument of its own, with a name`;
      throw inferenceError('INF_ERR_OPTIONS', text);
    }
    checkPolicy(options.versions, options.name);
    const known = this.declarations.get(options.name);
    if (known && isDeepStrictEqual(known.options, options)) return known.ready;
    if (known) {
      const text = `model '${options.name}' is declared twice with different options: use one declaration, or two names`;
      throw inferenceError('INF_ERR_MODEL_CONFLICT', text);
    }
    const ready = isTemplate(options.path) ? this.declareTemplate(options) : this.add(options, this.sourceFor(options));
    this.declarations.set(options.name, { options, ready });
    return ready;
  }

  /** {@link declare} for a model that comes from somewhere of its own. */
  async add(options: ModelOptions, source: ModelSource): Promise<VersionHandle> {
    const entry = this.entries.add('declared', options, source, options.lazy ?? false);
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
      const store = await this.shelves.store();
      await this.readState();
      await this.looks.store();
      await this.looks.settled();
      if (refresh) await this.refresher.start(store);
    } else if (refresh) await this.refresher.start(await this.shelves.store());
  }

  names(): string[] {
    return Array.from(this.entries.all(), ({ model }) => model.name);
  }

  /** What answers for a model now; `undefined` when it is not loaded. */
  served(name: string): ServedModel | undefined {
    return this.entries.find(name)?.model.served;
  }

  health(): HealthReport[] {
    return this.entries.health();
  }

  /** @throws {INF_ERR_MODEL_NOT_FOUND} */
  handle(name: string, version?: string): VersionHandle {
    const { handle } = this.entries.get(name);
    return version === undefined ? handle : handle.as(undefined, version);
  }

  describeAll(): readonly ModelDescription[] {
    return Array.from(this.entries.all(), ({ model }) => model.describe());
  }

  describe(name: string): ModelDescription | undefined {
    return this.entries.find(name)?.model.describe();
  }

  use(name: string, version?: string): ServedModel | Promise<ServedModel> {
    const { model } = this.entries.get(name);
    const ready = model.readyVersion(version || undefined);
    if (!ready?.served) return model.use(version);
    this.entries.loaded.touch(ready);
    return ready.served;
  }

  async load(name: string, options: LoadModelOptions = {}): Promise<void> {
    const entry = this.entries.find(name) ?? (await this.entryFor(name, options));
    const before = entry.override;
    await this.override(entry, options);
    try {
      await this.looks.one(entry, true);
      await entry.model.load(options.version);
    } catch (error) {
      await this.takeBack(entry, before);
      throw error;
    }
    if (before !== entry.override) await before?.source?.remove();
    await this.keep(entry.model);
  }

  async unload(name: string, version?: string): Promise<void> {
    const { model } = this.entries.get(name);
    await model.unload(version);
    await this.keep(model);
  }

  async setAlias(name: string, alias: string, version: string | undefined): Promise<void> {
    const { model } = this.entries.get(name);
    await model.setAlias(alias, version);
    await this.keep(model);
  }

  async rollback(name: string): Promise<string> {
    const { model } = this.entries.get(name);
    const version = await model.rollback();
    await this.keep(model);
    return version;
  }

  async unpin(name: string): Promise<void> {
    const { model } = this.entries.get(name);
    await model.unpin();
    await this.keep(model);
  }

  async refresh(): Promise<void> {
    await this.refresher.now();
    await this.looks.settled();
  }

  onChange(listener: (name: string) => void): () => void {
    return this.entries.onChange(listener);
  }

  /** What an experiment was changed to before the last restart. @throws {INF_ERR_REPOSITORY_STATE} */
  async savedExperiment(name: string): Promise<unknown> {
    await this.readState();
    return this.state?.experiment(name);
  }

  /** Keeps it for the next start, where there is a state file. @throws {INF_ERR_REPOSITORY_STATE} */
  async keepExperiment(name: string, saved: object | undefined): Promise<void> {
    await this.state?.writeExperiment(name, saved);
  }

  /** Answers what is under way, for up to the drain time, and lets everything go. */
  close(): Promise<void> {
    return (this.closing ??= this.letGo());
  }

  private async letGo(): Promise<void> {
    this.refresher.stop();
    const closed = repositoryError('INF_ERR_MODEL_UNAVAILABLE', 'the server is stopping: nothing is loaded any more');
    const loads = this.loads.close(closed);
    const entries = [...this.entries.all()];
    await Promise.all(entries.map(({ model }) => model.close()));
    await this.parts.runners.close();
    await loads;
    // What was being loaded until now.
    await this.parts.runners.close(0);
    await this.looks.settled();
    await Promise.all(entries.map(({ override }) => override?.source?.remove()));
    await this.shelves.close();
  }

  private async look(): Promise<void> {
    for (const template of this.templates) template.forget((handle) => handle.isLoaded);
    await this.looks.everywhere();
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
    const known = this.entries.find(name);
    if (known?.seen) return known.handle;
    const source = this.shelves.at(path);
    const listing = await source.list();
    // Somebody else may have asked for it meanwhile, by another name of the same path.
    const entry = this.entries.find(name) ?? (listing && this.chosen({ ...options, name }, source, bindings));
    if (!entry || !listing) {
      if (entry) this.entries.delete(entry);
      throw notFoundAt(options.name, path);
    }
    entry.seen = listing;
    await entry.model.update(listing);
    return entry.handle;
  }

  private chosen(options: ModelOptions, source: ModelSource, bindings: readonly SchemaBinding[]): ModelEntry {
    const entry = this.entries.add('chosen', options, source, true);
    for (const binding of bindings) entry.model.bind(binding);
    return entry;
  }

  private async listAtBoot({ source, options }: ModelEntry): Promise<ModelListing | undefined> {
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

  /** A model that is not known yet: perhaps new in the store, or given with the order to load it. */
  private async entryFor(name: string, options: LoadModelOptions): Promise<ModelEntry> {
    if (options.files) {
      const given = await this.overrideOf(name, options);
      const entry = this.entries.add('given', { name }, given, true);
      entry.override = { options, source: given };
      return entry;
    }
    if (this.parts.options.serve === 'all') await this.refresh();
    return this.entries.get(name);
  }

  private async override(entry: ModelEntry, options: LoadModelOptions): Promise<void> {
    const { override: before, origin } = entry;
    if (options.config === undefined && !options.files) {
      // What was given once is all that there is of such a model.
      if (origin !== 'given') entry.override = undefined;
    } else if (before?.options !== options) {
      const source = options.files ? await this.overrideOf(entry.model.name, options) : undefined;
      entry.override = { options, source };
    }
  }

  /** What was given could not be loaded: what was there before goes on. */
  private async takeBack(entry: ModelEntry, before: ModelEntry['override']): Promise<void> {
    const { override: failed, model } = entry;
    if (failed && failed === before && entry.origin === 'given' && !model.served) {
      this.entries.delete(entry);
      await model.close();
    } else if (failed === before) return;
    else {
      entry.override = before;
      await this.looks.one(entry, true);
    }
    await failed?.source?.remove();
  }

  private async overrideOf(name: string, { config, files }: LoadModelOptions): Promise<LoadOverride> {
    const { LoadOverride } = await import('./load-override.js');
    if (config !== undefined) return LoadOverride.of(name, config, files!);
    const text = `model '${name}' was given files without a configuration: give both`;
    throw repositoryError('INF_ERR_LOAD_OVERRIDE', text);
  }

  private readState(): Promise<Readonly<Record<string, SavedModel>>> {
    return (this.saved ??= this.state?.read() ?? Promise.resolve({}));
  }

  private async restore(model: ManagedModel): Promise<void> {
    if (!this.state) return;
    const saved = await this.readState();
    if (Object.hasOwn(saved, model.name)) model.restore(saved[model.name]!);
  }

  private async keep(model: ManagedModel): Promise<void> {
    await this.state?.write(model.name, model.save());
  }
}
