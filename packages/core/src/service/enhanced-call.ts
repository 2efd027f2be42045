import 'reflect-metadata';
import type { ArgumentsHost } from '@nestjs/common';
import { type ContextId, ExternalContextCreator } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { isObservable, lastValueFrom } from 'rxjs';
import { toWitanError } from '../errors/from-unknown.js';
import { Frame } from '../frame/frame.js';
import { Answer } from '../handler/answer.js';
import type { Context } from '../handler/context.js';
import type { ServiceBlueprint } from './blueprint.js';
import type { Chain, Instances } from './chain.js';
import { copyHandlerMetadata } from './enhancer-metadata.js';

/** What one request carries through Nest's guards, pipes and interceptors. */
export interface Invocation {
  readonly context: Context<object>;
  readonly read: () => Frame;
  readonly instances?: Instances;
}

export type EnhancedCall = (invocation: Invocation) => Promise<unknown>;

/** The name under which the chain as a whole is known to Nest; no user method can have it. */
const CHAIN = '#chain';
const ARGS = 'witan:chain-args';
// Nest's numbers for the kind of an argument (RouteParamtypes): pipes see 'param' for 5 and 'custom' for 6.
const PARAM = 5;
const CUSTOM = 6;

interface FilterHandler {
  invokeCustomFilters(exception: unknown, host: ArgumentsHost): unknown;
}
interface FilterContext {
  create(instance: object, callback: object, module: string, contextId?: ContextId): FilterHandler;
}

/**
 * The chain of a service behind Nest's guards, interceptors, pipes and filters, once per request: guards first, then
 * interceptors, then pipes over the parameters (as 'param', with the class of the parameters) and over the decoded
 * Frame (as 'custom', so that a global ValidationPipe leaves it alone).
 */
export function enhancedCall(
  creator: ExternalContextCreator,
  blueprint: ServiceBlueprint,
  chain: Chain,
  instance: object,
  type: 'http' | 'rpc',
  contextId?: ContextId,
): EnhancedCall {
  const callback = (_params: object, frame: Frame, { context, instances }: Invocation): unknown =>
    chain.run(frame, context, instances);
  copyHandlerMetadata(blueprint, callback);
  describeArguments(blueprint);
  const target = creator.create(
    instance,
    callback as never,
    CHAIN,
    ARGS,
    { exchangeKeyForValue: (_kind, data, args: unknown[]) => argumentOf(data, args[args.length - 1] as Invocation) },
    contextId,
    undefined,
    // Nest's own last resort logs every exception as an error, refused requests too: filters are applied below.
    { guards: true, interceptors: true, filters: false },
    type,
  );
  const filters = filtersOf(creator, blueprint, instance, callback, contextId);
  return async (invocation) => {
    const args = [...invocation.context.hostArguments(), invocation];
    try {
      return await target(...args);
    } catch (error) {
      return filtered(filters, error, args, type);
    }
  };
}

/** Tells Nest what the arguments of the chain are, as parameter decorators would. */
function describeArguments(blueprint: ServiceBlueprint): void {
  const { type, paramsType } = blueprint;
  const argument = (index: number, data: string): object => ({ index, data, pipes: [] });
  const args = {
    [`${PARAM}:0`]: argument(0, 'params'),
    [`${CUSTOM}:1`]: argument(1, 'frame'),
    [`${CUSTOM}:2`]: argument(2, 'invocation'),
  };
  Reflect.defineMetadata(ARGS, args, type, CHAIN);
  Reflect.defineMetadata('design:paramtypes', [paramsType ?? Object, Object, Object], type.prototype as object, CHAIN);
}

function argumentOf(data: unknown, invocation: Invocation): unknown {
  if (data === 'params') return invocation.context.params;
  return data === 'frame' ? invocation.read() : invocation;
}

function filtersOf(
  creator: ExternalContextCreator,
  blueprint: ServiceBlueprint,
  instance: object,
  callback: object,
  contextId: ContextId | undefined,
): FilterHandler {
  const context = (creator as unknown as { filtersContextCreator: FilterContext }).filtersContextCreator;
  return context.create(instance, callback, creator.getContextModuleKey(blueprint.type as never), contextId);
}

async function filtered(
  filters: FilterHandler,
  error: unknown,
  args: unknown[],
  type: 'http' | 'rpc',
): Promise<unknown> {
  const host = new ExecutionContextHost(args);
  host.setType(type);
  const handled = filters.invokeCustomFilters(error, host);
  const result: unknown = isObservable(handled) ? await lastValueFrom(handled) : await handled;
  if (result === undefined) throw error;
  if (result instanceof Frame || result instanceof Answer || typeof result !== 'object' || result === null)
    return result;
  return new Answer({ status: toWitanError(error).httpStatus, body: result });
}
