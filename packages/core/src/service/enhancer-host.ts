import type { ExternalContextCreator } from '@nestjs/core';
import { handlerError } from '../handler/handler.errors.js';
import type { ServiceBlueprint } from './blueprint.js';
import { enhancerClassesOf } from './enhancer-metadata.js';
import type { InstanceWrapper, ServiceExplorer } from './service-explorer.js';

/** Where Nest finds the enhancers of a service. */
export interface EnhancerHost {
  readonly creator: ExternalContextCreator;
  /** For whom transient enhancers were made. */
  readonly inquirerId: string;
}

/**
 * Nest looks for an enhancer's instance in the module whose *providers* have the class, and leaves out, without a word,
 * what is not there. A service may stand among a module's controllers too: this creator looks where the service is.
 */
export function enhancerHost(creator: ExternalContextCreator, provider: InstanceWrapper): EnhancerHost {
  const moduleKey = { value: () => provider.host!.token };
  const own = Object.create(creator, { getContextModuleKey: moduleKey, getHostModuleKey: moduleKey }) as typeof creator;
  return { creator: own, inquirerId: provider.id };
}

/**
 * Enhancers of a handler class that lives in another module than its service are made there: gives them to the
 * service's module too, where {@link enhancerHost} looks.
 * @throws {CORE_ERR_HANDLER_INJECT} when an enhancer was not made: the service would run without it
 */
export function adoptEnhancers(blueprint: ServiceBlueprint, explorer: ServiceExplorer): void {
  const { injectables } = explorer.providerOf(blueprint.type)!.host!;
  for (const { carrierOwner, enhancer } of enhancerClassesOf(blueprint)) {
    const made = injectables.get(enhancer) ?? explorer.providerOf(carrierOwner)?.host?.injectables.get(enhancer);
    if (!made) {
      throw handlerError(
        'CORE_ERR_HANDLER_INJECT',
        `${carrierOwner.name} has the enhancer ${enhancer.name}, which Nest has not made: put its decorator on the class or on the handler's method`,
      );
    }
    injectables.set(enhancer, made);
  }
}
