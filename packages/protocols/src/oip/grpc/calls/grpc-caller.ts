import { type Clock, type RpcCall, RpcCaller } from '@witan/core';
import type { InferCaller } from '../../infer-types.js';

/**
 * The caller of one request, without a signal: batches look at `aborted` when they are formed, and a full queue when it
 * is full, so that the many calls that are answered need not pay for the few that are not.
 */
export class GrpcCaller implements InferCaller {
  private readonly caller: RpcCaller;

  constructor(call: RpcCall, clock: Clock) {
    this.caller = new RpcCaller(call, clock);
  }

  get aborted(): boolean {
    return this.caller.aborted;
  }

  get deadline(): number | undefined {
    return this.caller.deadline;
  }

  get priority(): number {
    return this.caller.priority;
  }
}
