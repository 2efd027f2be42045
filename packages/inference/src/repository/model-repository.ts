import { isDeepStrictEqual } from 'node:util';
import type { BatchControl, Clock } from '@witan/core';
import { inferenceError } from '../inference.errors.js';
import type { ServedModel } from '../model/served-model.js';
import { publishModelEvent } from '../module/model-load-channel.js';
import type { ModelModuleOptions, ModelOptions } from '../module/model-options.js';
import { findModelFile } from '../module/model-path.js';
import type { RunnerFactory } from '../runner/runner-factory.js';
import { FileSource } from './file-source.js';
import { LoadQueue } from './load-queue.js';
import { LoadedVersions } from './loaded-versions.js';
import { ManagedModel, type ModelEvents } from './managed-model.js';
import type { LoadModelOptions, ModelDescription, ModelDirectory } from './model-directory.js';
import type { ModelSource } from './model-source.js';
import type { ModelVersion } from './model-version.js';
import type { RepositoryLog } from './repository-log.js';
import { repositoryError } from './repository.errors.js';
import { VersionHandle, type VersionSource } from './version-handle.js';
import { VersionOpener } from './version-opener.js';

const DEFAULT_DRAIN_MS = 10_000;
const DEFAULT_CONCURRENT_LOADS = 2;

export interface ModelRepositoryParts {
  readonly options: ModelModuleOptions;
  readonly runners: RunnerFactory;
  readonly clock: Clock;
  readonly log: RepositoryLog;
  /** Where the gates of models can be looked at and set. */
  readonly gates?: BatchControl;
}

interface Entry {
  readonly model: ManagedModel;
  readonly source: ModelSource;
  readonly options: ModelOptions;
  readonly declared?: Promise<VersionHandle>;
}

/** Every model of an application: declared in code, or found in its store. */
export class ModelRepository implements ModelDirectory {
  private readonly entries = new Map<string, Entry>();
  private readonly listeners = new Set<(name: string) => void>();
  private readonly opener: VersionOpener;
  private readonly loads: LoadQueue;
  private readonly loaded: LoadedVersions;
  private readonly drainMs: number;

  constructor(private readonly parts: ModelRepositoryParts) {
    const { options, runners, clock } = parts;
    this.opener = new VersionOpener(runners, clock, options.batch);
    this.loads = new LoadQueue(options.concurrentLoads ?? DEFAULT_CONCURRENT_LOADS, clock);
    this.loaded = new LoadedVersions(options.loaded ?? {}, clock, (model) => this.mayGo(model));
    this.drainMs = options.runners?.drainMs ?? DEFAULT_DRAIN_MS;
  }

  /**
   * A model that the code names: loaded and warm, unless it is lazy. The same declaration may be repeated.
   * @throws {INF_ERR_MODEL_CONFLICT} when it is known with other options.
   * @throws {INF_ERR_MODEL_NOT_FOUND | INF_ERR_MODEL_LOAD | INF_ERR_MODEL_TRIAL | INF_ERR_OPTIONS}
   */
  declare(options: ModelOptions): Promise<VersionHandle> {
    if (typeof options?.name !== 'string' || options.name === '') {
      const text = `a model's name is ${JSON.stringify(options?.name)}: give ModelModule.forFeature each model as an argument of its own, with a name`;
      return Promise.reject(inferenceError('INF_ERR_OPTIONS', text));
    }
    const known = this.entries.get(options.name);
    if (known?.declared && isDeepStrictEqual(known.options, options)) return known.declared;
    if (known) {
      const text = `model '${options.name}' is declared twice with different options: use one declaration, or two names`;
      return Promise.reject(inferenceError('INF_ERR_MODEL_CONFLICT', text));
    }
    const { name, version = '1' } = options;
    const store = this.parts.options.store ?? 'models';
    return this.add(options, new FileSource(name, version, () => findModelFile(store, name, options.path ?? name)));
  }

  /** {@link declare} for a model that comes from somewhere of its own. */
  add(options: ModelOptions, source: ModelSource): Promise<VersionHandle> {
    const entry: Entry = { model: this.newModel(options, source, true), source, options };
    const declared = this.openDeclared(entry);
    this.entries.set(options.name, { ...entry, declared });
    return declared;
  }

  names(): string[] {
    return [...this.entries.keys()];
  }

  /** What answers for a model now; `undefined` when it is not loaded. */
  served(name: string): ServedModel | undefined {
    return this.entries.get(name)?.model.served;
  }

  /** @throws {INF_ERR_MODEL_NOT_FOUND} */
  handle(name: string, version?: string): VersionHandle {
    return new VersionHandle(this.sourceOf(this.entry(name)), version);
  }

  /** What an operator should know although the model answers. */
  warning(name: string): string | undefined {
    return this.entries.get(name)?.model.warning();
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
    const entry = this.entry(name);
    await this.refreshOne(entry);
    await entry.model.load(options.version);
  }

  async unload(name: string, version?: string): Promise<void> {
    await this.entry(name).model.unload(version);
  }

  async setAlias(name: string, alias: string, version: string | undefined): Promise<void> {
    await this.entry(name).model.setAlias(alias, version);
  }

  async rollback(name: string): Promise<string> {
    return this.entry(name).model.rollback();
  }

  async unpin(name: string): Promise<void> {
    await this.entry(name).model.unpin();
  }

