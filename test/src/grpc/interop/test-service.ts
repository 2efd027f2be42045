import { setTimeout as delay } from 'node:timers/promises';
import type { RpcCall, RpcMethod, RpcStreamCall, RpcUnaryCall } from '@witan/core';
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
    UnaryCall: { kind: 'unary', handle: simple },
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

function streaming(handle: (call: RpcStreamCall) => Promise<void>): RpcMethod {
  return {
    kind: 'stream',
    handle(call) {
      echoInitial(call);
      // Reading may end with an error once the caller is gone.
      handle(call).catch(() => undefined);
    },
  };
}

function simple(call: RpcUnaryCall, message: Buffer): void {
  const { responseStatus, responseSize } = decode<SimpleRequest>('SimpleRequest', message);
  if (isFailure(responseStatus)) return call.fail(responseStatus);
  echoInitial(call);
  call.answer(encode('SimpleResponse', { payload: { body: Buffer.alloc(responseSize) } }), trailersFor(call));
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
  const trailers = trailersFor(call);
  if (trailers === undefined) call.end();
  else call.fail({ code: 0, message: '', trailers });
}

function echoInitial(call: RpcCall): void {
  const initial = call.header(INITIAL);
  if (initial !== undefined) call.setHeader(INITIAL, initial);
}

function trailersFor(call: RpcCall): [string, Buffer][] | undefined {
  const trailing = call.header(TRAILING);
  return trailing === undefined ? undefined : [[TRAILING, Buffer.from(trailing, 'base64')]];
}
