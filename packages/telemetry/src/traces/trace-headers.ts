import type { Context } from '@witan/core';
import { activeSpan, currentRequest } from './request-binding.js';
import { TracedRequest } from './traced-request.js';
import { parseTraceparent, traceparentOf, usableBaggage, usableTracestate } from './w3c.js';

/** W3C headers for a call to someone else. */
export type TraceHeaders = Record<string, string>;

/**
 * The headers (HTTP) or metadata (gRPC) that make a call to another service part of this request's trace: `traceparent`,
 * and `tracestate` and `baggage` as they came. Empty outside of a request.
 * @param context the request, where the code does not run in its asynchronous context, or that is switched off
 * @example
 * await fetch(url, { headers: { ...traceHeaders() } });
 */
export function traceHeaders(context?: Context): TraceHeaders {
  const request = context ? TracedRequest.of(context) : currentRequest();
  if (request) return headersOf(request);
  return context ? passedOn(context) : {};
}

function headersOf(request: TracedRequest): TraceHeaders {
  const span = activeSpan();
  // A span of the user's own, within this request, is the nearer parent.
  const spanId = span?.traceId === request.traceId ? span.spanId : request.spanId;
  return withState(request.context, traceparentOf(request.traceId, spanId, request.sampled), request.tracestate);
}

/** Nobody traces here: the caller's trace goes on as if we were not there. */
function passedOn(context: Context): TraceHeaders {
  const parent = parseTraceparent(context.traceparent);
  if (!parent) return withState(context, undefined, undefined);
  const traceparent = traceparentOf(parent.traceId, parent.spanId, parent.sampled);
  return withState(context, traceparent, usableTracestate(context.header('tracestate')));
}

function withState(
  context: Context | undefined,
  traceparent: string | undefined,
  state: string | undefined,
): TraceHeaders {
  const baggage = usableBaggage(context?.header('baggage'));
  return {
    ...(traceparent !== undefined && { traceparent }),
    ...(traceparent !== undefined && state !== undefined && { tracestate: state }),
    ...(baggage !== undefined && { baggage }),
  };
}
