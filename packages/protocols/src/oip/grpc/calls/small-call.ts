import type { Access, RpcMethod, RpcUnaryCall } from '@witan/core';
import { decodeMessage } from '../../../wire/decode-message.js';
import type { MessageTable } from '../../../wire/message-table.js';
import { malformed } from '../malformed.js';

/** A call whose messages have no tensors. */
export interface SmallCall {
  readonly access: Access;
  readonly request: MessageTable;
  /** Gives the answer's message; `query` is the request's, of the form of its table. */
  answer(query: object, call: RpcUnaryCall): Buffer | Promise<Buffer>;
}

/** `Q`: what the table makes of a request. Members that it does not have are absent. */
export function smallCall<Q extends object>(
  access: Access,
  request: MessageTable,
  answer: (query: Q, call: RpcUnaryCall) => Buffer | Promise<Buffer>,
): SmallCall {
  return { access, request, answer: answer as SmallCall['answer'] };
}

export type Fail = (call: RpcUnaryCall, thrown: unknown) => void;

export function methodOf({ request, answer }: SmallCall, fail: Fail): RpcMethod {
  return {
    kind: 'unary',
    handle(call, message) {
      try {
        const answered = answer(decodeMessage(request, message, malformed), call);
        if (!(answered instanceof Promise)) return call.answer(answered);
        answered.then(
          (bytes) => call.answer(bytes),
          (thrown: unknown) => fail(call, thrown),
        );
      } catch (thrown) {
        fail(call, thrown);
      }
    },
  };
}
