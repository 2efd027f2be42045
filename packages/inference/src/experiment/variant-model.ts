import { Frame } from '@witan/core/frame';
import { Model, type ModelRunOptions } from '../model/model.js';
import type { ServedModel } from '../model/served-model.js';
import type { ModelSignature } from '../runner/signature.js';
import type { TensorMap } from '../tensor/tensor.js';
import { repositoryError } from '../repository/repository.errors.js';
import type { Assignment } from './assignment.js';
import type { RunningExperiment } from './running-experiment.js';
import { bytesOfFrame, outputsOfFrame } from './shadow/named-output.js';
import { bytesOfTensors, outputsOfTensors } from './shadow/tensor-output.js';
import type { VariantRun } from './variant-run.js';

/** The model that an experiment has chosen for one call of a handler. Its first run is what the experiment counts. */
export class VariantModel extends Model {
  readonly name: string;
  private hasRun = false;

  constructor(
    private readonly experiment: RunningExperiment,
    private readonly assignments: readonly Assignment[],
    /** With the handler's schemas bound. */
    private readonly bound: (served: ServedModel) => Model,
  ) {
    super();
    this.name = experiment.plan.variants[this.place]!.model;
  }

  override get version(): string {
    return this.loaded.version;
  }

  override get signature(): ModelSignature {
    return this.loaded.signature;
  }

  override get concurrency(): number {
    return this.loaded.concurrency;
  }

  override run(input: Frame<object> | TensorMap, options?: ModelRunOptions): Promise<Frame> {
    return this.counted({
      on: (served, context) => {
        const model = this.bound(served);
        if (!context) return model.run(input, options);
        // Nobody waits for a shadow: it has neither the batch's place nor the callers' deadlines.
        const rows = input instanceof Frame ? (input as Frame).markedAs(undefined) : input;
        return model.run(rows, options?.outputs ? { outputs: options.outputs, context } : { context });
      },
      outputs: outputsOfFrame,
      rows: rowsOf(input),
      bytes: () => (input instanceof Frame ? bytesOfFrame(input as Frame) : bytesOfTensors(input as TensorMap)),
    });
  }

  override runTensors(feeds: TensorMap, options?: ModelRunOptions): Promise<TensorMap> {
    return this.counted({
      on: (served, context) =>
        served.runTensors(
          feeds,
          context ? { context, ...(options?.outputs && { outputs: options.outputs }) } : options,
        ),
      outputs: outputsOfTensors,
      rows: 1,
      bytes: () => bytesOfTensors(feeds),
    });
  }

  private counted<T>(run: VariantRun<T>): Promise<T> {
    const isFirst = !this.hasRun;
    this.hasRun = true;
    return this.experiment.run(this.assignments, run, isFirst);
  }

  private get place(): number {
    return this.assignments[0]!.served;
  }

  private get loaded(): ServedModel {
    const served = this.experiment.use(this.place);
    if (!(served instanceof Promise)) return served;
    served.catch(() => undefined);
    throw repositoryError(
      'INF_ERR_MODEL_UNAVAILABLE',
      `model '${this.name}' is not loaded (yet): its first run loads it`,
    );
  }
}

function rowsOf(input: Frame<object> | TensorMap): number {
  if (input instanceof Frame) return input.rows;
  for (const tensor of Object.values(input as TensorMap)) return tensor.dims[0] ?? 1;
  return 0;
}
