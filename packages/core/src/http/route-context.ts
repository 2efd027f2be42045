import type { FastifyReply, FastifyRequest } from 'fastify';
import { principalOf } from '../access/principals.js';
import type { Clock } from '../clock.js';
import { Context, type Peer, type RawRequest } from '../handler/context.js';
import { HttpCaller } from './http-caller.js';
import { headerOf, peerOf, rawOf } from './http-context.js';
import { requestIdOf } from './request-id.js';

const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze({});

/** The Context of a request on a route that is no service's: of another protocol. Made for each, so that it is lazy. */
export class RouteContext extends Context {
  readonly transport = 'http' as const;
  readonly params = NO_PARAMS;
  private lazyRequestId: string | undefined;
  private readonly caller: HttpCaller;

  /** @throws {CORE_ERR_HTTP_HEADER} when `x-request-timeout-ms` is malformed */
  constructor(
    readonly service: string,
    private readonly request: FastifyRequest,
    private readonly reply: FastifyReply,
    clock: Clock,
  ) {
    super();
    this.caller = new HttpCaller(request, clock);
  }

  get requestId(): string {
    return (this.lazyRequestId ??= requestIdOf(this.request.raw.headers['x-request-id']));
  }

  get peer(): Peer {
    return peerOf(this.request);
  }

  get deadline(): number | undefined {
    return this.caller.deadline;
  }

  /** Fires when the caller disconnects, or its deadline passes. */
  get signal(): AbortSignal {
    return this.caller.signal;
  }

  /** Its caller is gone. A deadline that has passed is a gate's to notice. */
  get aborted(): boolean {
    return this.request.raw.socket.destroyed;
  }

  get raw(): RawRequest {
    return rawOf(this.request);
  }

  get priority(): number {
    return this.caller.priority;
  }

  protected override keyName(): string | undefined {
    return principalOf(this.request);
  }

  header(name: string): string | undefined {
    return headerOf(this.request, name);
  }

  setHeader(name: string, value: string): void {
    if (!this.reply.raw.headersSent) this.reply.header(name, value);
  }
}
