import type { Attributes, HrTime, Link, SpanContext, SpanStatus, TraceState } from '@opentelemetry/api';
import type { InstrumentationScope } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';

/** What every span of this process says. */
export interface SpanOrigin {
  readonly resource: Resource;
  readonly scope: InstrumentationScope;
}

/** OpenTelemetry's numbers, which its API package need not be loaded for. */
export const SPAN_KIND = { internal: 0, server: 1, client: 2 } as const;
const STATUS = { unset: 0, error: 2 } as const;

/** One event of a span. */
export interface SpanEvent {
  readonly name: string;
  readonly epochMs: number;
  readonly attributes: Attributes;
}

export interface SpanParts {
  readonly traceId: string;
  readonly spanId: string;
  readonly parent?: { readonly spanId: string; readonly isRemote: boolean };
  readonly tracestate?: string;
  readonly name: string;
  readonly kind: number;
  readonly startEpochMs: number;
  readonly durationMs: number;
  readonly attributes: Attributes;
  readonly events?: readonly SpanEvent[];
  readonly links?: readonly Link[];
  readonly failed: boolean;
  readonly message?: string;
}

/** A span that is over, in the form that exporters take: made when it is known that it is exported, and not before. */
export class SpanData implements ReadableSpan {
  readonly name: string;
  readonly kind: number;
  readonly parentSpanContext: SpanContext | undefined;
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly duration: HrTime;
  readonly status: SpanStatus;
  readonly attributes: Attributes;
  readonly links: Link[];
  readonly events: ReadableSpan['events'];
  readonly ended = true;
  readonly resource: Resource;
  readonly instrumentationScope: InstrumentationScope;
  readonly droppedAttributesCount = 0;
  readonly droppedEventsCount = 0;
  readonly droppedLinksCount = 0;
  private readonly own: SpanContext;

  constructor({ resource, scope }: SpanOrigin, parts: SpanParts) {
    const { traceId, spanId, parent, tracestate, failed, message } = parts;
    // A clock that was turned back must not give an end before the start.
    const durationMs = parts.durationMs > 0 ? parts.durationMs : 0;
    this.name = parts.name;
    this.kind = parts.kind;
    const traceState = tracestate === undefined ? undefined : rawState(tracestate);
    this.own = { traceId, spanId, traceFlags: 1, traceState };
    this.parentSpanContext = parent && { traceId, spanId: parent.spanId, isRemote: parent.isRemote, traceFlags: 1 };
    this.startTime = hrTime(parts.startEpochMs);
    this.duration = hrTime(durationMs);
    this.endTime = sum(this.startTime, this.duration);
    this.status = { code: failed ? STATUS.error : STATUS.unset, ...(failed && message !== undefined && { message }) };
    this.attributes = parts.attributes;
    this.links = [...(parts.links ?? [])];
    this.events = (parts.events ?? []).map(({ name, epochMs, attributes }) => ({
      name,
      time: hrTime(epochMs),
      attributes,
    }));
    this.resource = resource;
    this.instrumentationScope = scope;
  }

  spanContext(): SpanContext {
    return this.own;
  }
}

const NANOS_PER_SECOND = 1_000_000_000;

/** Seconds and nanoseconds. */
export function hrTime(ms: number): HrTime {
  const known = ms > 0 ? ms : 0;
  const seconds = Math.trunc(known / 1000);
  return carried(seconds, Math.round((known - seconds * 1000) * 1_000_000));
}

function sum(a: HrTime, b: HrTime): HrTime {
  return carried(a[0] + b[0], a[1] + b[1]);
}

function carried(seconds: number, nanos: number): HrTime {
  return nanos >= NANOS_PER_SECOND ? [seconds + 1, nanos - NANOS_PER_SECOND] : [seconds, nanos];
}

/** A tracestate that is only passed on needs not be read. */
function rawState(text: string): TraceState {
  const state: TraceState = {
    get: () => undefined,
    set: () => state,
    unset: () => state,
    serialize: () => text,
  };
  return state;
}
