import { Answer } from '../../handler/answer.js';
import type { ServiceResult, ServiceRuntime } from '../../service/runtime.js';
import { rpcError } from '../rpc.errors.js';
import type { RpcStreamCall, RpcStreamMethod } from '../server/rpc-server.js';
import { RpcContext, type RpcService } from './rpc-context.js';
import { rpcStatusOf } from './rpc-status.js';
import { isStream } from '../../service/stream.js';
import { answerBytes } from './service-result.js';

/** How many messages of one stream are worked on at once, unless set otherwise. */
export const DEFAULT_STREAM_WINDOW = 16;

interface Pending {
  readonly context: RpcContext;
  readonly result: Promise<ServiceResult>;
}

/**
 * `PredictStream`: every message is one invocation; up to a window of them run at once, and they are answered in
 * order. Messages beyond the window are not read, and Frames are not made faster than the caller takes them.
 */
export class StreamMethod implements RpcStreamMethod {
  readonly kind = 'stream' as const;

  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly rpc: RpcService,
    private readonly window: number,
    private readonly onError: (error: unknown, context: RpcContext | undefined) => void,
  ) {}

  private readonly runs = new Set<StreamRun>();

  handle(call: RpcStreamCall): void {
    const run = new StreamRun(this.runtime, this.rpc, this.window, this.onError, call);
    this.runs.add(run);
    void run.run().finally(() => this.runs.delete(run));
  }

  /** Reads no more messages: what was read is answered, then the streams end with CORE_ERR_GRPC_DRAINING. */
  drain(reason: string): void {
    for (const run of this.runs) run.drain(reason);
  }

  /** No stream is open. */
  get isIdle(): boolean {
    return this.runs.size === 0;
  }
}

/** One stream from its first message to its end. */
class StreamRun {
  private readonly pending: Pending[] = [];
  private ended = false;
  private drained: string | undefined;
  private named = false;
  private wakeWriter: (() => void) | undefined;
  private wakeReader: (() => void) | undefined;

  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly rpc: RpcService,
    private readonly window: number,
    private readonly onError: (error: unknown, context: RpcContext | undefined) => void,
    private readonly call: RpcStreamCall,
  ) {}

  /** Never rejects. */
  async run(): Promise<void> {
    this.call.onCancel(() => this.stop());
    const reading = this.readAll();
    let current: RpcContext | undefined;
    try {
      for (let next = await this.next(); next; next = await this.next()) {
        current = next.context;
        await this.answer(next.context, await next.result);
        this.pending.shift();
        this.wakeReader?.();
      }
      if (this.drained !== undefined) throw rpcError('CORE_ERR_GRPC_DRAINING', this.drained);
      await reading;
      this.call.end();
    } catch (error) {
      this.stop();
      this.onError(error, current);
      this.call.fail(rpcStatusOf(error, current?.requestId));
    }
  }

  drain(reason: string): void {
    if (this.ended) return;
    this.drained = reason;
    this.ended = true;
    this.wakeReader?.();
    this.wakeWriter?.();
  }

  private async readAll(): Promise<void> {
    try {
      for await (const message of this.call.messages) {
        if (this.ended) break;
        this.pending.push(this.begin(message));
        this.wakeWriter?.();
        while (this.pending.length >= this.window && !this.ended)
          await new Promise<void>((wake) => (this.wakeReader = wake));
      }
    } catch {
      // The caller broke off: onCancel has stopped what was under way.
    }
    this.ended = true;
    this.wakeWriter?.();
  }

  private begin(message: Buffer): Pending {
    const context = new RpcContext(this.rpc, this.call, message);
    this.call.answeredFor?.(context);
    if (!this.named) this.call.setHeader('x-request-id', context.requestId);
    this.named = true;
    const result = (async () => this.runtime.invoke(context, () => context.read()))();
    // The writer meets it in order; until then a rejection is not unhandled.
    result.catch(() => undefined);
    return { context, result };
  }

  private async next(): Promise<Pending | undefined> {
    while (this.pending.length === 0 && !this.ended) await new Promise<void>((wake) => (this.wakeWriter = wake));
    return this.pending[0];
  }

  private async answer(context: RpcContext, result: ServiceResult): Promise<void> {
    if (result instanceof Answer) await this.call.write(answerBytes(result, context));
    else if (!isStream(result)) await this.call.write(context.encode(result));
    else {
      // Leaving the loop early calls the iterator's return().
      for await (const frame of result) {
        if (this.call.cancelled) break;
        await this.call.write(context.encode(frame));
        if (this.call.cancelled) break;
      }
    }
  }

  private stop(): void {
    this.ended = true;
    for (const { context } of this.pending) context.abandon();
    this.wakeReader?.();
    this.wakeWriter?.();
  }
}
