import type { FastifyRequest } from 'fastify';
import { principalOf } from '../access/principals.js';
import type { Clock, TimerHandle } from '../clock.js';
import type { WitanError } from '../errors/witan-error.js';
import { Connection, type Disconnectable } from './connection.js';
import { deadlineError, deadlineOf, disconnectedError, priorityOf } from './http-context.js';

/**
 * The caller of a request on a route that is no service's: whether it still waits, and how long. Fits a batch gate as
 * it is. Nothing is watched until {@link signal} is asked for; call {@link release} once it was, when the answer is
 * there.
 * @throws {CORE_ERR_HTTP_HEADER} on construction, when `x-request-timeout-ms` is malformed
 */
export class HttpCaller implements Disconnectable {
  /** `x-request-timeout-ms` from now: {@link Clock.now} milliseconds. */
  readonly deadline: number | undefined;
  private controller: AbortController | undefined;
  private connection: Connection | undefined;
  private timer: TimerHandle | undefined;
  private reason: WitanError | undefined;

  constructor(
    private readonly request: FastifyRequest,
    private readonly clock: Clock,
  ) {
    this.deadline = deadlineOf(request, clock);
  }

  /** `x-priority`, from -10 to 10; 0 unless the caller says otherwise. */
  get priority(): number {
    return priorityOf(this.request.raw.headers['x-priority']);
  }

  /** The name of the key that the request brought. */
  get principal(): string | undefined {
    return principalOf(this.request);
  }

  /** True once the caller is gone or its deadline has passed; cheaper than {@link signal}. */
  get aborted(): boolean {
    if (this.reason !== undefined || this.request.raw.socket.destroyed) return true;
    return this.deadline !== undefined && this.deadline <= this.clock.now();
  }

  /** Fires when the caller disconnects (CORE_ERR_CANCELLED) or its deadline passes (CORE_ERR_DEADLINE). */
  get signal(): AbortSignal {
    return (this.controller ??= this.watch()).signal;
  }

  /** Nothing fires any more. */
  release(): void {
    this.timer?.cancel();
    this.connection?.delete(this);
    this.connection = undefined;
  }

  /** @internal */
  disconnected(): void {
    this.abort(disconnectedError());
  }

  private watch(): AbortController {
    const { socket } = this.request.raw;
    this.controller = new AbortController();
    if (socket.destroyed) this.disconnected();
    else {
      this.connection = Connection.of(socket, this.clock);
      this.connection.add(this);
    }
    if (this.deadline !== undefined)
      this.timer = this.clock.setTimer(() => this.abort(deadlineError()), this.deadline - this.clock.now());
    return this.controller;
  }

  private abort(reason: WitanError): void {
    if (this.reason) return;
    this.reason = reason;
    this.release();
    this.controller?.abort(reason);
  }
}
