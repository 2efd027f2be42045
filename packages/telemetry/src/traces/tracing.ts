import {
  requestChannel,
  type AnswerEvent,
  type BatchEvent,
  type Clock,
  type Context,
  type RequestEvent,
} from '@witan/core';
import type { InferEvent } from '../events/infer-event.js';
import type { ModelLoadEvent } from '../events/model-load-event.js';
import type { Watch } from '../events/watch.js';
import type { ChildList } from './child-list.js';
import { batchRecord, type ChildRecord, inferRecord, loadRecord } from './child-records.js';
import { ChildSpans, loadSpan } from './child-spans.js';
import { currentRequest, requestStore } from './request-binding.js';
import { Sampling } from './sampling.js';
import { serverSpan } from './server-span.js';
import type { SpanParts } from './span-data.js';
import type { TraceIds } from './trace-ids.js';
import type { TraceOptions } from './trace-options.js';
import { isServerError, TracedRequest } from './traced-request.js';

const FEATURE = 'traces';

/** Takes the spans of what is kept. */
export interface SpanSink {
  add(parts: SpanParts): void;
  /** A span of the user's own tracer. */
  addOwn(span: unknown): void;
}

/**
 * Follows requests from their start to their answer, remembers what happens in them, and makes spans of those that are
 * kept. Without options it only knows who is who, for logs.
 */
export class Tracing {
  readonly sampling: Sampling;
  private readonly stops: (() => void)[] = [];
  private sink: SpanSink | undefined;
  /** Requests under way that were chosen when they began. */
  private sampledNow = 0;

  /** @throws {TEL_ERR_TRACE_OPTION} */
  constructor(
    private readonly options: TraceOptions | undefined,
    private readonly watch: Watch,
    private readonly clock: Clock,
    private readonly ids: TraceIds,
    /** Whether requests are bound to what they run. */
    readonly binds: boolean,
  ) {
    this.sampling = new Sampling(options ? (options.sampling ?? {}) : { ratio: 0, rules: [] }, ids);
  }

  /** Begins to follow requests. */
  start(): void {
    this.followRequests();
    this.stops.push(this.watch.on<AnswerEvent>('witan.answer', FEATURE, (event) => this.answered(event)));
    if (!this.options) return;
    this.stops.push(
      this.watch.on<BatchEvent>('witan.batch', FEATURE, (event) => this.batched(event)),
      this.watch.on<InferEvent>('witan.infer', FEATURE, (event) => this.inferred(event)),
      this.watch.on<ModelLoadEvent>('witan.model.load', FEATURE, (event) => this.loaded(event)),
    );
  }

  stop(): void {
    for (const stop of this.stops.splice(0)) stop();
  }

  /** Where spans go from now on; without one no spans are made. */
  exportTo(sink: SpanSink | undefined): void {
    this.sink = sink;
  }

  /** The trace of a request that is kept, as far as that is known. */
  readonly traceOf = (context: Context): { traceId: string; spanId: string } | undefined => {
    const request = TracedRequest.of(context);
    return request && (request.kept ?? request.sampled) ? request : undefined;
  };

  /** Spans of the user's own that have ended: exported with their request, or by themselves. */
  ownSpanEnded(span: unknown, request: TracedRequest | undefined, sampled: boolean): void {
    if (request && request.kept === undefined) request.rememberOwn(span);
    else if (request ? request.kept : sampled) this.sink?.addOwn(span);
  }

  private followRequests(): void {
    const { start } = requestChannel;
    if (!this.binds) {
      const name = 'tracing:witan.request:start';
      this.stops.push(this.watch.on<RequestEvent>(name, FEATURE, (event) => void this.begin(event)));
      return;
    }
    const store = requestStore((event: RequestEvent) => this.begunSafely(event));
    start.bindStore(store);
    this.stops.push(() => void start.unbindStore(store));
  }

  /** What fails in here would end the process: Node has nobody to tell. */
  private begunSafely(event: RequestEvent): TracedRequest | undefined {
    try {
      return this.begin(event);
    } catch (error) {
      this.watch.failed(FEATURE, error);
      return undefined;
    }
  }

  /** Takes note of a request that has begun; a second time for the same one it is only found. */
  begin(event: RequestEvent): TracedRequest {
    const { context } = event;
    const known = TracedRequest.of(context);
    if (known) return known;
    const request = new TracedRequest(this.ids, context, event, this.sampling);
    if (request.sampled) {
      this.sampledNow++;
      if (this.sink) context.wantPhases();
    }
    return request.attach(context);
  }

  private batched(event: BatchEvent): void {
    if (this.sink && this.remembering) this.rememberAll(event.contexts, () => batchRecord(event));
  }

  private inferred(event: InferEvent): void {
    if (this.sink && this.remembering) this.rememberAll(event.contexts, () => inferRecord(event));
  }

  /** One record for all requests of a run, made if any of them may be kept. */
  private rememberAll(contexts: readonly Context[], make: () => ChildRecord): void {
    let record: ChildRecord | undefined;
    let shared: ChildList | undefined;
    for (const context of contexts) {
      const request = TracedRequest.of(context);
      if (request?.mayBeKept && request.kept === undefined)
        shared = request.rememberShared((record ??= make()), shared);
    }
  }

  /** Whether there is anybody who might be kept: without rules that decide late, most of the time there is not. */
  private get remembering(): boolean {
    return this.sampling.decidesLate || this.sampledNow > 0;
  }

  private loaded(event: ModelLoadEvent): void {
    if (event.kind !== 'load' || !this.sink) return;
    const record = loadRecord(event, this.clock.now());
    const request = currentRequest();
    if (request && request.kept === undefined) request.remember(record);
    else this.sink.add(loadSpan(record, this.ids, this.offsetMs));
  }

  private answered(event: AnswerEvent): void {
    const request = this.requestOf(event);
    if (!request || request.kept !== undefined) return;
    if (request.sampled && request.event) this.sampledNow--;
    request.kept = request.sampled || (this.sampling.decidesLate && this.chosenLate(request, event));
    if (request.kept && this.sink) this.export(request, event, this.sink);
    request.children = request.ownSpans = undefined;
  }

  private chosenLate(request: TracedRequest, event: AnswerEvent): boolean {
    const { durationMs, context } = event;
    const models = context?.models ?? [];
    return this.sampling.atEnd({ failed: isServerError(event), durationMs, service: request.event?.service, models });
  }

  /** Witan's own routes, and what was refused before it reached a service, are only told of where they failed. */
  private requestOf(event: AnswerEvent): TracedRequest | undefined {
    const { context } = event;
    const known = context && TracedRequest.of(context);
    if (known || !this.options) return known;
    const failed = event.transport === 'grpc' ? event.status !== 0 : event.status >= 400;
    if (!context && !failed) return undefined;
    return new TracedRequest(this.ids, context, undefined, this.sampling);
  }

  private export(request: TracedRequest, event: AnswerEvent, sink: SpanSink): void {
    const { offsetMs } = this;
    sink.add(serverSpan(request, event, event.startedAt + offsetMs));
    if (request.children)
      for (const parts of new ChildSpans(request, this.ids, offsetMs).build(request.children.toArray()))
        sink.add(parts);
    for (const span of request.ownSpans ?? []) sink.addOwn(span);
  }

  /** Taken anew for each trace: the wall clock may be set, and durations stay what they were. */
  private get offsetMs(): number {
    return this.clock.epochMs() - this.clock.now();
  }
}
