import type { Context as OtelContext } from '@opentelemetry/api';
import type { AnswerEvent, Context, RequestEvent } from '@witan/core';
import { ChildList } from './child-list.js';
import type { ChildRecord } from './child-records.js';
import type { Sampling } from './sampling.js';
import type { TraceIds } from './trace-ids.js';
import { parseTraceparent, type RemoteParent, usableTracestate } from './w3c.js';

/** Children of one request that are remembered; more are counted. */
const MAX_CHILDREN = 128;

/**
 * What is remembered of a request until it is known whether its trace is kept. Made for every request: so ids are only
 * drawn when somebody asks for them, and spans only made of it when it is kept.
 */
export class TracedRequest {
  readonly parent: RemoteParent | undefined;
  /** Whether its trace is said to be kept to whoever it calls. */
  readonly sampled: boolean;
  children: ChildList | undefined = undefined;
  droppedChildren = 0;
  /** Spans of the user's own code that have ended; their kind is the tracer's affair. */
  ownSpans: unknown[] | undefined = undefined;
  /** Known when it is over. */
  kept: boolean | undefined = undefined;
  /** The active context, made when somebody asks for it. */
  otelContext: OtelContext | undefined = undefined;
  private lazyTraceId: string | undefined = undefined;
  private lazySpanId: string | undefined = undefined;

  constructor(
    private readonly ids: TraceIds,
    readonly context: Context | undefined,
    /** Of services and protocols; filled while the request runs. */
    readonly event: RequestEvent | undefined,
    private readonly sampling: Sampling,
  ) {
    const traceparent = context?.traceparent;
    this.parent = traceparent === undefined ? undefined : parseTraceparent(traceparent);
    this.sampled = this.parent ? this.parent.sampled : sampling.atStart();
  }

  /** The one of a request's context, if it was seen when it began. */
  static of(context: Context): TracedRequest | undefined {
    return context.watched as TracedRequest | undefined;
  }

  /** To be found by {@link of} from now on. */
  attach(context: Context): this {
    context.watched = this;
    return this;
  }

  get traceId(): string {
    return (this.lazyTraceId ??= this.parent?.traceId ?? this.ids.traceId());
  }

  get spanId(): string {
    return (this.lazySpanId ??= this.ids.spanId());
  }

  get tracestate(): string | undefined {
    return this.parent && usableTracestate(this.context?.header('tracestate'));
  }

  /** Whether what happens in it is worth remembering. */
  get mayBeKept(): boolean {
    return this.kept ?? (this.sampled || this.sampling.decidesLate);
  }

  remember(child: ChildRecord): void {
    if (!this.mayBeKept || this.kept !== undefined) return;
    const { children } = this;
    if (children && children.count >= MAX_CHILDREN) this.droppedChildren++;
    else this.children = new ChildList(child, children);
  }

  /**
   * The same for a run of several requests: those that remember the same so far share what they remember then.
   * @param shared of the request before; gives that of this one
   */
  rememberShared(child: ChildRecord, shared: ChildList | undefined): ChildList | undefined {
    if (shared?.record === child && shared.before === this.children) this.children = shared;
    else this.remember(child);
    return this.children;
  }

  /** A span of the user's that has ended; false: it is not to be exported later. */
  rememberOwn(span: unknown): boolean {
    if (!this.mayBeKept || this.kept !== undefined) return false;
    const spans = (this.ownSpans ??= []);
    if (spans.length >= MAX_CHILDREN) return false;
    spans.push(span);
    return true;
  }
}

/** Whether a request failed by the server's doing, as the conventions for spans have it. */
export function isServerError({ transport, status }: Pick<AnswerEvent, 'transport' | 'status'>): boolean {
  return transport === 'grpc' ? GRPC_SERVER_ERRORS.has(status) : status >= 500;
}

/** UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS. */
const GRPC_SERVER_ERRORS: ReadonlySet<number> = new Set([2, 4, 12, 13, 14, 15]);
