import { type Clock, MethodContext, type RpcMethod, type RpcUnaryCall, type TurnBudget } from '@witan/core';
import { OIP_SERVICE, OipCaller } from '../../infer/oip-caller.js';
import type { OipServer } from '../../infer-types.js';
import { type InferLimits, InferRequestDecoder } from '../infer-request.js';
import { encodeInferResponse } from '../infer-response.js';
import type { Fail } from './small-call.js';

/** From here on decoding may take 0.05 ms and more, which many callers at once would add up. */
const LARGE_MESSAGE_BYTES = 4096;

/** What `ModelInfer` and `ModelStreamInfer` work with. */
export interface InferParts {
  readonly server: OipServer;
  readonly clock: Clock;
  readonly limits: InferLimits;
  /** Whether callers may ask where their request's time went. */
  readonly timings: boolean;
}

/** `ModelInfer`. */
export function inferMethod(parts: InferParts, turns: TurnBudget, fail: Fail): RpcMethod {
  return {
    kind: 'unary',
    handle(call, message) {
      if (message.length < LARGE_MESSAGE_BYTES) infer(parts, call, message, fail);
      else turns.run(() => infer(parts, call, message, fail));
    },
  };
}

function infer(parts: InferParts, call: RpcUnaryCall, message: Buffer, fail: Fail): void {
  if (call.cancelled) return;
  const context = new MethodContext(OIP_SERVICE, call, message, parts.clock);
  call.answeredFor?.(context);
  const caller = new OipCaller(context, parts.clock, parts.timings);
  caller.start(() => begin(parts, caller, call, message, fail));
}

function begin(
  { server, limits }: InferParts,
  caller: OipCaller,
  call: RpcUnaryCall,
  message: Buffer,
  fail: Fail,
): void {
  const failed = (thrown: unknown): void => {
    caller.failed(thrown);
    fail(call, thrown);
  };
  try {
    const request = caller.timed('decodeMs', () => new InferRequestDecoder(message, limits).decode());
    server.infer(request, caller).then((response) => {
      caller.answered();
      try {
        const message = caller.timed('encodeMs', () => encodeInferResponse(response));
        call.answer(message, caller.timing?.trailers());
      } catch (thrown) {
        fail(call, thrown);
      }
    }, failed);
  } catch (thrown) {
    failed(thrown);
  }
}
