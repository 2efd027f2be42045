import 'reflect-metadata';
import type { DynamicModule, ForwardReference, InjectionToken, Type, ValueProvider } from '@nestjs/common';
import type { Class } from '../handler/handler-types.js';
import { blueprintOf, type ServiceBlueprint } from './blueprint.js';
import type { ServiceDefinition } from './runtime.js';
import { serviceMetadataOf } from './service.decorator.js';

type ModuleLike = Type | DynamicModule | ForwardReference | Promise<DynamicModule>;

/** Every module class that is reached from a root module's imports, found from metadata alone: nothing is instantiated. */
export async function modulesOf(root: ModuleLike): Promise<Set<Type>> {
  const seen = new Set<Type>();
  for await (const [type] of walk(root, seen)) seen.add(type);
  return seen;
}

/** The value that a module of an application provides under a token by `useValue`, from metadata alone. */
export async function valueProvidedIn(root: ModuleLike, token: InjectionToken): Promise<unknown> {
  return (await valuesProvidedIn(root, token))[0];
}

/** All values that the modules of an application provide under a token by `useValue`, from metadata alone. */
export async function valuesProvidedIn(root: ModuleLike, token: InjectionToken): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const [, candidates] of walk(root, new Set())) {
    for (const candidate of candidates as Partial<ValueProvider>[]) {
      if (candidate?.provide === token && 'useValue' in candidate) values.push(candidate.useValue);
    }
  }
  return values;
}

/**
 * The services of an application, from its decorators alone: no provider is made, no model loaded, nothing listens.
 * This is what `witan proto` prints.
 */
export async function serviceDefinitionsOf(root: ModuleLike): Promise<ServiceDefinition[]> {
  const blueprints = new Map<Class, ServiceBlueprint>();
  for await (const [, candidates] of walk(root, new Set())) {
    for (const candidate of candidates) {
      if (serviceMetadataOf(candidate)) blueprints.set(candidate as Class, blueprintOf(candidate as Class));
    }
  }
  return [...blueprints.values()].map((blueprint) => blueprint.definition);
}

async function* walk(root: ModuleLike, seen: Set<unknown>): AsyncGenerator<[Type, unknown[]]> {
  const resolved = await root;
  const node = 'forwardRef' in resolved ? (resolved.forwardRef() as Type | DynamicModule) : resolved;
  if (seen.has(node)) return;
  seen.add(node);
  const dynamic = 'module' in node ? node : undefined;
  const type = dynamic ? dynamic.module : (node as Type);
  const listed = (key: 'providers' | 'controllers' | 'imports'): unknown[] => [
    ...((Reflect.getMetadata(key, type) as unknown[] | undefined) ?? []),
    ...((dynamic?.[key] as unknown[] | undefined) ?? []),
  ];
  yield [type, [...listed('controllers'), ...listed('providers').map(classOfProvider)]];
  for (const imported of listed('imports')) yield* walk(imported as ModuleLike, seen);
}

function classOfProvider(provider: unknown): unknown {
  return typeof provider === 'object' && provider !== null && 'useClass' in provider ? provider.useClass : provider;
}
