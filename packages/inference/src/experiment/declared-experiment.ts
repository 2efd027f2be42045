import 'reflect-metadata';
import type { ExperimentOptions } from './experiment-options.js';
import { EXPERIMENT_METADATA } from './experiment.tokens.js';

/** An experiment as a decorator declares it. */
export interface DeclaredExperiment {
  readonly name: string;
  readonly options: ExperimentOptions;
}

/** What was declared on a class, or on one of its methods (of the prototype). */
export function experimentsOn(target: object, method?: string | symbol): readonly DeclaredExperiment[] {
  const found: unknown =
    method === undefined
      ? Reflect.getOwnMetadata(EXPERIMENT_METADATA, target)
      : Reflect.getMetadata(EXPERIMENT_METADATA, target, method);
  return Array.isArray(found) ? (found as DeclaredExperiment[]) : [];
}
