import type { Frame } from '../frame/frame.js';
import { handlerError } from './handler.errors.js';
import type { BatchContext } from './batch-context.js';
import type { Context } from './context.js';
import { type HandlerParamSource, handlerParamsOf } from './handler-param.js';

type AnyContext = Context<object> | BatchContext<object>;
type Method = (...args: unknown[]) => unknown;

/** Calls a handler's method on an instance; the arguments are planned once, at boot. */
export type HandlerCall = (instance: object, frame: Frame, context: AnyContext) => unknown;

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
): HandlerCall {
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
    return (instance, frame, context) => (instance as Record<string, Method>)[method]!(frame, context);
  return (instance, frame, context) => {
    const args = new Array<unknown>(count);
    args[plain[0]!] = frame;
    if (plain.length > 1) args[plain[1]!] = context;
    for (const [i, param] of params) args[i] = valueOf(param, context);
    return (instance as Record<string, Method>)[method]!(...args);
  };
}

function valueOf({ source, provider }: ResolvedParam, context: AnyContext): unknown {
  return source.select ? source.select(provider, context) : provider;
}