  async refresh(): Promise<void> {
    await Promise.all([...this.entries.values()].map((entry) => this.refreshOne(entry)));
  }

  onChange(listener: (name: string) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Answers what is under way, for up to the drain time, and lets everything go. */
  async close(): Promise<void> {
    const closed = repositoryError('INF_ERR_MODEL_UNAVAILABLE', 'the server is stopping: nothing is loaded any more');
    const loads = this.loads.close(closed);
    await Promise.all([...this.entries.values()].map(({ model }) => model.close()));
    await this.parts.runners.close(this.drainMs);
    await loads;
    // What was being loaded until now.
    await this.parts.runners.close(0);
  }

  private async openDeclared(entry: Entry): Promise<VersionHandle> {
    const { model, source, options } = entry;
    const start = this.parts.clock.now();
    const listing = await source.list().catch((error: unknown) => {
      const { version = '1', name } = options;
      publishModelEvent({ kind: 'load', name, version, ok: false, durationMs: this.parts.clock.now() - start, error });
      throw error;
    });
    await model.update(listing);
    if (!model.lazy && !model.served) throw model.failure;
    return new VersionHandle(this.sourceOf(entry));
  }

  private newModel(options: ModelOptions, source: ModelSource, declared: boolean): ManagedModel {
    const { name, versions, lazy = false } = options;
    const { clock } = this.parts;
    const open = (model: ManagedModel, version: ModelVersion): Promise<ServedModel> =>
      this.open(model, version, source, options);
    return new ManagedModel({
      name,
      declared,
      lazy,
      policy: versions,
      clock,
      drainMs: this.drainMs,
      open,
      events: this.events,
    });
  }

  private readonly events: ModelEvents = {
    ready: (model, version) => {
      this.loaded.add(model, version);
      void this.loaded.trim();
      if (model.served === version.served || !model.served) this.showGate(model, version.served!);
    },
    retired: (model, version, served, reason) => {
      this.loaded.delete(version);
      this.parts.gates?.remove(served.gate.name, served.gate);
      const kind = reason.startsWith('evicted') ? 'evict' : 'unload';
      publishModelEvent({ kind, name: model.name, version: version.version, ok: true, durationMs: 0, reason });
    },
    swapped: (model, from, to) => {
      this.showGate(model, to.served!);
      const [previousVersion, version] = [from.version, to.version];
      publishModelEvent({ kind: 'swap', name: model.name, version, ok: true, durationMs: 0, previousVersion });
      this.parts.log.log(`model '${model.name}': version ${version} answers in place of ${previousVersion}`);
    },
    changed: (model) => {
      for (const listener of this.listeners) listener(model.name);
    },
  };

  /** The gate of what answers has the model's name; calls that are runs of their own have nothing to set. */
  private showGate(model: ManagedModel, served: ServedModel): void {
    if (served.isBatched) this.parts.gates?.replace(served.gate.name, served.gate, served.fixedBatchOptions);
  }

  private async open(
    model: ManagedModel,
    version: ModelVersion,
    source: ModelSource,
    options: ModelOptions,
  ): Promise<ServedModel> {
    const start = this.parts.clock.now();
    const { name } = model;
    const id = { kind: 'load', name, version: version.version } as const;
    try {
      const served = await this.loads.run(() => this.openInRoom(model, version, source, options));
      const { mode, runnerReport } = served;
      const { loadMs, provider } = runnerReport;
      for (const warning of runnerReport.warnings) this.parts.log.warn(`model '${name}': ${warning}`);
      const durationMs = this.parts.clock.now() - start;
      publishModelEvent({ ...id, ok: true, durationMs, mode, loadMs, provider });
      return served;
    } catch (error) {
      publishModelEvent({ ...id, ok: false, durationMs: this.parts.clock.now() - start, error });
      throw error;
    }
  }

  private async openInRoom(
    model: ManagedModel,
    version: ModelVersion,
    source: ModelSource,
    options: ModelOptions,
  ): Promise<ServedModel> {
    // What replaces a version of its own model takes its place once it is there.
    const room = model.served ? undefined : await this.loaded.makeRoom(model, version.bytes);
    try {
      const files = await source.fetch(version.listing);
      const served = await this.opener.open({ version: version.version, files, config: model.config, options });
      await this.check(model, served);
      return served;
    } finally {
      room?.leave();
    }
  }

  private async check(model: ManagedModel, served: ServedModel): Promise<void> {
    try {
      model.checkBindings(served);
    } catch (error) {
      await served.close(0);
      throw error;
    }
  }

  private async refreshOne({ model, source }: Entry): Promise<void> {
    const listing = await source.list().catch((error: unknown) => error as Error);
    if (listing instanceof Error) model.storeWarning = `the store could not be asked: ${listing.message}`;
    else {
      model.storeWarning = undefined;
      await model.update(listing);
    }
  }

  private mayGo(model: ManagedModel): boolean {
    const entry = this.entries.get(model.name);
    return model.lazy && !entry?.options.pin;
  }

  private sourceOf({ model, options }: Entry): VersionSource {
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

  private entry(name: string): Entry {
    const entry = this.entries.get(name);
    if (entry) return entry;
    const there = [...this.entries.keys()];
    const some =
      there.length > 20 ? `${there.slice(0, 20).join(', ')} and ${there.length - 20} more` : there.join(', ');
    throw inferenceError('INF_ERR_MODEL_NOT_FOUND', `no model '${name}': there are ${some || 'none'}`);
  }
}
