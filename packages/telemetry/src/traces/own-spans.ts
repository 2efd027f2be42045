import type { Context as OtelContext } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan, SamplingResult, Span } from '@opentelemetry/sdk-trace-base';
import { requestOfContext } from './request-binding.js';
import type { TracedRequest } from './traced-request.js';
import type { Tracing } from './tracing.js';

/** Spans that the user's own code starts, by `trace.getTracer(…)` of OpenTelemetry's API. */
export interface OwnSpans {
  stop(): void;
}

/**
 * Becomes the provider of OpenTelemetry's tracers, unless the application has one. A span within a request is kept if
 * its request is; others by the sampling's ratio.
 */
export async function startOwnSpans(tracing: Tracing, resource: Resource): Promise<OwnSpans | undefined> {
  const { BasicTracerProvider, SamplingDecision } = await import('@opentelemetry/sdk-trace-base');
  const { trace } = await import('@opentelemetry/api');
  const requests = new WeakMap<object, TracedRequest>();
  const decision = (context: OtelContext): number => {
    const request = requestOfContext(context);
    const parent = trace.getSpanContext(context);
    const sampled = parent ? (parent.traceFlags & 1) === 1 : tracing.sampling.atStart();
    if (sampled) return SamplingDecision.RECORD_AND_SAMPLED;
    return request?.mayBeKept ? SamplingDecision.RECORD : SamplingDecision.NOT_RECORD;
  };
  const provider = new BasicTracerProvider({
    resource,
    sampler: {
      shouldSample: (context): SamplingResult => ({ decision: decision(context) }),
      toString: () => 'WitanSampler',
    },
    spanProcessors: [
      {
        onStart(span: Span, context: OtelContext): void {
          const request = requestOfContext(context);
          if (request) requests.set(span, request);
        },
        onEnd(span: ReadableSpan): void {
          tracing.ownSpanEnded(span, requests.get(span), (span.spanContext().traceFlags & 1) === 1);
        },
        forceFlush: async () => undefined,
        shutdown: async () => undefined,
      },
    ],
  });
  if (!trace.setGlobalTracerProvider(provider)) return undefined;
  return { stop: () => trace.disable() };
}
