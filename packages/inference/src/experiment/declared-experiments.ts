import { isDeepStrictEqual } from 'node:util';
import type { DiscoveryService } from '@nestjs/core';
import { type DeclaredExperiment, experimentsOn } from './declared-experiment.js';
import { experimentError } from './experiment.errors.js';
import type { ExperimentModuleOptions, ExperimentOptions } from './experiment-options.js';

/**
 * Every experiment of the application, by name: of the module's options, and of decorators.
 * @throws {INF_ERR_EXPERIMENT_CONFLICT} when a name has two declarations that differ
 */
export function declaredExperiments(
  { experiments = {} }: ExperimentModuleOptions,
  discovery: DiscoveryService,
): ReadonlyMap<string, ExperimentOptions> {
  const found = new Map(Object.entries(experiments));
  for (const { name, options } of decorated(discovery)) {
    const known = found.get(name);
    if (known === undefined) found.set(name, options);
    else if (!isDeepStrictEqual(known, options))
      throw experimentError(
        'INF_ERR_EXPERIMENT_CONFLICT',
        `experiment '${name}' is declared twice with different options: use one declaration, or two names`,
      );
  }
  return found;
}

function decorated(discovery: DiscoveryService): DeclaredExperiment[] {
  const wrappers = [...discovery.getProviders(), ...discovery.getControllers()];
  const classes = new Set(wrappers.map(({ metatype }) => metatype).filter((type) => typeof type === 'function'));
  return [...classes].flatMap((type) => [
    ...experimentsOn(type),
    ...methodsOf(type.prototype as object | undefined).flatMap((method) =>
      experimentsOn(type.prototype as object, method),
    ),
  ]);
}

/** Also those that it has inherited. */
function methodsOf(prototype: object | undefined): string[] {
  const names = new Set<string>();
  for (
    let each = prototype;
    each && each !== Object.prototype;
    each = Object.getPrototypeOf(each) as object | undefined
  )
    for (const name of Object.getOwnPropertyNames(each)) names.add(name);
  return [...names];
}
