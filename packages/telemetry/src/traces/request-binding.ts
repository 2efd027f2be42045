import { AsyncLocalStorage } from 'node:async_hooks';
import type { Context as OtelContext, ContextAPI, ContextManager, TraceAPI } from '@opentelemetry/api';
import type { TracedRequest } from './traced-request.js';

/** The part of OpenTelemetry's API that is needed here; it is loaded where traces are asked for. */
export interface OtelApi {
  readonly context: ContextAPI;
  readonly trace: TraceAPI;
  readonly ROOT_CONTEXT: OtelContext;
  createContextKey(description: string): symbol;
}

/** What is bound: a request, or a context that the user's code has made of one. */
type Bound = TracedRequest | OtelContext;

const storage = new AsyncLocalStorage<Bound>();
const REQUEST_KEY = Symbol.for('witan.tracedRequest');
/** Where another context manager rules, ours is not asked. */
let foreign: OtelApi | undefined;
let known: OtelApi | undefined;

/** Somebody who wants the current request is there before the application is: a logger. */
let wanted = false;

export function wantCurrentRequest(): void {
  wanted = true;
}

/** Whether somebody has use for the current request: a logger, or an SDK of OpenTelemetry's. */
export function isCurrentRequestWanted(): boolean {
  return wanted || hasOtelSdk();
}

/** OpenTelemetry's API keeps what was registered with it here, in all its versions 1. */
function hasOtelSdk(): boolean {
  const registered = (globalThis as Record<symbol, unknown>)[Symbol.for('opentelemetry.js.api.1')];
  const { trace, context } = (registered ?? {}) as { readonly trace?: unknown; readonly context?: unknown };
  return trace !== undefined || context !== undefined;
}

/** The request that the running code belongs to. */
export function currentRequest(): TracedRequest | undefined {
  if (foreign) return foreign.context.active().getValue(REQUEST_KEY) as TracedRequest | undefined;
  const bound = storage.getStore();
  if (bound === undefined) return undefined;
  return isOtelContext(bound) ? (bound.getValue(REQUEST_KEY) as TracedRequest | undefined) : bound;
}

/** The span of the user's own that the running code is in, if OpenTelemetry's API was loaded. */
export function activeSpan(): { readonly traceId: string; readonly spanId: string } | undefined {
  return known?.trace.getSpanContext(known.context.active());
}

/** Runs `fn` with a request as the current one. */
export function runInRequest<T>(request: TracedRequest, fn: () => T): T {
  return foreign ? foreign.context.with(otelContextOf(request), fn) : storage.run(request, fn);
}

/** The request that an OpenTelemetry context belongs to. */
export function requestOfContext(context: OtelContext): TracedRequest | undefined {
  return context.getValue(REQUEST_KEY) as TracedRequest | undefined;
}

/**
 * Makes requests the active context of OpenTelemetry's API. An application's own context manager stays; without one
 * this becomes it. Gives how to take it back.
 */
export function joinOtel(api: OtelApi): () => void {
  known = api;
  const ours = api.context.setGlobalContextManager(new RequestContextManager(api));
  foreign = ours ? undefined : api;
  return () => {
    if (ours) api.context.disable();
    foreign = known = undefined;
  };
}

/**
 * What a TracingChannel binds: of a store it only calls `run`, so that a request may also be bound to a context manager
 * that is not ours.
 * @param begin gives the request of an event; must not throw
 */
export function requestStore<E>(begin: (event: E) => TracedRequest | undefined): AsyncLocalStorage<E> {
  const run = <T>(event: E, fn: () => T): T => {
    const request = begin(event);
    return request ? runInRequest(request, fn) : fn();
  };
  return { run } as unknown as AsyncLocalStorage<E>;
}

/** As the user's code sees it: a context whose span is the request's. */
function otelContextOf(request: TracedRequest): OtelContext {
  return (request.otelContext ??= madeOf(request));
}

function madeOf(request: TracedRequest): OtelContext {
  const { trace, ROOT_CONTEXT } = (foreign ?? known)!;
  const { traceId, spanId, sampled } = request;
  return trace.setSpanContext(ROOT_CONTEXT.setValue(REQUEST_KEY, request), {
    traceId,
    spanId,
    traceFlags: sampled ? 1 : 0,
  });
}

function isOtelContext(bound: Bound): bound is OtelContext {
  return 'getValue' in bound;
}

/** OpenTelemetry's context over the same storage: a request becomes a Context only when somebody looks. */
class RequestContextManager implements ContextManager {
  constructor(private readonly api: OtelApi) {}

  active(): OtelContext {
    const bound = storage.getStore();
    if (bound === undefined) return this.api.ROOT_CONTEXT;
    return isOtelContext(bound) ? bound : otelContextOf(bound);
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: OtelContext,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return storage.run(context, () => fn.call(thisArg as never, ...args));
  }

  bind<T>(context: OtelContext, target: T): T {
    if (typeof target !== 'function') return target;
    const bound = (...args: unknown[]): unknown => storage.run(context, () => target(...args) as unknown);
    return bound as T;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    return this;
  }
}
