import { Inject, Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { Class } from '../handler/handler-types.js';
import { blueprintOf, type ServiceBlueprint } from './blueprint.js';
import { serviceMetadataOf } from './service.decorator.js';
import { serviceError } from './service.errors.js';

export type InstanceWrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** Finds what the decorators marked, among the providers and controllers that Nest made. It registers nothing. */
@Injectable()
export class ServiceExplorer {
  private index: Map<unknown, InstanceWrapper> | undefined;

  constructor(@Inject(DiscoveryService) private readonly discovery: DiscoveryService) {}

  /**
   * Every service of the application, in the order of its modules.
   * @throws {CORE_ERR_SERVICE_PATH} when two have the same path or the same gRPC name
   */
  services(): ServiceBlueprint[] {
    const blueprints = [...this.wrappers().keys()].filter(serviceMetadataOf).map((type) => blueprintOf(type as Class));
    assertDistinct(blueprints, 'the path', ({ definition }) => definition.path.replace(/:\w+/g, ':*'));
    assertDistinct(
      blueprints,
      'the gRPC service',
      ({ definition }) => `${definition.protoPackage}.${definition.protoService}`,
    );
    return blueprints;
  }

  /** Nest's wrapper around the provider or controller of that class. */
  providerOf(type: Class): InstanceWrapper | undefined {
    return this.wrappers().get(type);
  }

  /** Every instance that exists now: what a start-up report or a health check may be asked of. */
  instances(): object[] {
    const all = [...this.discovery.getProviders(), ...this.discovery.getControllers()];
    const instances = all.map(singletonOf).filter((instance) => instance !== undefined);
    return [...new Set(instances)];
  }

  private wrappers(): Map<unknown, InstanceWrapper> {
    if (this.index) return this.index;
    const found = new Map<unknown, InstanceWrapper>();
    for (const wrapper of [...this.discovery.getControllers(), ...this.discovery.getProviders()]) {
      if (wrapper.metatype && !found.has(wrapper.metatype)) found.set(wrapper.metatype, wrapper);
    }
    return (this.index = found);
  }
}

function assertDistinct(
  blueprints: readonly ServiceBlueprint[],
  what: string,
  keyOf: (b: ServiceBlueprint) => string,
): void {
  const seen = new Map<string, ServiceBlueprint>();
  for (const blueprint of blueprints) {
    const key = keyOf(blueprint);
    const other = seen.get(key);
    if (other) {
      throw serviceError(
        'CORE_ERR_SERVICE_PATH',
        `${other.type.name} and ${blueprint.type.name} both have ${what} '${key}': rename one`,
      );
    }
    seen.set(key, blueprint);
  }
}

/** The one instance of a provider; `undefined` when there is none, because it is request-scoped or transient. */
export function singletonOf(wrapper: InstanceWrapper): object | undefined {
  // What Nest keeps for a transient provider is an object whose constructor never ran.
  if (wrapper.isTransient || !wrapper.isDependencyTreeStatic()) return undefined;
  const instance = wrapper.instance as unknown;
  return typeof instance === 'object' && instance !== null ? instance : undefined;
}
