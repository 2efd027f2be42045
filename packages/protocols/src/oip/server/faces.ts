import type {
  ExperimentRegistry,
  ModelDescription,
  ModelDirectory,
  RunningExperiment,
  ServedModel,
} from '@witan/inference';
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
    private readonly experiments?: ExperimentRegistry,
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

  /** The experiment of that name, which chooses a model for each request. */
  experiment(name: string): RunningExperiment | undefined {
    return this.shows(name) ? this.experiments?.find(name) : undefined;
  }

  /** Of an experiment: its control, under the experiment's name. @throws {OIP_ERR_MODEL_NOT_FOUND} */
  describe(name: string): ModelDescription {
    const experiment = this.experiment(name);
    if (experiment) return controlOf(experiment, this.directory);
    const description = this.shows(name) ? this.directory.describe(name) : undefined;
    if (!description) throw unknownModel(name);
    return description;
  }

  /** A version that is ready, loaded first if need be. A value, not a promise, when it is loaded. */
  use(name: string, version: string | undefined): ModelFace | Promise<ModelFace> {
    if (!this.shows(name)) throw unknownModel(name);
    const experiment = this.experiment(name);
    // A version that is asked for is refused unless it is the control's: callers do not choose it.
    if (experiment && version && !this.describe(name).versions.some((each) => each.version === version))
      throw unknownModel(name, version);
    try {
      const model = experiment
        ? experiment.use(experiment.plan.control)
        : this.directory.use(name, version === '' ? undefined : version);
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

  /** A loaded model, as the protocol sees it. */
  of(model: ServedModel): ModelFace {
    let face = this.known.get(model);
    if (!face) {
      face = modelFace(model, this.directory.describe(model.name)?.config);
      this.known.set(model, face);
    }
    return face;
  }
}

/** Its control's version alone: others are not for callers to choose. */
function controlOf({ name, plan }: RunningExperiment, directory: ModelDirectory): ModelDescription {
  const { model, version } = plan.variants[plan.control]!;
  const description = directory.describe(model)!;
  const named = version === undefined ? description.defaultVersion : (description.aliases[version] ?? version);
  const versions = description.versions.filter((each) => each.version === named);
  return { ...description, name, versions, aliases: {}, ...(named !== undefined && { defaultVersion: named }) };
}

/** Triton's text, which clients look for. */
export function unknownModel(name: string, version?: string): Error {
  const which = version ? `'${name}' version ${version}` : `'${name}'`;
  return oipError('OIP_ERR_MODEL_NOT_FOUND', `Request for unknown model: ${which} is not found`);
}
