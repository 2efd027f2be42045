import type { Frame } from '../frame/frame.js';
import { isPromise } from '../service/is-promise.js';
import { handlerError } from './handler.errors.js';
import type { BatchContext } from './batch-context.js';
import type { Context } from './context.js';
import { type HandlerParamSource, handlerParamsOf } from './handler-param.js';

type AnyContext = Context<object> | BatchContext<object>;
type Method = (...args: unknown[]) => unknown;

/** Calls a handler's method on an instance; the arguments are planned once, at boot. */
export type HandlerCall = (instance: object, frame: Frame, context: AnyContext) => unknown;

/** What a handler's parameters select for one request; see {@link HandlerParamSource}. */
export interface Selection {
  prepare(context: Context<object>, frame: Frame): Promise<unknown> | undefined;
  keyOf(context: Context<object>, frame: Frame): string;
}

export interface PlannedCall {
  readonly call: HandlerCall;
  /** Absent where no parameter says more of a request than its parameters do. */
  readonly selection?: Selection;
}

/** A decorated parameter with the provider that its token stands for. */
export interface ResolvedParam {
  readonly source: HandlerParamSource;
  readonly provider: unknown;
}

/**
 * Plans the arguments of a handler method: decorated parameters come from their providers, the first undecorated one
 * is the Frame, the second the Context.
 * @throws {CORE_ERR_HANDLER_INJECT} when a further parameter has no decorator
 */
export function planCall(
  prototype: object,
  method: string,
  resolve: (source: HandlerParamSource) => unknown,
): PlannedCall {
  const fn = (prototype as Record<string, Method>)[method]!;
  const decorated = handlerParamsOf(prototype, method);
  const params = new Map([...decorated].map(([i, source]) => [i, { source, provider: resolve(source) }]));
  const count = Math.max(fn.length, ...[...params.keys()].map((i) => i + 1));
  const plain = Array.from({ length: count }, (_, i) => i).filter((i) => !params.has(i));
  if (plain.length > 2) {
    throw handlerError(
      'CORE_ERR_HANDLER_INJECT',
      `parameter ${plain[2]! + 1} of ${prototype.constructor.name}.${method} has no decorator: a handler gets the Frame and the Context; the rest needs one such as @UseModel`,
    );
  }
  if (params.size === 0)
    return { call: (instance, frame, context) => (instance as Record<string, Method>)[method]!(frame, context) };
  const call: HandlerCall = (instance, frame, context) => {
    const args = new Array<unknown>(count);
    let later = false;
    args[plain[0]!] = frame;
    if (plain.length > 1) args[plain[1]!] = context;
    for (const [i, param] of params) later = isPromise((args[i] = valueOf(param, context, frame))) || later;
    return later ? callLater(instance, method, args) : (instance as Record<string, Method>)[method]!(...args);
  };
  return { call, selection: selectionOf([...params.values()]) };
}

/** Something that a parameter selects is not there yet. The Frame and the Context are no promises. */
async function callLater(instance: object, method: string, args: unknown[]): Promise<unknown> {
  return (instance as Record<string, Method>)[method]!(...(await Promise.all(args)));
}

function valueOf({ source, provider }: ResolvedParam, context: AnyContext, frame: Frame): unknown {
  return source.select ? source.select(provider, context, frame) : provider;
}

function selectionOf(params: readonly ResolvedParam[]): Selection | undefined {
  const selecting = params.filter(({ source }) => source.keyOf || source.prepare);
  const [only] = selecting;
  if (!only) return undefined;
  if (selecting.length === 1)
    return {
      prepare: (context, frame) => prepared(only, context, frame),
      keyOf: (context, frame) => keyOf(only, context, frame),
    };
  return {
    prepare(context, frame) {
      const waits = selecting.map((param) => prepared(param, context, frame)).filter((wait) => wait !== undefined);
      return waits.length === 0 ? undefined : Promise.all(waits);
    },
    keyOf: (context, frame) => JSON.stringify(selecting.map((param) => keyOf(param, context, frame))),
  };
}

function prepared(
  { source, provider }: ResolvedParam,
  context: Context<object>,
  frame: Frame,
): Promise<unknown> | undefined {
  return source.prepare?.(provider, context, frame);
}

function keyOf({ source, provider }: ResolvedParam, context: Context<object>, frame: Frame): string {
  return source.keyOf?.(provider, context, frame) ?? '';
}
