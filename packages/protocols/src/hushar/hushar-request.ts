import {
  type Clock,
  MethodContext,
  requestChannel,
  RequestTrace,
  rpcFailure,
  type RpcUnaryCall,
  ServerTiming,
} from '@witan/core';
import { DEFAULTS_HEADER } from '@witan/inference';
import { encodeResponse } from './encode-response.js';
import type { HusharBinding } from './hushar-binding.js';
import type { DecodedRequest } from './request-decoder.js';

/** The name under which requests of the protocol are told on `witan.request`. */
const SERVICE = 'hushar';

/** One call of Hushar's, from its message to its answer, and what watches it. */
export class HusharRequest {
  readonly context: MethodContext;
  private readonly trace: RequestTrace | undefined;
  private readonly timing: ServerTiming | undefined;

  constructor(
    private readonly call: RpcUnaryCall,
    /** As it came. */
    readonly message: Buffer,
    private readonly clock: Clock,
    /** Whether callers may ask where their request's time went. */
    timings: boolean,
  ) {
    const context = (this.context = new MethodContext(SERVICE, call, message, clock));
    this.timing = timings ? ServerTiming.start(context, clock) : undefined;
    call.answeredFor?.(context);
    this.trace = requestChannel.hasSubscribers ? new RequestTrace(SERVICE, context, clock) : undefined;
  }

  /** Runs what the call does until it waits for something; must not throw. */
  start(run: () => void): void {
    if (!this.trace) return run();
    this.trace.start(run);
    this.trace.end();
  }

  /** Features are read and vectorised in one pass. @throws {HUSHAR_ERR_MALFORMED | INF_ERR_VECTORIZE_VALUE} */
  decode(binding: HusharBinding): DecodedRequest {
    const { phases } = this.context;
    const begun = phases ? this.clock.now() : 0;
    const decoded = this.read(binding);
    if (phases) phases.vectorizeMs = this.clock.now() - begun;
    if (this.trace) this.trace.rows = decoded.rows;
    return decoded;
  }

  answer(decoded: DecodedRequest, scores: Float32Array, count: number): void {
    const { phases } = this.context;
    const begun = phases ? this.clock.now() : 0;
    const message = encodeResponse(decoded, scores, count);
    if (phases) phases.encodeMs = this.clock.now() - begun;
    this.trace?.over();
    this.call.answer(message, this.timing?.trailers());
  }

  fail(error: unknown): void {
    this.trace?.failed(error);
    this.call.fail({ ...rpcFailure(error), trailers: this.timing?.trailers() });
  }

  /** Tells a caller that asked for it which features its rows lacked. */
  private read({ decoder, vectorizer }: HusharBinding): DecodedRequest {
    if (this.call.header(DEFAULTS_HEADER) !== '1') return decoder.decode(this.message);
    const log = vectorizer.defaultsLog();
    const decoded = decoder.decode(this.message, log);
    log.tell(this.call);
    return decoded;
  }
}
