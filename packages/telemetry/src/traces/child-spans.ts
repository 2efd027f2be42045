import type { Attributes, Link } from '@opentelemetry/api';
import type { Context } from '@witan/core';
import type { BatchRecord, ChildRecord, InferRecord, LoadRecord } from './child-records.js';
import { SPAN_KIND, type SpanParts } from './span-data.js';
import { errorEvent } from './span-errors.js';
import type { TraceIds } from './trace-ids.js';
import { TracedRequest } from './traced-request.js';

/** Links that one span has at most, by OpenTelemetry's default. */
const MAX_LINKS = 128;

/** Makes the spans of what happened within one request. */
export class ChildSpans {
  private readonly spans: SpanParts[] = [];

  constructor(
    private readonly request: TracedRequest,
    private readonly ids: TraceIds,
    /** What clock milliseconds are short of those since the epoch. */
    private readonly offsetMs: number,
  ) {}

  /**
   * A batch, and the run of a model, is one span, however many requests it served: in the trace of the first of them
   * that is kept, with links to those that are kept too. All link to it from where they waited.
   */
  build(children: readonly ChildRecord[]): readonly SpanParts[] {
    for (const child of children) if (child.kind === 'batch') this.queue(child);
    for (const child of children) {
      if (child.kind === 'infer') this.infer(child, children);
      else if (child.kind === 'load') this.add(...loadParts(child));
      else if (child.kind === 'method') this.add(child.method, child.startedAt, child.durationMs, {}, child.error);
    }
    return this.spans;
  }

  private queue(batch: BatchRecord): void {
    const { contexts, waitsMs, startedAt, name } = batch;
    const waitMs = waitsMs[contexts.indexOf(this.request.context!)] ?? batch.waitMs;
    batch.exported ??= this.batch(batch);
    this.add('queue', startedAt - waitMs, waitMs, { 'witan.batch.name': name }, undefined, [linkTo(batch.exported)]);
  }

  private batch(batch: BatchRecord): { traceId: string; spanId: string } {
    const { name, rows, requests, closedBy, startedAt, durationMs, error, contexts } = batch;
    const attributes = {
      'witan.batch.name': name,
      'witan.batch.rows': rows,
      'witan.batch.requests': requests,
      'witan.batch.closed_by': closedBy,
    };
    return this.add(`batch ${name}`, startedAt, durationMs, attributes, error, linksTo(contexts));
  }

  private infer(record: InferRecord, children: readonly ChildRecord[]): void {
    if (record.exported) return;
    const { model, version, rows, requests, startedAt, durationMs, packMs, inferMs, unpackMs, error, contexts } =
      record;
    const attributes = {
      'witan.model.name': model,
      'witan.model.version': version,
      'witan.rows': rows,
      'witan.requests': requests,
      'witan.phase.tensor_ms': packMs + unpackMs,
      'witan.phase.infer_ms': inferMs,
    };
    const parent = batchAround(record, children)?.exported;
    // Its batch has the links.
    const links = parent || requests <= 1 ? [] : linksTo(contexts);
    const own = parent?.traceId === this.request.traceId ? parent.spanId : undefined;
    record.exported = this.add(`infer ${model}`, startedAt, durationMs, attributes, error, links, own);
  }

  private add(
    name: string,
    startedAt: number,
    durationMs: number,
    attributes: Attributes,
    error: unknown,
    links: readonly Link[] = [],
    parentSpanId = this.request.spanId,
  ): { traceId: string; spanId: string } {
    const { traceId } = this.request;
    const spanId = this.ids.spanId();
    const startEpochMs = startedAt + this.offsetMs;
    this.spans.push({
      traceId,
      spanId,
      parent: { spanId: parentSpanId, isRemote: false },
      name,
      kind: SPAN_KIND.internal,
      startEpochMs,
      durationMs,
      attributes,
      links,
      ...failure(error, startEpochMs + durationMs),
    });
    return { traceId, spanId };
  }
}

/** A load that no request waited for: a trace of its own. */
export function loadSpan(record: LoadRecord, ids: TraceIds, offsetMs: number): SpanParts {
  const [name, startedAt, durationMs, attributes, error] = loadParts(record);
  const startEpochMs = startedAt + offsetMs;
  return {
    traceId: ids.traceId(),
    spanId: ids.spanId(),
    name,
    kind: SPAN_KIND.internal,
    startEpochMs,
    durationMs,
    attributes,
    ...failure(error, startEpochMs + durationMs),
  };
}

function loadParts(record: LoadRecord): [string, number, number, Attributes, unknown] {
  const { model, version, startedAt, durationMs, mode, provider, error } = record;
  const attributes = {
    'witan.model.name': model,
    'witan.model.version': version,
    ...(mode !== undefined && { 'witan.model.execution': mode }),
    ...(provider !== undefined && { 'witan.model.provider': provider }),
  };
  return [`load ${model}`, startedAt, durationMs, attributes, error];
}

function failure(error: unknown, epochMs: number): Pick<SpanParts, 'failed' | 'message' | 'events'> {
  if (error === undefined || error === null) return { failed: false };
  const event = errorEvent(error, epochMs);
  return { failed: true, message: String(event.attributes['exception.message']), events: [event] };
}

/** The batch of this request within which a model ran. */
function batchAround({ startedAt }: InferRecord, children: readonly ChildRecord[]): BatchRecord | undefined {
  for (const child of children) {
    if (child.kind !== 'batch') continue;
    if (startedAt >= child.startedAt && startedAt <= child.startedAt + child.durationMs) return child;
  }
  return undefined;
}

/** To those requests that are kept, as far as is known by now: a link to what nobody has would lead nowhere. */
function linksTo(contexts: readonly Context[]): Link[] {
  const links: Link[] = [];
  for (const context of contexts) {
    const request = TracedRequest.of(context);
    if (request && (request.kept ?? request.sampled) && links.length < MAX_LINKS) links.push(linkTo(request));
  }
  return links;
}

function linkTo({ traceId, spanId }: { readonly traceId: string; readonly spanId: string }): Link {
  return { context: { traceId, spanId, traceFlags: 1 } };
}
