import { principalOf } from '../../access/principals.js';
import type { Clock } from '../../clock.js';
import { coreError } from '../../errors/core.errors.js';
import type { Frame } from '../../frame/frame.js';
import { Context, type Peer, type RawRequest } from '../../handler/context.js';
import { ServerTiming } from '../../handler/server-timing.js';
import { requestIdOf } from '../../http/request-id.js';
import type { RowsForm } from '../codec/request-envelope.js';
import type { ServiceDefinition } from '../../service/runtime.js';
import type { OpenRequest, ServiceCodec } from '../codec/service-codec.js';
import type { RpcCall } from '../server/rpc-server.js';
import { coreErrorOf } from '../server/server-errors.js';
import { metadataOf } from './host-metadata.js';

/** What all calls of one service share. */
export interface RpcService {
  readonly path: string;
  readonly codec: ServiceCodec;
  readonly clock: Clock;
  /** See {@link ServiceDefinition.parseParams}. */
  readonly parseParams?: ServiceDefinition['parseParams'];
  /** Whether callers may ask where the time went. */
  readonly timings: boolean;
}

/** One gRPC message as handlers see it. What costs something is worked out on first use. */
export class RpcContext extends Context {
  readonly transport = 'grpc' as const;
  private lazyRequestId: string | undefined;
  private opened: OpenRequest | undefined;
  private parsed: Readonly<Record<string, string>> | undefined;
  private controller: AbortController | undefined;
  private ended = false;
  private timed: ServerTiming | undefined;

  constructor(
    private readonly rpc: RpcService,
    private readonly call: RpcCall,
    private readonly message: Buffer,
  ) {
    super();
  }

  get requestId(): string {
    return (this.lazyRequestId ??= requestIdOf(this.call.header('x-request-id')));
  }

  /**
   * The id, if the caller sent it. Only then does a good answer carry it: an id of our own would be a header that no
   * other answer has, which HTTP/2 cannot compress and which took a seventh of a small call's time. @internal
   */
  get callersRequestId(): string | undefined {
    const sent = this.call.header('x-request-id');
    return sent !== undefined && sent === this.requestId ? sent : undefined;
  }

  get service(): string {
    return this.rpc.path;
  }

  get params(): Readonly<Record<string, string>> {
    return (this.parsed ??= this.parse(this.request.params));
  }

  get peer(): Peer {
    return this.call.peer;
  }

  get deadline(): number | undefined {
    const { deadlineEpochMs } = this.call;
    if (deadlineEpochMs === undefined) return undefined;
    return this.rpc.clock.now() + (deadlineEpochMs - this.rpc.clock.epochMs());
  }

  get aborted(): boolean {
    return this.ended || this.call.cancelled;
  }

  get signal(): AbortSignal {
    if (!this.controller) {
      const controller = (this.controller = new AbortController());
      if (this.ended) controller.abort(this.reason());
      else this.call.onCancel(() => controller.abort(this.reason()));
    }
    return this.controller.signal;
  }

  get raw(): RawRequest {
    return { contentType: 'application/grpc+proto', body: this.message };
  }

  get priority(): number {
    return priorityOf(this.call.header('x-priority'));
  }

  protected override keyName(): string | undefined {
    return principalOf(this.call);
  }

  header(name: string): string | undefined {
    return this.call.header(name);
  }

  setHeader(name: string, value: string): void {
    try {
      this.call.setHeader(name, value);
    } catch (error) {
      throw coreErrorOf(error);
    }
  }

  override hostArguments(): readonly unknown[] {
    return [this.message, metadataOf(this.call.headers()), this];
  }

  /** Decodes and validates the rows. @internal */
  read(): Frame {
    const { phases, request } = this;
    if (!phases) return request.read();
    const { clock } = this.rpc;
    const begun = clock.now();
    const frame = request.read();
    phases.decodeMs = (phases.decodeMs ?? 0) + clock.now() - begun;
    return frame;
  }

  /** The answer's message, in the form in which the request came. @internal */
  encode(frame: Frame): Buffer {
    const { phases, form } = this;
    const { codec, clock } = this.rpc;
    if (!phases) return codec.encode(frame, form);
    const begun = clock.now();
    const message = codec.encode(frame, form);
    phases.encodeMs = (phases.encodeMs ?? 0) + clock.now() - begun;
    return message;
  }

  /** How the rows came, and how the answer goes. @internal */
  get form(): RowsForm {
    return this.request.form;
  }

  /** Has the phases measured, if the caller wants to know where the time goes. @internal */
  startTiming(): void {
    if (this.rpc.timings) this.timed = ServerTiming.start(this, this.rpc.clock);
  }

  /** Trailing metadata for a caller that asked for it. @internal */
  timing(): readonly (readonly [string, string])[] | undefined {
    return this.timed?.trailers();
  }

  /** The call ends without this message being answered: another message of its stream failed. @internal */
  abandon(): void {
    this.ended = true;
    this.controller?.abort(this.reason());
  }

  private parse(raw: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    const { parseParams } = this.rpc;
    return parseParams ? (parseParams(raw) as Record<string, string>) : raw;
  }

  private get request(): OpenRequest {
    return (this.opened ??= this.rpc.codec.open(this.message));
  }

  private reason(): Error {
    return goneError(this.deadline, this.rpc.clock);
  }
}

/**
 * Clients cancel by themselves when their time is up. Ours runs from when the call arrived, so that it ends later by
 * as long as that took.
 */
const EARLY_CANCEL_MS = 50;

/** Why a caller no longer waits. */
export function goneError(deadline: number | undefined, clock: Clock): Error {
  if (deadline !== undefined && clock.now() >= deadline - EARLY_CANCEL_MS) return deadlineError();
  return coreError('CORE_ERR_CANCELLED', 'the caller cancelled or went away before the answer was ready');
}

export function priorityOf(header: string | undefined): number {
  const priority = header === undefined ? 0 : Number.parseInt(header, 10);
  return Number.isNaN(priority) ? 0 : Math.max(-10, Math.min(10, priority));
}

/** What a call is told whose deadline passed. */
export function deadlineError(): Error {
  return coreError(
    'CORE_ERR_DEADLINE',
    'the deadline passed before the answer was ready: allow more time, or send fewer rows',
  );
}
