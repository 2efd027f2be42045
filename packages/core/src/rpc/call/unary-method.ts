import { Answer } from '../../handler/answer.js';
import type { ServiceResult, ServiceRuntime } from '../../service/runtime.js';
import { rpcError } from '../rpc.errors.js';
import type { RpcUnaryCall, RpcUnaryMethod } from '../server/rpc-server.js';
import { deadlineError, RpcContext, type RpcService } from './rpc-context.js';
import { rpcStatusOf } from './rpc-status.js';
import { isPromise } from '../../service/is-promise.js';
import { isStream, releaseStream } from '../../service/stream.js';
import { answerBytes } from './service-result.js';

/** `Predict`: one message, one invocation, one answer. */
export class UnaryMethod implements RpcUnaryMethod {
  readonly kind = 'unary' as const;

  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly rpc: RpcService,
    private readonly onError: (error: unknown, context: RpcContext) => void,
  ) {}

  handle(call: RpcUnaryCall, message: Buffer): void {
    const context = new RpcContext(this.rpc, call, message);
    context.startTiming();
    call.answeredFor?.(context);
    try {
      if (call.deadlineEpochMs !== undefined && call.deadlineEpochMs <= this.rpc.clock.epochMs()) throw deadlineError();
      const result = this.runtime.invoke(context, () => context.read());
      if (isPromise(result))
        result.then(
          (value) => this.finish(call, context, value),
          (error: unknown) => this.fail(call, context, error),
        );
      else this.finish(call, context, result);
    } catch (error) {
      this.fail(call, context, error);
    }
  }

  private finish(call: RpcUnaryCall, context: RpcContext, result: ServiceResult): void {
    try {
      const message = this.messageOf(context, result);
      const requestId = context.callersRequestId;
      if (requestId !== undefined) call.setHeader('x-request-id', requestId);
      call.answer(message, context.timing());
    } catch (error) {
      this.fail(call, context, error);
    }
  }

  private messageOf(context: RpcContext, result: ServiceResult): Buffer {
    if (result instanceof Answer) return answerBytes(result, context);
    if (!isStream(result)) return context.encode(result);
    releaseStream(result);
    throw rpcError(
      'CORE_ERR_GRPC_STREAM_ONLY',
      `${this.rpc.path} answers with a stream: call PredictStream instead of Predict`,
    );
  }

  private fail(call: RpcUnaryCall, context: RpcContext, error: unknown): void {
    this.onError(error, context);
    call.setHeader('x-request-id', context.requestId);
    call.fail({ ...rpcStatusOf(error, context.requestId), trailers: context.timing() });
  }
}
