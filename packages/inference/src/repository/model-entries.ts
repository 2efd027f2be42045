import type { BatchControl, Clock, HealthReport } from '@witan/core';
import { inferenceError } from '../inference.errors.js';
import type { ServedModel } from '../model/served-model.js';
import { publishModelEvent } from '../module/model-load-channel.js';
import type { ModelModuleOptions, ModelOptions } from '../module/model-options.js';
import type { ModelRecords } from '../module/model-records.js';
import type { RunnerFactory } from '../runner/runner-factory.js';
import type { ModelListing } from './listing.js';
import type { LoadOverride } from './load-override.js';
import type { LoadQueue } from './load-queue.js';
import { LoadedVersions } from './loaded-versions.js';
import { ManagedModel, type ModelEvents } from './managed-model.js';
import type { LoadModelOptions } from './model-directory.js';
import type { ModelSource } from './model-source.js';
import type { ModelVersion } from './model-version.js';
import type { RepositoryLog } from './repository-log.js';
import { VersionHandle, type VersionSource } from './version-handle.js';
import { VersionLoader } from './version-loader.js';
import { VersionOpener } from './version-opener.js';

const DEFAULT_DRAIN_MS = 10_000;
/** Names that an error text lists, and faults that health tells of models that the code does not name. */
const MAX_LISTED = 20;

/** `declared` by code; `found` in the store; `chosen` by a request's parameters; `given` with an order to load it. */
export type Origin = 'declared' | 'found' | 'chosen' | 'given';

/** A model, and how it came to be known. */
export interface ModelEntry {
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

export interface ModelEntriesParts {
  readonly options: ModelModuleOptions;
  readonly runners: RunnerFactory;
  readonly clock: Clock;
  readonly log: RepositoryLog;
  readonly loads: LoadQueue;
  /** Where the gates of models can be looked at and set. */
  readonly gates?: BatchControl;
  /** What is kept of the runs of models. */
  readonly records?: ModelRecords;
}

/** The models that are known, by name; with the room that they share, and those who want to know what happens to them. */
export class ModelEntries {
  readonly loaded: LoadedVersions;
  private readonly byName = new Map<string, ModelEntry>();
  private readonly listeners = new Set<(name: string) => void>();
  private readonly loader: VersionLoader;
  private readonly drainMs: number;

  constructor(private readonly parts: ModelEntriesParts) {
    const { options, runners, clock, log, loads } = parts;
    this.drainMs = options.runners?.drainMs ?? DEFAULT_DRAIN_MS;
    this.loaded = new LoadedVersions(options.loaded ?? {}, clock, (model) => this.mayGo(model));
    const opener = new VersionOpener(runners, clock, options.batch, parts.records);
    this.loader = new VersionLoader({ queue: loads, loaded: this.loaded, opener, clock, log });
  }

  all(): IterableIterator<ModelEntry> {
    return this.byName.values();
  }

  find(name: string): ModelEntry | undefined {
    return this.byName.get(name);
  }

  /** @throws {INF_ERR_MODEL_NOT_FOUND} with the names that there are */
  get(name: string): ModelEntry {
    const entry = this.byName.get(name);
    if (entry) return entry;
    const there = [...this.byName.keys()];
    const more = there.length > MAX_LISTED ? ` and ${there.length - MAX_LISTED} more` : '';
    const some = there.slice(0, MAX_LISTED).join(', ') || 'none';
    throw inferenceError('INF_ERR_MODEL_NOT_FOUND', `no model '${name}': there are ${some}${more}`);
  }

  add(origin: Origin, options: ModelOptions, source: ModelSource, lazy: boolean): ModelEntry {
    const { name } = options;
    const { versions: policy, version: defaultVersion } = options;
    const declared = origin === 'declared';
    const { clock } = this.parts;
    const { drainMs, events } = this;
    const open = (_: ManagedModel, version: ModelVersion, isWanted: () => boolean): Promise<ServedModel> =>
      this.open(entry, version, isWanted);
    const model = new ManagedModel({ name, declared, lazy, policy, defaultVersion, clock, drainMs, open, events });
    const handle = new VersionHandle(this.versionsOf(model, options));
    const entry: ModelEntry = { model, origin, options, source, handle };
    this.byName.set(name, entry);
    return entry;
  }

  /** Forgets a model of which nothing is left. */
  delete(entry: ModelEntry): void {
    if (this.byName.get(entry.model.name) === entry) this.byName.delete(entry.model.name);
  }

  /**
   * A declared model that does not answer is a fault of the application. What is found in a store is not: of it, only
   * what is wrong is told, of the first of them.
   */
  health(): HealthReport[] {
    const declared: HealthReport[] = [];
    const others: HealthReport[] = [];
    for (const { model, origin } of this.byName.values()) {
      const isDeclared = origin === 'declared';
      if (!isDeclared && others.length >= MAX_LISTED) continue;
      const why = model.warning();
      const name = `model:${model.name}`;
      if (isDeclared) declared.push({ name, ok: model.isWell, ...(why !== undefined && { detail: why }) });
      else if (why !== undefined) others.push({ name, ok: true, detail: why });
    }
    return [...declared, ...others];
  }

  onChange(listener: (name: string) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  private open(entry: ModelEntry, version: ModelVersion, isWanted: () => boolean): Promise<ServedModel> {
    const { model, options } = entry;
    const source = entry.override?.source ?? entry.source;
    return this.loader.load({ model, version, source, options, isWanted });
  }

  private mayGo(model: ManagedModel): boolean {
    const entry = this.byName.get(model.name);
    if (entry?.model !== model) return true;
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
    settled: () => void this.loaded.trim().catch((error: Error) => this.parts.log.warn(error.message)),
    changed: (model) => {
      for (const listener of this.listeners) listener(model.name);
    },
  };

  /** The gate of what answers has the model's name; calls that are runs of their own have nothing to set. */
  private showGate(served: ServedModel): void {
    if (served.isBatched) this.parts.gates?.replace(served.gate.name, served.gate, served.fixedBatchOptions);
  }
}
