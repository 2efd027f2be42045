import { BatchContext, type Concurrent, type Context } from '@witan/core';
import type { Frame } from '@witan/core/frame';
import type { Model } from '../model/model.js';
import type { SchemaBinding, ServedModel } from '../model/served-model.js';
import type { Assignment } from './assignment.js';
import type { RunningExperiment } from './running-experiment.js';
import { VariantModel } from './variant-model.js';

/** An experiment as one handler sees it: its schemas bound. */
export class BoundExperiment implements Concurrent {
  private readonly known = new WeakMap<ServedModel, Model>();

  constructor(
    private readonly experiment: RunningExperiment,
    private readonly binding: SchemaBinding | undefined,
    /** The variants' models. */
    private readonly models: readonly Model[],
  ) {}

  /** A gate has batches of all variants under way. */
  get concurrency(): number {
    return this.models.reduce((sum, model) => sum + model.concurrency, 0);
  }

  /** What the request is given, as text: rows of different variants never share a batch. */
  keyOf(context: Context<object>, frame: Frame): string {
    const { served } = this.assignmentOf(context, frame);
    return this.experiment.plan.names[served]!;
  }

  /** Waits for the control, where it is loaded when it is first used; others that are not loaded are not waited for. */
  prepare(context: Context<object>, frame: Frame): Promise<unknown> | undefined {
    const model = this.experiment.use(this.assignmentOf(context, frame).served);
    return model instanceof Promise ? model : undefined;
  }

  select(context: Context<object> | BatchContext<object>, frame: Frame): Model {
    const assignments =
      context instanceof BatchContext
        ? context.requests.map((request) => this.assignmentOf(request.context, frame))
        : [this.experiment.assign(context, frame)];
    return new VariantModel(this.experiment, assignments, this.bound);
  }

  /** A version with the handler's schemas: found out once. */
  private readonly bound = (served: ServedModel): Model => {
    if (!this.binding) return served;
    let model = this.known.get(served);
    if (!model) this.known.set(served, (model = served.bindSchemas(this.binding)));
    return model;
  };

  /** The same from the first time on, whatever the weights are by now: a batch is formed by it. */
  private assignmentOf(context: Context<object>, frame: Frame): Assignment {
    const known = context.bag.get(this.experiment) as Assignment | undefined;
    if (known) return known;
    const assignment = this.experiment.assign(context, frame);
    context.bag.set(this.experiment, assignment);
    return assignment;
  }
}
