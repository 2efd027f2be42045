import type { Clock, RpcMethod, RpcUnaryCall, TurnBudget } from '@witan/core';
import type { OipServer } from '../../infer-types.js';
import { type InferLimits, InferRequestDecoder } from '../infer-request.js';
import { encodeInferResponse } from '../infer-response.js';
import { GrpcCaller } from './grpc-caller.js';
import type { Fail } from './small-call.js';

/** From here on decoding may take 0.05 ms and more, which many callers at once would add up. */
const LARGE_MESSAGE_BYTES = 4096;

/** What `ModelInfer` and `ModelStreamInfer` work with. */
export interface InferParts {
  readonly server: OipServer;
  readonly clock: Clock;
  readonly limits: InferLimits;
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

function infer({ server, clock, limits }: InferParts, call: RpcUnaryCall, message: Buffer, fail: Fail): void {
  if (call.cancelled) return;
  try {
    const request = new InferRequestDecoder(message, limits).decode();
    server.infer(request, new GrpcCaller(call, clock)).then(
      (response) => {
        try {
          call.answer(encodeInferResponse(response));
        } catch (thrown) {
          fail(call, thrown);
        }
      },
      (thrown: unknown) => fail(call, thrown),
    );
  } catch (thrown) {
    fail(call, thrown);
  }
}
