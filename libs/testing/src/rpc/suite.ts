import type { RpcMethod, RpcStatus, RpcStreamCall, RpcUnaryCall } from '@witan/core';
import type { RpcLacks, RpcStage } from './stage.js';

/** What each part of the contract gets. */
export interface RpcSuite {
  /** The stage of the test that runs. */
  readonly stage: () => RpcStage;
  readonly lacks: RpcLacks;
}

export const unary = (handle: (call: RpcUnaryCall, message: Buffer) => void): RpcMethod => ({ kind: 'unary', handle });

/** A streaming method that may be async. Reading may end with an error when the caller is gone; nobody is told then. */
export const stream = (handle: (call: RpcStreamCall) => Promise<void> | void): RpcMethod => ({
  kind: 'stream',
  handle: (call) => void Promise.resolve(handle(call)).catch(() => undefined),
});

export const failing = (status: RpcStatus): RpcMethod => unary((call) => call.fail(status));

/** Answers every message with itself. */
export const echoUnary = unary((call, message) => call.answer(Buffer.from(message)));

export const echoStream = stream(async (call) => {
  for await (const message of call.messages) await call.write(Buffer.from(message));
  call.end();
});
