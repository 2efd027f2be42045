import { type Context, runtimeOf, type ServiceDefinition, type ServiceRuntime } from '@witan/core';
import { Column, Frame } from '@witan/core/frame';
import { MAX_KEY_CHARS } from '../experiment/assign/key-source.js';
import type { RunningExperiment } from '../experiment/running-experiment.js';
import { bytesOfFrame, outputsOfFrame } from '../experiment/shadow/named-output.js';
import type { ModelRunOptions } from '../model/model.js';
import type { ServedModel } from '../model/served-model.js';
import type { ModelDirectory } from '../repository/model-directory.js';
import type { ServiceIdentifiers } from './service-identifiers.js';
import { type ServiceShape, serviceShapeOf } from './service-shape.js';
import { servingError } from './serving.errors.js';

/** The query parameter, and the field in .proto, that chooses another version than the default. */
export const VERSION_PARAMETER = 'version';

const VERSION_PARAM = {
  name: VERSION_PARAMETER,
  in: 'query',
  required: false,
  schema: { type: 'string', maxLength: 255, description: 'A version or an alias of the model; without, the default' },
} as const;

/** Whose rows go to a model: those of its name, or those of an experiment, which chooses for each request. */
export type ModelSupply = Pick<ModelDirectory, 'use'> | RunningExperiment;

/** The typed service of one model or experiment: its rows go to whichever version answers at that moment. */
export function modelService(
  name: string,
  shape: ServiceShape,
  identifiers: ServiceIdentifiers,
  supply: ModelSupply,
): ServiceRuntime {
  const experiment = 'assign' in supply ? supply : undefined;
  const service = new ModelService(name, shape, supply);
  const { protoPackage, protoService } = identifiers;
  const definition = {
    name,
    path: name,
    params: experiment ? keyParams(experiment) : [VERSION_PARAM],
    input: { ...shape.input, name: `${protoService.replace(/Service$/, '')}Input` },
    output: { ...shape.output, name: `${protoService.replace(/Service$/, '')}Output` },
    protoPackage,
    protoService,
    description: experiment ? `Experiment ${name}.` : `Model ${name}.`,
  };
  if (experiment) return runtimeOf(definition, (frame, context) => service.runChosen(experiment, frame, context));
  return runtimeOf(definition, (frame, context) => service.run(frame, context));
}

/** The query parameter that holds an experiment's key. */
function keyParams({ plan }: RunningExperiment): ServiceDefinition['params'] {
  const [, name] = /^param:(.+)$/s.exec(plan.keyText) ?? [];
  if (name === undefined) return [];
  const description = `What is given the same variant of experiment ${plan.name}`;
  return [{ name, in: 'query', required: false, schema: { type: 'string', maxLength: MAX_KEY_CHARS, description } }];
}

class ModelService {
  /** The last version that was found to fit: nearly always the next one too, but for experiments. */
  private fitting: ServedModel | undefined;
  private readonly known = new WeakMap<ServedModel, boolean>();
  /** Outputs whose size the signature leaves open: of size 1 they come as scalars. */
  private readonly open: readonly string[];

  constructor(
    private readonly name: string,
    private readonly shape: ServiceShape,
    private readonly supply: ModelSupply,
  ) {
    this.open = shape.output.columns.filter((column) => column.shape[0] === null).map((column) => column.name);
  }

  run(frame: Frame, context: Context): Frame | Promise<Frame> {
    const { [VERSION_PARAMETER]: version } = context.params as Readonly<Record<string, string | undefined>>;
    const model = (this.supply as ModelDirectory).use(this.name, version === '' ? undefined : version);
    if (model instanceof Promise) return model.then((loaded) => this.noted(loaded, version, frame, context));
    return this.noted(model, version, frame, context);
  }

  /** The model is the experiment's choice; one of another shape is none that it may choose. */
  runChosen(experiment: RunningExperiment, frame: Frame, context: Context): Promise<Frame> {
    const assignment = experiment.assign(context, frame, (model) => this.fits(model));
    return experiment.run([assignment], {
      on: (model, instead) => this.runOn(model, frame, instead ?? context),
      outputs: outputsOfFrame,
      rows: frame.rows,
      bytes: () => bytesOfFrame(frame),
    });
  }

  private noted(model: ServedModel, asked: string | undefined, frame: Frame, context: Context): Promise<Frame> {
    context.noteModel(model.useAs(asked));
    return this.runOn(model, frame, context);
  }

  private runOn(model: ServedModel, frame: Frame, context: ModelRunOptions['context']): Promise<Frame> {
    if (model !== this.fitting) this.checkShape(model);
    const { inputNames, outputs, outputNames } = this.shape;
    const options: ModelRunOptions = outputs === undefined ? { context } : { context, outputs };
    const answer = model.run(inputNames ? renamed(frame, inputNames) : frame, options) as Promise<Frame>;
    return outputNames || this.open.length > 0 ? answer.then((rows) => this.answered(rows)) : answer;
  }

  private checkShape(model: ServedModel): void {
    if (this.fits(model)) {
      this.fitting = model;
      return;
    }
    const { name } = this;
    throw servingError(
      'INF_ERR_SERVICE_VERSION',
      `version ${model.version} of model '${name}' has other inputs or outputs than this service, which has those of the default version: call it at POST /v2/models/${name}/versions/${model.version}/infer`,
    );
  }

  private fits(model: ServedModel): boolean {
    const known = this.known.get(model);
    if (known !== undefined) return known;
    const shape = serviceShapeOf(model);
    const fits = 'key' in shape && shape.key === this.shape.key;
    this.known.set(model, fits);
    return fits;
  }

  private answered(rows: Frame): Frame {
    const { outputNames } = this.shape;
    const frame = outputNames ? renamed(rows, outputNames) : rows;
    const scalars = this.open.filter((name) => frame.columns.get(name)?.shape.length === 0);
    if (scalars.length === 0) return frame;
    const columns = new Map(frame.columns);
    for (const name of scalars) {
      const { dtype, length, data } = columns.get(name)!;
      columns.set(name, new Column({ dtype, shape: [1], length, data }));
    }
    return new Frame(columns, frame.rows);
  }
}

/** The same columns, in order, under other names. */
function renamed(frame: Frame, names: ReadonlyMap<string, string>): Frame {
  const columns = [...frame.columns].map(([name, column]) => [names.get(name) ?? name, column] as const);
  return new Frame(new Map(columns), frame.rows, frame.origin, frame.source);
}
