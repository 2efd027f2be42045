import type { Clock } from '@witan/core';
import type { ServedModel } from '../model/served-model.js';
import { publishModelEvent } from '../module/model-load-channel.js';
import type { ModelOptions } from '../module/model-options.js';
import type { LoadQueue } from './load-queue.js';
import type { LoadedVersions } from './loaded-versions.js';
import type { ManagedModel } from './managed-model.js';
import type { ModelSource } from './model-source.js';
import type { ModelVersion } from './model-version.js';
import type { RepositoryLog } from './repository-log.js';
import { repositoryError } from './repository.errors.js';
import type { VersionOpener } from './version-opener.js';

export interface VersionLoaderParts {
  readonly queue: LoadQueue;
  readonly loaded: LoadedVersions;
  readonly opener: VersionOpener;
  readonly clock: Clock;
  readonly log: RepositoryLog;
}

/** What is loaded, for whom, and from where. */
export interface VersionLoad {
  readonly model: ManagedModel;
  readonly version: ModelVersion;
  readonly source: ModelSource;
  readonly options: ModelOptions;
  /** Nobody let it go since it was asked for. */
  readonly isWanted: () => boolean;
}

/** Loads versions: a few at a time, each when there is room for it, and says what came of it. */
export class VersionLoader {
  constructor(private readonly parts: VersionLoaderParts) {}

  /** @throws what fetching, opening and checking throw */
  async load(load: VersionLoad): Promise<ServedModel> {
    const { clock, log, queue } = this.parts;
    const start = clock.now();
    const id = { kind: 'load', name: load.model.name, version: load.version.version } as const;
    try {
      const served = await queue.run(() => this.loadInRoom(load));
      const { mode, runnerReport } = served;
      const { loadMs, provider } = runnerReport;
      for (const warning of runnerReport.warnings) log.warn(`model '${id.name}': ${warning}`);
      publishModelEvent({ ...id, ok: true, durationMs: clock.now() - start, mode, loadMs, provider });
      return served;
    } catch (error) {
      publishModelEvent({ ...id, ok: false, durationMs: clock.now() - start, error });
      throw error;
    }
  }

  private async loadInRoom(load: VersionLoad): Promise<ServedModel> {
    const { model, version } = load;
    // It waited for its turn: what was let go meanwhile takes nobody's time.
    if (!load.isWanted()) throw letGo(model, version);
    // What replaces a version of its own model takes its place once it is there.
    const room = model.served ? undefined : await this.parts.loaded.makeRoom(model, version.bytes);
    try {
      return await this.fetchAndOpen(load);
    } finally {
      room?.leave();
    }
  }

  private async fetchAndOpen({ model, version, source, options }: VersionLoad): Promise<ServedModel> {
    const files = await source.fetch(version.listing);
    try {
      const served = await this.parts.opener.open({ version: version.version, files, config: model.config, options });
      return await checked(model, served);
    } catch (error) {
      files.release?.();
      throw error;
    }
  }
}

function letGo({ name }: ManagedModel, { version }: ModelVersion): Error {
  const text = `version ${version} of model '${name}' was unloaded while it waited to be loaded`;
  return repositoryError('INF_ERR_MODEL_UNAVAILABLE', text);
}

/** @throws {INF_ERR_MODEL_SIGNATURE} */
async function checked(model: ManagedModel, served: ServedModel): Promise<ServedModel> {
  try {
    model.checkBindings(served);
    return served;
  } catch (error) {
    await served.close(0);
    throw error;
  }
}
