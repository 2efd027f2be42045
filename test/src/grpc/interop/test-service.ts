import { setTimeout as delay } from 'node:timers/promises';
import type { RpcCall, RpcMethod, RpcStreamCall } from '@witan/core';
import {
  decode,
  type EchoStatus,
  encode,
  type Payload,
  type SimpleRequest,
  type StreamingOutputRequest,
} from './messages.js';

export const TEST_SERVICE = 'grpc.testing.TestService';
const INITIAL = 'x-grpc-test-echo-initial';
const TRAILING = 'x-grpc-test-echo-trailing-bin';

/** gRPC's interoperability service on the seam to the server. */
export function testService(): Record<string, RpcMethod> {
  return {
    EmptyCall: { kind: 'unary', handle: (call) => call.answer(Buffer.alloc(0)) },
    UnaryCall: { kind: 'unary', handle: (call, message) => simple(call, message, (answer) => call.answer(answer)) },
    StreamingOutputCall: streaming(async (call) => {
      for await (const message of call.messages) {
        const request = decode<StreamingOutputRequest>('StreamingOutputCallRequest', message);
        if (await answered(call, request)) return;
      }
      end(call);
    }),
    StreamingInputCall: streaming(async (call) => {
      let bytes = 0;
      for await (const message of call.messages)
        bytes += decode<{ payload?: Payload }>('StreamingInputCallRequest', message).payload?.body?.length ?? 0;
      await call.write(encode('StreamingInputCallResponse', { aggregatedPayloadSize: bytes }));
      end(call);
    }),
    FullDuplexCall: streaming(async (call) => {
      for await (const message of call.messages) {
        const request = decode<StreamingOutputRequest>('StreamingOutputCallRequest', message);
        if (await answered(call, request)) return;
      }
      end(call);
    }),
  };
}

/** The same; what a unary call answers can carry trailing metadata, which the seam gives to streams only. */
export function testServiceWithTrailers(): Record<string, RpcMethod> {
  const unary = streaming(async (call) => {
    for await (const message of call.messages) {
      simple(call, message, (answer) => {
        void call.write(answer);
        end(call);
      });
    }
  });
  return { ...testService(), UnaryCall: unary };
}

function streaming(handle: (call: RpcStreamCall) => Promise<void>): RpcMethod {
  return {
    kind: 'stream',
    handle(call) {
      const initial = call.header(INITIAL);
      if (initial !== undefined) call.setHeader(INITIAL, initial);
      // Reading may end with an error once the caller is gone.
      handle(call).catch(() => undefined);
    },
  };
}

function simple(call: RpcCall, message: Buffer, answer: (bytes: Buffer) => void): void {
  const { responseStatus, responseSize } = decode<SimpleRequest>('SimpleRequest', message);
  if (isFailure(responseStatus)) return call.fail(responseStatus);
  answer(encode('SimpleResponse', { payload: { body: Buffer.alloc(responseSize) } }));
}

/** Writes what a request asks for; true when it asks for a failure. */
async function answered(call: RpcStreamCall, request: StreamingOutputRequest): Promise<boolean> {
  for (const { size, intervalUs } of request.responseParameters ?? []) {
    if (intervalUs > 0) await delay(intervalUs / 1000);
    await call.write(encode('StreamingOutputCallResponse', { payload: { body: Buffer.alloc(size) } }));
  }
  if (!isFailure(request.responseStatus)) return false;
  call.fail(request.responseStatus);
  return true;
}

const isFailure = (status: EchoStatus | undefined | null): status is EchoStatus => status != null && status.code !== 0;

function end(call: RpcStreamCall): void {
  const trailing = call.header(TRAILING);
  if (trailing === undefined) return call.end();
  call.fail({ code: 0, message: '', trailers: [[TRAILING, Buffer.from(trailing, 'base64')]] });
}
