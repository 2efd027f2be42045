import {
  type ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  status,
} from '@grpc/grpc-js';
import type { Clock } from '../../clock.js';

/** What is needed of a call here; grpc-js's interceptors give all of it. */
type Call = Pick<ServerInterceptingCallInterface, 'start' | 'sendStatus'>;

/**
 * Ends calls whose one request message does not arrive in time: a caller that sends a byte now and then would
 * otherwise hold its stream for ever. One timer serves all calls.
 */
export class SlowRequests {
  /** Calls that wait for their message, oldest first, and since when. */
  private readonly waiting = new Map<Call, number>();
  private ticking = false;

  constructor(
    private readonly clock: Clock,
    private readonly timeoutMs: number,
  ) {}

  readonly interceptor: ServerInterceptor = (method, call) => {
    if (!method.requestStream) this.watch(call);
    // Nothing is wrapped: the call itself goes on.
    return call as ServerInterceptingCall;
  };

  private watch(call: ServerInterceptingCallInterface): void {
    const { waiting } = this;
    const start = call.start.bind(call);
    call.start = (listener) => {
      const whole = listener.onReceiveHalfClose.bind(listener);
      const gone = listener.onCancel.bind(listener);
      listener.onReceiveHalfClose = () => {
        waiting.delete(call);
        whole();
      };
      listener.onCancel = () => {
        waiting.delete(call);
        gone();
      };
      start(listener);
    };
    waiting.set(call, this.clock.now());
    if (!this.ticking) this.tick(this.timeoutMs);
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
      call.sendStatus({ code: status.DEADLINE_EXCEEDED, details, metadata: null });
    }
  }
}
