import { MethodContext, type RpcMethod, rpcFailure, type RpcStreamCall, toWitanError } from '@witan/core';
import { OIP_SERVICE, OipCaller } from '../../infer/oip-caller.js';
import type { InferRequest, InferResponse } from '../../infer-types.js';
import { oipError } from '../../oip.errors.js';
import { InferRequestDecoder } from '../infer-request.js';
import { encodeStreamFailure, encodeStreamResponse } from '../infer-response.js';
import type { InferParts } from './infer-method.js';

export interface StreamParts extends InferParts {
  /** Requests of one stream that are worked on at once; what is beyond is not read. */
  readonly window: number;
  /** Told of every request that failed. */
  readonly failed: (thrown: unknown) => void;
}

/** With this header set to `true` Triton ends a stream with the status of its first failure. */
const STRICT_HEADER = 'triton_grpc_error';
/** As of a status' text. */
const MAX_TEXT_CHARS = 1024;

type Outcome = { readonly response: InferResponse } | { readonly thrown: unknown };

interface Pending {
  readonly request: Pick<InferRequest, 'model' | 'version' | 'id'>;
  readonly outcome: Promise<Outcome>;
}

/**
 * `ModelStreamInfer`: each request is answered by one message, in the order of the requests; one that fails by its
 * error's text, and the stream goes on.
 */
export class InferStreams {
  private readonly runs = new Set<StreamRun>();

  constructor(private readonly parts: StreamParts) {}

  readonly method: RpcMethod = {
    kind: 'stream',
    handle: (call) => {
      const run = new StreamRun(this.parts, call);
      this.runs.add(run);
      void run.run().finally(() => this.runs.delete(run));
    },
  };

  /** Reads no more requests: what was read is answered, then the streams end. */
  drain(reason: string): void {
    for (const run of this.runs) run.drain(reason);
  }
}

class StreamRun {
  private readonly pending: Pending[] = [];
  private ended = false;
  private drained: string | undefined;
  private wakeWriter: (() => void) | undefined;
  private wakeReader: (() => void) | undefined;
  private readonly isStrict: boolean;

  constructor(
    private readonly parts: StreamParts,
    private readonly call: RpcStreamCall,
  ) {
    this.isStrict = call.header(STRICT_HEADER) === 'true';
  }

  /** Never rejects. */
  async run(): Promise<void> {
    this.call.onCancel(() => this.stop());
    void this.readAll();
    try {
      for (let next = await this.next(); next; next = await this.next()) {
        await this.answer(next);
        this.pending.shift();
        this.wakeReader?.();
      }
      if (this.drained !== undefined) throw oipError('OIP_ERR_DRAINING', this.drained);
      this.call.end();
    } catch (thrown) {
      this.stop();
      this.call.fail(rpcFailure(thrown));
    }
  }

  drain(reason: string): void {
    if (this.ended) return;
    this.drained = reason;
    this.stop();
  }

  private async readAll(): Promise<void> {
    try {
      for await (const message of this.call.messages) {
        if (this.ended) break;
        this.pending.push(this.begin(message));
        this.wakeWriter?.();
        while (this.pending.length >= this.parts.window && !this.ended)
          await new Promise<void>((wake) => (this.wakeReader = wake));
      }
    } catch {
      // The caller broke off: onCancel has stopped what was under way.
    }
    this.ended = true;
    this.wakeWriter?.();
  }

  private begin(message: Buffer): Pending {
    const { clock } = this.parts;
    const context = new MethodContext(OIP_SERVICE, this.call, message, clock);
    this.call.answeredFor?.(context);
    const caller = new OipCaller(context, clock, false);
    let pending: Pending;
    caller.start(() => (pending = this.infer(message, caller)));
    return pending!;
  }

  private infer(message: Buffer, caller: OipCaller): Pending {
    const { server, limits } = this.parts;
    const decoder = new InferRequestDecoder(message, limits);
    const failed = (thrown: unknown): Outcome => {
      caller.failed(thrown);
      return { thrown };
    };
    try {
      const request = caller.timed('decodeMs', () => decoder.decode());
      const outcome = server.infer(request, caller).then((response): Outcome => {
        caller.answered();
        return { response };
      }, failed);
      return { request, outcome };
    } catch (thrown) {
      return { request: { model: '', id: decoder.id }, outcome: Promise.resolve(failed(thrown)) };
    }
  }

  private async next(): Promise<Pending | undefined> {
    while (this.pending.length === 0 && !this.ended) await new Promise<void>((wake) => (this.wakeWriter = wake));
    return this.pending[0];
  }

  private async answer({ request, outcome }: Pending): Promise<void> {
    const result = await outcome;
    if (this.call.cancelled) return;
    if ('response' in result) return void (await this.call.write(encodeStreamResponse(result.response)));
    const { thrown } = result;
    this.parts.failed(thrown);
    if (this.isStrict) throw thrown;
    const { model, version = '', id = '' } = request;
    const text = toWitanError(thrown).message.slice(0, MAX_TEXT_CHARS);
    await this.call.write(encodeStreamFailure(text, { model, version, id }));
  }

  private stop(): void {
    this.ended = true;
    this.wakeReader?.();
    this.wakeWriter?.();
  }
}
