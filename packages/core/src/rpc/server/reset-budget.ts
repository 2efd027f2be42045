import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { ServerInterceptingCall, ServerInterceptor } from '@grpc/grpc-js';
import type { Clock } from '../../clock.js';

/** Half of what Node allows a connection: it also counts resets of calls that were over already, unseen from here. */
const BURST = 500;
const PER_MS = 16 / 1000;
const MAX_STREAM_ID = 2 ** 31 - 1;
const WHY = Buffer.from('too_many_cancels');

interface Budget {
  left: number;
  at: number;
}

/**
 * Node ends a connection with all of its calls (they fail with INTERNAL) when its client cancels 1000 calls and then
 * more than 33 a second, against floods of resets. Callers with tight deadlines come to that in daily work. Well before,
 * the client is asked to reconnect, as when `maxConnectionAgeMs` is over: no call is lost, and the next connection
 * starts anew.
 */
export class ResetBudget {
  private readonly budgets = new WeakMap<ServerHttp2Session, Budget>();
  private readonly onAborted: (this: ServerHttp2Stream) => void;

  constructor(private readonly clock: Clock) {
    const spend = (session: ServerHttp2Session): void => this.spend(session);
    // One function for all calls: the stream that it is called on tells the connection.
    this.onAborted = function (this: ServerHttp2Stream): void {
      if (this.session) spend(this.session as ServerHttp2Session);
    };
  }

  readonly interceptor: ServerInterceptor = (_method, call) => {
    // Not in grpc-js's types. Without it a connection only ends as Node would have it.
    (call as { stream?: ServerHttp2Stream }).stream?.on('aborted', this.onAborted);
    return call as ServerInterceptingCall;
  };

  private spend(session: ServerHttp2Session): void {
    if (session.closed) return;
    const now = this.clock.now();
    let budget = this.budgets.get(session);
    if (!budget) this.budgets.set(session, (budget = { left: BURST, at: now }));
    budget.left = Math.min(BURST, budget.left + (now - budget.at) * PER_MS) - 1;
    budget.at = now;
    if (budget.left > 0) return;
    session.goaway(constants.NGHTTP2_NO_ERROR, MAX_STREAM_ID, WHY);
    session.close();
  }
}
