import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import type { ApplicationConfig } from '@nestjs/core';
import {
  EXCEPTION_FILTERS_METADATA,
  GUARDS_METADATA,
  INTERCEPTORS_METADATA,
  PIPES_METADATA,
} from '@nestjs/common/constants.js';
import type { Class } from '../handler/handler-types.js';
import type { ServiceBlueprint, StepBlueprint } from './blueprint.js';
import { serviceError } from './service.errors.js';

const KINDS: Readonly<Record<string, string>> = {
  [GUARDS_METADATA]: 'guard',
  [INTERCEPTORS_METADATA]: 'interceptor',
  [PIPES_METADATA]: 'pipe',
  [EXCEPTION_FILTERS_METADATA]: 'filter',
};

function methodOf(step: StepBlueprint): object {
  return (step.owner.prototype as Record<string, object>)[step.handler.method]!;
}

/** Where the enhancers of a step are written: on its method and, for a class handler, on that class. */
function carriersOf(blueprint: ServiceBlueprint, step: StepBlueprint): object[] {
  return step.owner === blueprint.type ? [methodOf(step)] : [step.owner, methodOf(step)];
}

function kindsOn(carrier: object): string[] {
  return Object.keys(KINDS).filter(
    (key) => ((Reflect.getMetadata(key, carrier) as unknown[] | undefined) ?? []).length > 0,
  );
}

/**
 * A batched handler serves many requests with one call, so nothing that belongs to one request may sit on it.
 * @throws {CORE_ERR_SERVICE_BATCHED}
 */
export function assertBatchedStepsArePlain(blueprint: ServiceBlueprint): void {
  for (const step of blueprint.steps.filter(({ handler }) => handler.batch)) {
    const kinds = carriersOf(blueprint, step).flatMap(kindsOn);
    if (kinds.length === 0) continue;
    throw serviceError(
      'CORE_ERR_SERVICE_BATCHED',
      `${step.name} is batched and has a ${KINDS[kinds[0]!]}: one call serves many requests; put it on the class ${blueprint.type.name}`,
    );
  }
}

/** Whether any guard, interceptor, pipe or filter applies to a service: global, on its class, or on one of its handlers. */
export function hasEnhancers(blueprint: ServiceBlueprint, config: ApplicationConfig): boolean {
  const globals = [
    config.getGlobalGuards(),
    config.getGlobalInterceptors(),
    config.getGlobalPipes(),
    config.getGlobalFilters(),
    config.getGlobalRequestGuards(),
    config.getGlobalRequestInterceptors(),
    config.getGlobalRequestPipes(),
    config.getGlobalRequestFilters(),
  ];
  if (globals.some((list) => list.length > 0)) return true;
  const carriers = [blueprint.type, ...blueprint.steps.flatMap((step) => carriersOf(blueprint, step))];
  return carriers.some((carrier) => kindsOn(carrier).length > 0);
}

/** An enhancer that is given as a class, so that Nest makes its instance. */
export interface EnhancerClass {
  /** The service or handler class that its decorator stands on or in. */
  readonly carrierOwner: Class;
  readonly enhancer: Type;
}

/** The enhancers of a service and its handlers that are classes. */
export function enhancerClassesOf(blueprint: ServiceBlueprint): EnhancerClass[] {
  const on = (carrierOwner: Class, carrier: object): EnhancerClass[] =>
    Object.keys(KINDS)
      .flatMap((key) => (Reflect.getMetadata(key, carrier) as unknown[] | undefined) ?? [])
      .filter((enhancer): enhancer is Type => typeof enhancer === 'function')
      .map((enhancer) => ({ carrierOwner, enhancer }));
  return [
    ...on(blueprint.type, blueprint.type),
    ...blueprint.steps.flatMap((step) => carriersOf(blueprint, step).flatMap((carrier) => on(step.owner, carrier))),
  ];
}

/**
 * Gives `target` the metadata of all handlers of the chain, so that it stands for them in an ExecutionContext: a guard
 * that reads `@Roles()` from the handler finds it, and enhancers of every per-request handler apply once, in order.
 */
export function copyHandlerMetadata(blueprint: ServiceBlueprint, target: object): void {
  for (const step of blueprint.steps) {
    for (const carrier of carriersOf(blueprint, step)) {
      for (const key of Reflect.getMetadataKeys(carrier) as unknown[]) {
        const value: unknown = Reflect.getMetadata(key, carrier);
        const known: unknown = Reflect.getMetadata(key, target);
        const merged =
          typeof key === 'string' && key in KINDS && Array.isArray(known) ? [...known, ...(value as unknown[])] : value;
        Reflect.defineMetadata(key, merged, target);
      }
    }
  }
}
