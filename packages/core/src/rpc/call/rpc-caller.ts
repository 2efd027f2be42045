import { principalOf } from '../../access/principals.js';
import type { Clock } from '../../clock.js';
import type { RpcCall } from '../server/rpc-server.js';
import { goneError, priorityOf } from './rpc-context.js';

/**
 * The caller of a gRPC method that is no service's: whether it still waits, and how long. Fits a batch gate as it is.
 */
export class RpcCaller {
  private controller: AbortController | undefined;

  constructor(
    private readonly call: RpcCall,
    private readonly clock: Clock,
  ) {}

  /** {@link Clock.now} milliseconds. */
  get deadline(): number | undefined {
    const { deadlineEpochMs } = this.call;
    return deadlineEpochMs === undefined ? undefined : this.clock.now() + (deadlineEpochMs - this.clock.epochMs());
  }

  /** `x-priority`, from -10 to 10; 0 unless the caller says otherwise. */
  get priority(): number {
    return priorityOf(this.call.header('x-priority'));
  }

  /** The name of the key that the call brought. */
  get principal(): string | undefined {
    return principalOf(this.call);
  }

  /**
   * True once the call is over for its caller; cheaper than {@link signal}. Not yet where only {@link deadline} has
   * passed: a gate notices that by itself, and says so rather than that the caller went away.
   */
  get aborted(): boolean {
    return this.call.cancelled;
  }

  /** Fires when the caller cancels or goes away (CORE_ERR_CANCELLED), or its deadline passes (CORE_ERR_DEADLINE). */
  get signal(): AbortSignal {
    if (this.controller) return this.controller.signal;
    const controller = (this.controller = new AbortController());
    this.call.onCancel(() => controller.abort(goneError(this.deadline, this.clock)));
    return controller.signal;
  }
}
