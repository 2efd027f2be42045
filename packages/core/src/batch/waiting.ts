import type { Frame } from '../frame/frame.js';
import { coreError } from '../errors/core.errors.js';
import type { BatchItem } from './batch-item.js';
import type { KeyQueue } from './key-queue.js';

/** One level of priority outweighs this much waiting, and any deadline. */
const PRIORITY_STEP_MS = 1000;
/** A request without a deadline is ordered as if it had one this far off, so that deadlines cannot starve it. */
const HORIZON_MS = 1000;
const MAX_PRIORITY = 10;

/** A request inside the gate, from submit to its one answer. Listens itself for its signal: no closure per request. */
export class Waiting<C> {
  readonly rows: number;
  /** What it counts for in the queue: its rows, or 1 where it has none. */
  readonly weight: number;
  /** Of its weight, what batches have taken so far. */
  taken = 0;
  settled = false;
  readonly deadline: number;
  order: number;
  private answered = 0;
  private parts: { from: number; frame: Frame }[] | undefined;

  constructor(
    readonly item: BatchItem<C>,
    readonly queue: KeyQueue<C>,
    readonly arrivedAt: number,
    private readonly resolve: (frame: Frame) => void,
    private readonly reject: (error: unknown) => void,
    private readonly onGone: (waiting: Waiting<C>, error: Error) => void,
  ) {
    this.rows = item.frame.rows;
    this.weight = this.rows || 1;
    this.deadline = deadlineOf(item);
    this.order = orderOf(item, this.deadline, arrivedAt);
    item.signal?.addEventListener('abort', this);
  }

  get left(): number {
    return this.weight - this.taken;
  }

  /** Its caller has left or stopped waiting: nobody wants the answer. */
  isGone(now: number): boolean {
    return this.deadline <= now || this.item.caller?.aborted === true;
  }

  goneError(now: number): Error {
    if (this.item.caller?.aborted || this.deadline > now) return cancelledError();
    return coreError(
      'CORE_ERR_DEADLINE',
      `the deadline passed ${Math.ceil(now - this.deadline)} ms ago, before the answer was ready`,
    );
  }

  /** Called by its signal. */
  handleEvent(): void {
    this.onGone(this, cancelledError());
  }

  /** Takes the answer to the rows from `from` on; gives true when that was the last part. */
  answer(from: number, part: Frame, join: (frames: Frame[]) => Frame): boolean {
    if (this.settled) return false;
    if (part.rows === this.rows) return this.finish(part);
    (this.parts ??= []).push({ from, frame: part });
    this.answered += part.rows;
    if (this.answered < this.rows) return false;
    return this.finish(join(this.parts.sort((a, b) => a.from - b.from).map((each) => each.frame)));
  }

  /** Gives false when it was settled before. */
  fail(error: unknown): boolean {
    if (this.settled) return false;
    this.leave();
    this.reject(error);
    return true;
  }

  private finish(frame: Frame): boolean {
    this.leave();
    this.resolve(frame);
    return true;
  }

  private leave(): void {
    this.settled = true;
    this.parts = undefined;
    this.item.signal?.removeEventListener('abort', this);
  }

  /** Behind all that has arrived by now: a large request shares the runner after each of its parts. */
  yieldTo(now: number): void {
    this.order = orderOf(this.item, Infinity, now);
  }
}

export function cancelledError(): Error {
  return coreError('CORE_ERR_CANCELLED', 'the caller went away before its rows were answered');
}

export function deadlineOf(item: BatchItem): number {
  const own = item.deadline ?? Infinity;
  const callers = item.caller?.deadline ?? Infinity;
  return own < callers ? own : callers;
}

/** Smaller goes first: higher priority, then earlier deadline, then earlier arrival; all of it fades with waiting. */
export function orderOf(item: BatchItem, deadline: number, arrivedAt: number): number {
  const wanted = item.priority ?? item.caller?.priority ?? 0;
  const priority = wanted === 0 ? 0 : Math.max(-MAX_PRIORITY, Math.min(MAX_PRIORITY, wanted)) || 0;
  const horizon = arrivedAt + HORIZON_MS;
  return (deadline < horizon ? deadline : horizon) - priority * PRIORITY_STEP_MS;
}
