import type { Clock } from '../clock.js';
import type { Frame, FrameSource } from '../frame/frame.js';
import type { Context } from '../handler/context.js';
import type { RequestPhases } from '../handler/request-phases.js';
import { requestChannel, type RequestEvent } from './request-channel.js';
import type { ServiceResult } from './runtime.js';

const NO_PHASES: readonly RequestPhases[] = [];

/** One request as `witan.request` tells of it; also what its Frame came from, for the gates and models that it meets. */
export class RequestTrace implements RequestEvent, FrameSource {
  readonly startedAt: number;
  durationMs: number | undefined = undefined;
  rows: number | undefined = undefined;
  input: Frame | undefined = undefined;
  result: ServiceResult | undefined = undefined;
  error: unknown = undefined;

  constructor(
    readonly service: string,
    readonly context: Context,
    private readonly clock: Clock,
  ) {
    this.startedAt = context.arrivedAt ?? clock.now();
  }

  get contexts(): readonly Context[] {
    return [this.context];
  }

  get phases(): readonly RequestPhases[] {
    const { phases } = this.context;
    return phases ? [phases] : NO_PHASES;
  }

  /** Publishes `start`, and runs what the request does with the stores of its subscribers. */
  start<T>(run: () => T): T {
    const { start } = requestChannel;
    if (hasStores(start)) return start.runStores(this, run);
    start.publish(this);
    return run();
  }

  /** The synchronous part is over. */
  end(): void {
    requestChannel.end.publish(this);
  }

  /** Takes note of what the request was decoded to. */
  decoded(frame: Frame): Frame {
    this.rows = frame.rows;
    this.input = frame;
    frame.source ??= this;
    return frame;
  }

  /** It is answered. Told once: an answer that then cannot be sent changes nothing of it. */
  over(): void {
    if (this.durationMs !== undefined) return;
    this.durationMs = this.clock.now() - this.startedAt;
    requestChannel.asyncStart.publish(this);
    requestChannel.asyncEnd.publish(this);
  }

  failed(error: unknown): void {
    if (this.durationMs !== undefined) return;
    this.error = error;
    requestChannel.error.publish(this);
    this.over();
  }
}

/**
 * Whether somebody has bound a store (an AsyncLocalStorage). Binding needs a closure around all that the request does;
 * where Node does not tell, it is made for nothing.
 */
function hasStores(start: object): boolean {
  const { _stores: stores } = start as { readonly _stores?: unknown };
  return !(stores instanceof Map) || stores.size > 0;
}
