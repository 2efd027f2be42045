import 'reflect-metadata';
import type { ArgumentMetadata, ArgumentsHost, PipeTransform, Type } from '@nestjs/common';
import type { ContextId } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { isObservable, lastValueFrom } from 'rxjs';
import { toWitanError } from '../errors/from-unknown.js';
import { Frame } from '../frame/frame.js';
import { Answer } from '../handler/answer.js';
import type { Context } from '../handler/context.js';
import type { Class } from '../handler/handler-types.js';
import type { ServiceBlueprint } from './blueprint.js';
import type { Chain, Instances } from './chain.js';
import type { EnhancerHost } from './enhancer-host.js';
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

interface FilterHandler {
  invokeCustomFilters(exception: unknown, host: ArgumentsHost): unknown;
}
/** The parts of Nest's ExternalContextCreator that find enhancers of one kind. */
interface EnhancerContext<T> {
  create(instance: object, callback: object, module: string, contextId?: ContextId, inquirerId?: string): T;
}
interface EnhancerContexts {
  readonly pipesContextCreator: EnhancerContext<PipeTransform[]>;
  readonly filtersContextCreator: EnhancerContext<FilterHandler>;
}

/**
 * The chain of a service behind Nest's guards, interceptors, pipes and filters, once per request: guards first, then
 * interceptors, then pipes over the parameters (as 'param', with the class of the parameters) and over the decoded
 * Frame (as 'custom', so that a global ValidationPipe leaves it alone).
 */
export function enhancedCall(
  { creator, inquirerId }: EnhancerHost,
  blueprint: ServiceBlueprint,
  chain: Chain,
  instance: object,
  type: 'http' | 'rpc',
  contextId?: ContextId,
): EnhancedCall {
  const callback = async (...args: unknown[]): Promise<unknown> => {
    const { context, read, instances } = args[args.length - 1] as Invocation;
    await pipeParams(pipes, context, blueprint.paramsType);
    const frame = (await piped(pipes, read(), { type: 'custom', metatype: Frame })) as Frame;
    return chain.run(frame, context, instances);
  };
  copyHandlerMetadata(blueprint, callback);
  const enhancersOf = <T>(context: EnhancerContext<T>): T =>
    context.create(instance, callback, creator.getContextModuleKey(blueprint.type as never), contextId, inquirerId);
  const { pipesContextCreator, filtersContextCreator } = creator as unknown as EnhancerContexts;
  const pipes = enhancersOf(pipesContextCreator);
  const filters = enhancersOf(filtersContextCreator);
  const target = creator.create(
    instance,
    callback as never,
    CHAIN,
    undefined,
    undefined,
    contextId,
    inquirerId,
    // Nest's own last resort logs every exception as an error, refused requests too: filters are applied below.
    { guards: true, interceptors: true, filters: false },
    type,
  );
  return async (invocation) => {
    const args = [...invocation.context.hostArguments(), invocation];
    try {
      return await target(...args);
    } catch (error) {
      return filtered(filters, error, args, type);
    }
  };
}

/** Parameters that a pipe replaced are the Context's from here on. */
async function pipeParams(pipes: readonly PipeTransform[], context: Context<object>, metatype?: Class): Promise<void> {
  const { params } = context;
  const given = await piped(pipes, params, { type: 'param', metatype: (metatype ?? Object) as Type });
  if (given !== params) Object.defineProperty(context, 'params', { value: given });
}

async function piped(pipes: readonly PipeTransform[], value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
  let result = value;
  for (const pipe of pipes) result = (await pipe.transform(result, metadata)) as unknown;
  return result;
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
