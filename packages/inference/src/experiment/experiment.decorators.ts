import 'reflect-metadata';
import { handlerParam } from '@witan/core';
import type { BoundExperiment } from './bound-experiment.js';
import { type DeclaredExperiment, experimentsOn } from './declared-experiment.js';
import { ExperimentRegistry } from './experiment-registry.js';
import type { ExperimentOptions } from './experiment-options.js';
import { EXPERIMENT_METADATA } from './experiment.tokens.js';

/**
 * Declares an experiment, on the handler that it is for or on its class. `ExperimentModule` has to be imported.
 * @example
 * @Experiment('iris-new', {
 *   variants: { control: 'iris@3', challenger: { model: 'iris@latest', weight: 0.1 } },
 *   key: 'header:x-user',
 *   shadow: ['iris@5'],
 * })
 * @Handler({ in: Flower, out: SepalLength, batch: true })
 * predict(flowers: Frame<Flower>, @UseExperiment('iris-new') model: Model) { return model.run(flowers); }
 */
export function Experiment(name: string, options: ExperimentOptions): MethodDecorator & ClassDecorator {
  return (target: object, method?: string | symbol) => {
    const known = experimentsOn(target, method);
    const declared: DeclaredExperiment = { name, options };
    if (method === undefined) Reflect.defineMetadata(EXPERIMENT_METADATA, [...known, declared], target);
    else Reflect.defineMetadata(EXPERIMENT_METADATA, [...known, declared], target, method);
  };
}

export interface UseExperimentOptions {
  /** As `@UseModel` has it: whether every variant has to fit the handler's schemas. @default true */
  readonly bind?: boolean;
}

/**
 * Gives a handler the model that an experiment has chosen for its request. What it runs first is what the experiment
 * counts; rows for different variants never share a batch.
 */
export function UseExperiment(name: string, { bind = true }: UseExperimentOptions = {}): ParameterDecorator {
  return handlerParam({
    token: ExperimentRegistry,
    bind: (registry, schemas) => (registry as ExperimentRegistry).bind(name, bind ? schemas : undefined),
    keyOf: (bound, context, frame) => (bound as BoundExperiment).keyOf(context, frame),
    prepare: (bound, context, frame) => (bound as BoundExperiment).prepare(context, frame),
    select: (bound, context, frame) => (bound as BoundExperiment).select(context, frame),
  });
}
