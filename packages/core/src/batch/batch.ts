import { Frame, type FrameSource } from '../frame/frame.js';
import { Context } from '../handler/context.js';
import type { RequestPhases } from '../handler/request-phases.js';
import type { BatchItem } from './batch-item.js';
import type { KeyQueue } from './key-queue.js';
import type { Waiting } from './waiting.js';

/**
 * Why a batch was sent as it was. `full`: no more rows fit. `idle`: a runner was free and this was all. `shape`: as
 * `idle`, but rows of another key (parameters, inner shapes) waited too and could not join. `delay`: `maxDelayMs`
 * passed. `shared`: the
 * rest went to the other runners that were free. `coalesce`: the pause for returning callers ended. `deadline`: more rows would have missed a deadline.
 * `immediate`: rows from another gate. `drain`: the gate is closing. `bisect`: part of a failed batch, run again.
 */
export type ClosedBy =
  'full' | 'idle' | 'shape' | 'delay' | 'shared' | 'coalesce' | 'deadline' | 'immediate' | 'drain' | 'bisect';

/** One request's rows in a batch: `start` (inclusive) to `end` (exclusive) of the batch's Frame. */
export interface BatchShare<C = unknown> {
  readonly item: BatchItem<C>;
  readonly start: number;
  readonly end: number;
}

/** A share as the gate keeps it: of which waiting request, and from which of its rows on. */
export class Share<C> implements BatchShare<C> {
  constructor(
    readonly waiting: Waiting<C>,
    readonly from: number,
    readonly start: number,
    readonly end: number,
  ) {}

  get item(): BatchItem<C> {
    return this.waiting.item;
  }

  get frame(): Frame {
    const { frame } = this.waiting.item;
    const rows = this.end - this.start;
    return rows === frame.rows ? frame : frame.slice(this.from, this.from + rows);
  }
}

/** What a gate's `run` is given: one Frame of many requests' rows. It answers with exactly as many rows, in order. */
export class Batch<C = unknown> implements FrameSource {
  private controller: AbortController | undefined;
  private detach: (() => void)[] | undefined;
  private kept: Frame | undefined;
  private known: readonly Context[] | undefined;
  /** Whether its parts are run again when it fails. @internal */
  bisects = true;

  constructor(
    readonly items: readonly Share<C>[],
    readonly rows: number,
    readonly closedBy: ClosedBy,
    /** @internal */
    readonly queue: KeyQueue<C>,
    /** @internal Clock time at which it was handed to `run`. */
    readonly startedAt: number,
    /** @internal By the fitted line; 0 while nothing is known. */
    readonly predictedMs: number,
  ) {}

  /**
   * All rows, one request after the other. Marked as formed by a gate, so that the gate of a model that it is handed
   * to sends it on at once.
   */
  get frame(): Frame {
    return (this.kept ??= joinFrames(this.items).markedAs('gate', this));
  }

  get key(): string {
    return this.queue.key;
  }

  /** The requests, as far as they are known: by what they were queued with, or by where their Frame came from. */
  get contexts(): readonly Context[] {
    return (this.known ??= this.items.flatMap(({ item }) => contextsOf(item)));
  }

  /** Of the requests that want to know where their time goes: nearly always none. */
  get phases(): readonly RequestPhases[] {
    let found: RequestPhases[] | undefined;
    for (const { item } of this.items) {
      const own = item.caller?.phases;
      if (own) (found ??= []).push(own);
      else if (item.frame.source && !item.caller)
        for (const each of item.frame.source.phases) (found ??= []).push(each);
    }
    return found ?? NO_PHASES;
  }

  /** Adds to the times of its requests how long they waited; of one that was split, with its first part. @internal */
  noteWaits(): void {
    for (const share of this.items) if (share.from === 0) noteWait(share, this.startedAt);
  }

  /** How long its oldest request waited, in milliseconds. */
  get waitMs(): number {
    let oldest = this.startedAt;
    for (const { waiting } of this.items) if (waiting.arrivedAt < oldest) oldest = waiting.arrivedAt;
    return this.startedAt - oldest;
  }

  /** Fires when no caller of the batch waits any more. Costs nothing until it is asked for. */
  get signal(): AbortSignal {
    return (this.controller ??= this.watchCallers()).signal;
  }

  /** @internal Answered: stop listening to callers. */
  release(): void {
    this.detach?.forEach((stop) => stop());
    this.detach = undefined;
  }

  private watchCallers(): AbortController {
    const controller = new AbortController();
    let present = this.items.length;
    const left = (): void => {
      if (--present === 0) controller.abort();
    };
    this.detach = this.items.map(({ item }) => onceGone(item, left));
    return controller;
  }
}

/** Calls `left` once when the item's caller goes, and at once if it is gone; gives a function that stops listening. */
function onceGone(item: BatchItem, left: () => void): () => void {
  const signals = [item.signal, item.caller?.signal].filter((signal) => signal !== undefined);
  const stop = (): void => signals.forEach((signal) => signal.removeEventListener('abort', gone));
  const gone = (): void => {
    stop();
    left();
  };
  if (signals.some((signal) => signal.aborted)) gone();
  else signals.forEach((signal) => signal.addEventListener('abort', gone));
  return stop;
}

const NO_PHASES: readonly RequestPhases[] = [];
const NO_CONTEXTS: readonly Context[] = [];

function contextsOf<C>({ context, caller, frame }: BatchItem<C>): readonly Context[] {
  if (context instanceof Context) return [context as unknown as Context];
  if (caller instanceof Context) return [caller];
  if (caller?.context) return [caller.context];
  return frame.source?.contexts ?? NO_CONTEXTS;
}

function noteWait<C>({ waiting: { item, arrivedAt } }: Share<C>, startedAt: number): void {
  const { caller, frame } = item;
  if (caller) {
    const { phases } = caller;
    if (phases) phases.queueMs = (phases.queueMs ?? 0) + startedAt - arrivedAt;
  } else if (frame.source) {
    for (const phases of frame.source.phases) phases.queueMs = (phases.queueMs ?? 0) + startedAt - arrivedAt;
  }
}

function joinFrames<C>(shares: readonly Share<C>[]): Frame {
  if (shares.length === 1) return shares[0]!.frame;
  return Frame.concat(shares.map((share) => share.frame));
}
