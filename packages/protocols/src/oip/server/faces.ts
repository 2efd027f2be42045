import type { ModelDescription, ModelDirectory, ServedModel } from '@witan/inference';
import { type ModelFace, modelFace } from '../infer/model-face.js';
import { oipError } from '../oip.errors.js';
import { notFound } from './repository-failure.js';

/** The models that the protocol shows, each loaded version with its face. */
export class Faces {
  private readonly known = new WeakMap<ServedModel, ModelFace>();
  private readonly shown: ReadonlySet<string> | undefined;

  constructor(
    private readonly directory: ModelDirectory,
    models: 'all' | readonly string[],
  ) {
    this.shown = models === 'all' ? undefined : new Set(models);
  }

  shows(name: string): boolean {
    return this.shown === undefined || this.shown.has(name);
  }

  describeAll(): readonly ModelDescription[] {
    const all = this.directory.describeAll();
    return this.shown === undefined ? all : all.filter(({ name }) => this.shows(name));
  }

  /** @throws {OIP_ERR_MODEL_NOT_FOUND} */
  describe(name: string): ModelDescription {
    const description = this.shows(name) ? this.directory.describe(name) : undefined;
    if (!description) throw unknownModel(name);
    return description;
  }

  /** A version that is ready, loaded first if need be. A value, not a promise, when it is loaded. */
  use(name: string, version: string | undefined): ModelFace | Promise<ModelFace> {
    if (!this.shows(name)) throw unknownModel(name);
    try {
      const model = this.directory.use(name, version === '' ? undefined : version);
      if (!(model instanceof Promise)) return this.of(model);
      return this.loaded(model, name, version);
    } catch (error) {
      throw notFound(error, name, version);
    }
  }

  private async loaded(model: Promise<ServedModel>, name: string, version: string | undefined): Promise<ModelFace> {
    try {
      return this.of(await model);
    } catch (error) {
      throw notFound(error, name, version);
    }
  }

  private of(model: ServedModel): ModelFace {
    let face = this.known.get(model);
    if (!face) {
      face = modelFace(model, this.directory.describe(model.name)?.config);
      this.known.set(model, face);
    }
    return face;
  }
}

/** Triton's text, which clients look for. */
export function unknownModel(name: string, version?: string): Error {
  const which = version ? `'${name}' version ${version}` : `'${name}'`;
  return oipError('OIP_ERR_MODEL_NOT_FOUND', `Request for unknown model: ${which} is not found`);
}
