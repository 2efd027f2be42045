import { type Context, runtimeOf, type ServiceRuntime } from '@witan/core';
import { Column, Frame } from '@witan/core/frame';
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

/** The typed service of one model: its rows go to whichever version answers at that moment. */
export function modelService(
  name: string,
  shape: ServiceShape,
  identifiers: ServiceIdentifiers,
  directory: Pick<ModelDirectory, 'use'>,
): ServiceRuntime {
  const service = new ModelService(name, shape, directory);
  const { protoPackage, protoService } = identifiers;
  const definition = {
    name,
    path: name,
    params: [VERSION_PARAM],
    input: { ...shape.input, name: `${protoService.replace(/Service$/, '')}Input` },
    output: { ...shape.output, name: `${protoService.replace(/Service$/, '')}Output` },
    protoPackage,
    protoService,
    description: `Model ${name}.`,
  };
  return runtimeOf(definition, (frame, context) => service.run(frame, context));
}

class ModelService {
  /** The last version that was found to fit: nearly always the next one too. */
  private fitting: ServedModel | undefined;
  /** Outputs whose size the signature leaves open: of size 1 they come as scalars. */
  private readonly open: readonly string[];

  constructor(
    private readonly name: string,
    private readonly shape: ServiceShape,
    private readonly directory: Pick<ModelDirectory, 'use'>,
  ) {
    this.open = shape.output.columns.filter((column) => column.shape[0] === null).map((column) => column.name);
  }

  run(frame: Frame, context: Context): Frame | Promise<Frame> {
    const { [VERSION_PARAMETER]: version } = context.params as Readonly<Record<string, string | undefined>>;
    const model = this.directory.use(this.name, version === '' ? undefined : version);
    if (model instanceof Promise) return model.then((loaded) => this.runOn(loaded, version, frame, context));
    return this.runOn(model, version, frame, context);
  }

  private runOn(model: ServedModel, asked: string | undefined, frame: Frame, context: Context): Promise<Frame> {
    context.noteModel(model.useAs(asked));
    if (model !== this.fitting) this.checkShape(model);
    const { inputNames, outputs, outputNames } = this.shape;
    const options: ModelRunOptions = outputs === undefined ? { context } : { context, outputs };
    const answer = model.run(inputNames ? renamed(frame, inputNames) : frame, options) as Promise<Frame>;
    return outputNames || this.open.length > 0 ? answer.then((rows) => this.answered(rows)) : answer;
  }

  private checkShape(model: ServedModel): void {
    const shape = serviceShapeOf(model);
    if ('key' in shape && shape.key === this.shape.key) {
      this.fitting = model;
      return;
    }
    const { name } = this;
    throw servingError(
      'INF_ERR_SERVICE_VERSION',
      `version ${model.version} of model '${name}' has other inputs or outputs than this service, which has those of the default version: call it at POST /v2/models/${name}/versions/${model.version}/infer`,
    );
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
