import type { Clock } from '../../clock.js';
import type { Context, Peer } from '../../handler/context.js';
import { activeRequests, answerChannel, type AnswerEvent } from '../../service/answer-channel.js';
import type { RpcCall, RpcStatus, RpcStreamCall, RpcUnaryCall } from './rpc-server.js';

const OK = 0;
const CANCELLED = 1;
const DEADLINE_EXCEEDED = 4;
/** A client cancels when its time is up, and its time began earlier than ours. */
const EARLY_CANCEL_MS = 50;

/** A call as its method sees it, and what `witan.answer` tells of it once it has ended. */
abstract class WatchedCall<C extends RpcCall> implements RpcCall, AnswerEvent {
  readonly transport = 'grpc' as const;
  readonly method = '';
  readonly startedAt: number;
  durationMs = 0;
  status = OK;
  code: string | undefined = undefined;
  requestBytes = 0;
  answerBytes = 0;
  context: Context | undefined = undefined;
  private open = true;

  constructor(
    protected readonly call: C,
    readonly route: string,
    private readonly clock: Clock,
  ) {
    this.startedAt = clock.now();
    activeRequests.grpc++;
    call.onCancel(() => this.left());
  }

  get path(): string {
    return this.call.path;
  }

  get cancelled(): boolean {
    return this.call.cancelled;
  }

  get peer(): Peer {
    return this.call.peer;
  }

  get deadlineEpochMs(): number | undefined {
    return this.call.deadlineEpochMs;
  }

  header(name: string): string | undefined {
    return this.call.header(name);
  }

  headers(): Iterable<readonly [string, string | Buffer]> {
    return this.call.headers();
  }

  setHeader(name: string, value: string): void {
    this.call.setHeader(name, value);
  }

  onCancel(fn: () => void): void {
    this.call.onCancel(fn);
  }

  answeredFor(context: Context): void {
    this.context ??= context;
  }

  fail(status: RpcStatus): void {
    this.call.fail(status);
    this.over(status.code, status.errorCode);
  }

  /** It has ended; what comes later is not heard. */
  over(status: number, code?: string): void {
    if (!this.open) return;
    this.open = false;
    activeRequests.grpc--;
    this.durationMs = this.clock.now() - this.startedAt;
    this.status = status;
    this.code = code;
    if (answerChannel.hasSubscribers) answerChannel.publish(this);
  }

  private left(): void {
    const { deadlineEpochMs } = this.call;
    const isLate = deadlineEpochMs !== undefined && this.clock.epochMs() >= deadlineEpochMs - EARLY_CANCEL_MS;
    if (isLate) this.over(DEADLINE_EXCEEDED, 'CORE_ERR_DEADLINE');
    else this.over(CANCELLED, 'CORE_ERR_CANCELLED');
  }
}

export class WatchedUnaryCall extends WatchedCall<RpcUnaryCall> implements RpcUnaryCall {
  override answeredFor(context: Context): void {
    this.context = context;
    context.arrivedAt = this.startedAt;
  }

  answer(message: Buffer, trailers?: RpcStatus['trailers']): void {
    this.answerBytes = message.length;
    this.call.answer(message, trailers);
    this.over(OK);
  }
}

export class WatchedStreamCall extends WatchedCall<RpcStreamCall> implements RpcStreamCall {
  get messages(): AsyncIterable<Buffer> {
    const messages = this.call.messages[Symbol.asyncIterator]();
    const next = async (): Promise<IteratorResult<Buffer>> => {
      const step = await messages.next();
      if (!step.done) this.requestBytes += step.value.length;
      return step;
    };
    const end = async (): Promise<IteratorResult<Buffer>> =>
      (await messages.return?.()) ?? { done: true, value: undefined };
    return { [Symbol.asyncIterator]: () => ({ next, return: end }) };
  }

  write(message: Buffer): Promise<void> | undefined {
    this.answerBytes += message.length;
    return this.call.write(message);
  }

  end(): void {
    this.call.end();
    this.over(OK);
  }
}
