import { type Clock, type Context, requestChannel, type RequestPhases, RequestTrace, ServerTiming } from '@witan/core';
import type { InferCaller } from '../infer-types.js';

/** The name under which requests of the protocol are told on `witan.request`. */
export const OIP_SERVICE = 'oip';

/**
 * Who waits for one inference request, over either transport, and what watches it. Without a signal: batches look at
 * `aborted` when they are formed, and a full queue when it is full, so that the many calls that are answered need not
 * pay for the few that are not.
 */
export class OipCaller implements InferCaller {
  private readonly trace: RequestTrace | undefined;
  /** If the caller asked where its time goes. */
  readonly timing: ServerTiming | undefined;

  constructor(
    readonly context: Context,
    private readonly clock: Clock,
    /** Whether it may ask. */
    timings: boolean,
  ) {
    this.timing = timings ? ServerTiming.start(context, clock) : undefined;
    this.trace = requestChannel.hasSubscribers ? new RequestTrace(OIP_SERVICE, context, clock) : undefined;
  }

  get aborted(): boolean {
    return this.context.aborted;
  }

  get deadline(): number | undefined {
    return this.context.deadline;
  }

  get priority(): number {
    return this.context.priority;
  }

  get phases(): RequestPhases | undefined {
    return this.context.phases;
  }

  /** Runs what the request does until it waits for something; must not throw. */
  start(run: () => void): void {
    if (!this.trace) return run();
    this.trace.start(run);
    this.trace.end();
  }

  rows(count: number): void {
    if (this.trace) this.trace.rows = count;
  }

  answered(): void {
    this.trace?.over();
  }

  failed(error: unknown): void {
    this.trace?.failed(error);
  }

  /** What `run` takes is the request's decoding or encoding. */
  timed<T>(phase: 'decodeMs' | 'encodeMs', run: () => T): T {
    const { phases } = this.context;
    if (!phases) return run();
    const begun = this.clock.now();
    const made = run();
    phases[phase] = (phases[phase] ?? 0) + this.clock.now() - begun;
    return made;
  }
}
