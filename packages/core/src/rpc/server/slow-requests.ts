import {
  type ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  status,
} from '@grpc/grpc-js';
import type { Clock } from '../../clock.js';

type Call = Pick<ServerInterceptingCallInterface, 'sendStatus'>;

/**
 * Ends calls whose one request message does not arrive in time: a caller that sends a byte now and then would
 * otherwise hold its stream for ever. One timer serves all calls, and nothing is wrapped: that would cost a call a
 * tenth of its time.
 */
export class SlowRequests {
  /** Calls that wait for their message, oldest first, and since when. */
  private readonly waiting = new Map<Call, number>();
  private ticking = false;
  /** grpc-js no longer shows which call a message belongs to: then nobody is ended. */
  private blind = false;

  constructor(
    private readonly clock: Clock,
    private readonly timeoutMs: number,
  ) {}

  readonly interceptor: ServerInterceptor = (method, call) => {
    if (!method.requestStream) {
      this.waiting.set(call, this.clock.now());
      if (!this.ticking) this.tick(this.timeoutMs);
    }
    return call as ServerInterceptingCall;
  };

  /** The message of a call is there; `surface` is what grpc-js gives to handlers. */
  arrived(surface: object): void {
    const { call } = surface as { call?: Call };
    if (call) this.waiting.delete(call);
    else this.blind = true;
  }

  private tick(ms: number): void {
    this.ticking = true;
    this.clock.setTimer(() => this.sweep(), ms);
  }

  private sweep(): void {
    const now = this.clock.now();
    this.ticking = false;
    for (const [call, since] of this.waiting) {
      if (now - since < this.timeoutMs) return this.tick(this.timeoutMs - (now - since));
      this.waiting.delete(call);
      const details = `the request was not complete after ${this.timeoutMs} ms (grpc.requestTimeoutMs)`;
      // Does nothing to a call whose caller has gone.
      if (!this.blind) call.sendStatus({ code: status.DEADLINE_EXCEEDED, details, metadata: null });
    }
  }
}
