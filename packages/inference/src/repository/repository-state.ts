import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SavedModel } from './managed-model.js';
import { repositoryError } from './repository.errors.js';

const FORMAT = 1;

interface StateText {
  readonly format: number;
  readonly models: Readonly<Record<string, SavedModel>>;
  /** What experiments were changed to while running; checked by whoever reads it. */
  readonly experiments?: Readonly<Record<string, unknown>>;
}

/** Keeps aliases and rollbacks in a file, so that they outlive the process. */
export class RepositoryState {
  private writing: Promise<void> = Promise.resolve();
  private kept: Record<string, SavedModel> = {};
  private experiments: Record<string, unknown> = {};

  constructor(private readonly path: string) {}

  /** What was kept; nothing where there is no file yet. @throws {INF_ERR_REPOSITORY_STATE} */
  async read(): Promise<Readonly<Record<string, SavedModel>>> {
    const text = await readFile(this.path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') return undefined;
      throw this.error(`cannot be read (${cause.message}): mend it or delete it`, cause);
    });
    this.kept = text === undefined ? {} : this.parse(text);
    return this.kept;
  }

  /**
   * Keeps what a model has to say now; `undefined`: nothing. The file is replaced as a whole, or stays as it was.
   * @throws {INF_ERR_REPOSITORY_STATE}
   */
  write(name: string, saved: SavedModel | undefined): Promise<void> {
    if (saved) this.kept[name] = saved;
    else delete this.kept[name];
    return this.writeSoon();
  }

  /** Of an experiment; what {@link read} found has to be there first. */
  experiment(name: string): unknown {
    return Object.hasOwn(this.experiments, name) ? this.experiments[name] : undefined;
  }

  /** {@link write} for an experiment. @throws {INF_ERR_REPOSITORY_STATE} */
  writeExperiment(name: string, saved: object | undefined): Promise<void> {
    if (saved) this.experiments[name] = saved;
    else delete this.experiments[name];
    return this.writeSoon();
  }

  private writeSoon(): Promise<void> {
    const write = this.writing.then(() => this.replace());
    this.writing = write.catch(() => undefined);
    return write;
  }

  private async replace(): Promise<void> {
    const { kept: models, experiments } = this;
    const state: StateText = {
      format: FORMAT,
      models,
      ...(Object.keys(experiments).length > 0 && { experiments }),
    };
    const partial = `${this.path}.${process.pid}.partial`;
    try {
      await mkdir(dirname(this.path), { recursive: true });
      await writeFile(partial, `${JSON.stringify(state, undefined, 2)}\n`);
      await rename(partial, this.path);
    } catch (cause) {
      throw this.error(
        `cannot be written (${(cause as Error).message}): the change holds until the process ends`,
        cause,
      );
    }
  }

  private parse(text: string): Record<string, SavedModel> {
    let state: Partial<StateText> | undefined;
    try {
      state = JSON.parse(text) as Partial<StateText>;
    } catch (cause) {
      throw this.error(`is no JSON (${(cause as Error).message}): mend it or delete it`, cause);
    }
    if (state?.format === FORMAT && isRecord(state.models) && Object.values(state.models).every(isSavedModel)) {
      this.experiments = isRecord(state.experiments) ? { ...state.experiments } : {};
      return { ...state.models };
    }
    throw this.error(`is not what Witan writes there (format ${FORMAT}): mend it or delete it`);
  }

  private error(what: string, cause?: unknown): Error {
    return repositoryError('INF_ERR_REPOSITORY_STATE', `the state file ${this.path} ${what}`, { cause });
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSavedModel(value: unknown): value is SavedModel {
  if (!isRecord(value) || !isRecord(value['aliases']) || !Array.isArray(value['history'])) return false;
  const aliases = Object.values(value['aliases']).every((version) => version === null || typeof version === 'string');
  const pinned = value['pinned'] === undefined || isVersion(value['pinned']);
  return aliases && pinned && value['history'].every(isVersion);
}

function isVersion(value: unknown): boolean {
  if (!isRecord(value) || !Array.isArray(value['files'])) return false;
  const { version, revision, modelFile, files } = value;
  return typeof version === 'string' && typeof revision === 'string' && [modelFile, ...(files as [])].every(isFile);
}

function isFile(value: unknown): boolean {
  if (!isRecord(value)) return false;
  return (
    typeof value['path'] === 'string' && typeof value['bytes'] === 'number' && typeof value['revision'] === 'string'
  );
}
