import 'reflect-metadata';
import type { InjectionToken } from '@nestjs/common';
import type { Frame } from '../frame/frame.js';
import type { SchemaSpec } from '../schema/spec.js';
import type { BatchContext } from './batch-context.js';
import type { Context } from './context.js';

/**
 * Where a decorated parameter of a handler method comes from: a provider, found once at boot by its token; `select`,
 * if given, picks the value per call (a model by the request's parameters, or by its rows). All of them get what `bind`
 * gave, and the rows of the request (`select` of a batched handler: of the batch).
 */
export interface HandlerParamSource {
  readonly token: InjectionToken;
  /**
   * The value for one call: of a batched handler, for one batch, whose requests have equal parameters
   * ({@link BatchContext.params}) and equal {@link keyOf}. A promise is awaited before the handler is called.
   */
  readonly select?: (provider: unknown, context: Context<object> | BatchContext<object>, frame: Frame) => unknown;
  /**
   * What a request selects, as text: rows that select differently never share a batch of a batched handler. Asked when
   * the rows are queued. @default the parameters alone tell requests apart
   */
  readonly keyOf?: (provider: unknown, context: Context<object>, frame: Frame) => string;
  /**
   * Called before rows are queued for a batched handler, and before {@link keyOf}; what it gives is awaited there. What
   * takes long (loading a model) then holds up no batch of another selection and is not measured as a run.
   */
  readonly prepare?: (provider: unknown, context: Context<object>, frame: Frame) => Promise<unknown> | undefined;
  /**
   * Called once, at boot, with the schemas of the handler that has the parameter: checks that the provider fits them
   * (throwing ends the boot) and gives what the handler gets in its place.
   */
  readonly bind?: (provider: unknown, schemas: HandlerSchemas) => unknown;
}

/** What a handler declares; see {@link HandlerParamSource.bind}. */
export interface HandlerSchemas {
  /** `IrisService.predict`, for messages. */
  readonly handler: string;
  readonly input?: SchemaSpec;
  readonly output?: SchemaSpec;
}

/** A provider that can serve several batches at once; a batched handler's gate takes its concurrency from those it uses. */
export interface Concurrent {
  /** How many batches may run at the same time; at least 1. */
  readonly concurrency: number;
}

const HANDLER_PARAMS = 'witan:handler-params';

/**
 * Makes a parameter decorator for handler methods (`@UseModel` is one).
 * @internal
 */
export function handlerParam(source: HandlerParamSource): ParameterDecorator {
  return (target, method, index) => {
    if (method === undefined) throw new TypeError('this decorator belongs on a parameter of a handler method');
    const known = handlerParamsOf(target, method);
    Reflect.defineMetadata(HANDLER_PARAMS, new Map(known).set(index, source), target, method);
  };
}

/** The decorated parameters of a method, by index. */
export function handlerParamsOf(target: object, method: string | symbol): ReadonlyMap<number, HandlerParamSource> {
  return (
    (Reflect.getMetadata(HANDLER_PARAMS, target, method) as Map<number, HandlerParamSource> | undefined) ?? new Map()
  );
}
