import { Frame } from '../frame/frame.js';
import { Batch, type Share } from './batch.js';
import { batchChannel, BatchRun } from './batch-channel.js';
import { batchError } from './batch.errors.js';
import { Bisection, canBisect } from './bisection.js';
import type { GateState } from './gate-state.js';
import type { KeyQueue } from './key-queue.js';
import type { Waiting } from './waiting.js';

/** Runs one batch: answers with one row per row, in order; a value instead of a promise is taken as it is. */
export type RunBatch<C = unknown> = (batch: Batch<C>) => Frame | Promise<Frame>;

/** One runner at work: on a batch, and if that fails, on its parts. */
interface Flight<C> {
  readonly whole: Batch<C>;
  /** What runs now: the batch, or a part of it. */
  batch: Batch<C>;
  bisection: Bisection<C> | undefined;
  /** When a part of the batch last began to run, by {@link Flights.turn}; -1: none has. */
  turn: number;
}

/** The batches that run: calls `run`, hands its answers out, and runs the parts of what failed. */
export class Flights<C> {
  /** The last run gave a promise: this thread is free while a batch runs. */
  runsElsewhere = false;
  private readonly list: Flight<C>[] = [];
  /** Runs that failed since one succeeded, over batches: a model that is broken is not tried by halves each time. */
  private failedInARow = 0;
  /** Event-loop turns, counted while a failed batch is run in parts. */
  private turn = 0;

  constructor(
    private readonly state: GateState<C>,
    private readonly run: RunBatch<C>,
    /** A runner is free again. */
    private readonly landed: (queue: KeyQueue<C>) => void,
    private readonly drop: (waiting: Waiting<C>, now: number) => void,
  ) {}

  get count(): number {
    return this.list.length;
  }

  get rows(): number {
    return this.list.reduce((rows, flight) => rows + flight.whole.rows, 0);
  }

  get isFull(): boolean {
    return this.list.length >= this.state.settings.concurrency;
  }

  /** Until the next runner will probably be free, in milliseconds. */
  busyMs(now: number): number {
    if (!this.isFull) return 0;
    let end = Infinity;
    for (const { batch } of this.list) end = Math.min(end, batch.startedAt + batch.predictedMs);
    return Math.max(0, end - now);
  }

  /** Every request that has rows in flight; one that was answered already may be among them. */
  waiting(): Waiting<C>[] {
    return this.list.flatMap((flight) => flight.whole.items.map((share) => share.waiting));
  }

  launch(batch: Batch<C>): void {
    const flight: Flight<C> = { whole: batch, batch, bisection: undefined, turn: -1 };
    this.list.push(flight);
    batch.queue.flying += batch.rows;
    batch.noteWaits();
    this.execute(flight);
  }

  private execute(flight: Flight<C>): void {
    const { batch } = flight;
    this.countStart(batch);
    let answer: Frame | Promise<Frame>;
    try {
      answer = this.run(batch);
    } catch (error) {
      return this.failed(flight, error);
    }
    this.runsElsewhere = typeof (answer as Promise<Frame> | undefined)?.then === 'function';
    if (!this.runsElsewhere) return this.answered(flight, answer as Frame);
    (answer as Promise<Frame>).then(
      (frame) => this.answered(flight, frame),
      (error: unknown) => this.failed(flight, error),
    );
  }

  private answered(flight: Flight<C>, answer: Frame): void {
    const { batch } = flight;
    const problem = this.rowsProblem(batch, answer);
    const ms = this.countEnd(batch, problem);
    if (problem) {
      for (const share of batch.items) refuse(share, problem);
    } else {
      this.state.cost.observe(batch.rows, ms);
      this.failedInARow = 0;
      for (const share of batch.items) handOut(share, answer);
    }
    this.goOn(flight);
  }

  private rowsProblem(batch: Batch<C>, answer: Frame): Error | undefined {
    const rows = (answer as Frame | null | undefined)?.rows;
    if (rows === batch.rows) return undefined;
    const got = rows === undefined ? 'no Frame' : `${rows} rows`;
    return batchError(
      'CORE_ERR_BATCH_ROWS',
      `'${this.state.name}' was given ${batch.rows} rows and answered ${got}: it must answer one row per row`,
    );
  }

  private failed(flight: Flight<C>, error: unknown): void {
    const { batch } = flight;
    this.countEnd(batch, error);
    this.state.counters.failures++;
    this.failedInARow++;
    if (this.state.settings.bisect && batch.items.length > 1 && canBisect(error)) {
      flight.bisection ??= new Bisection(batch.items.length);
      flight.bisection.split(batch.items);
    } else {
      for (const share of batch.items) refuse(share, error);
    }
    this.goOn(flight);
  }

  /**
   * Goes on with the next part of a failed batch, or frees the runner. One part a turn, or more if each took longer:
   * runs that end within the turn would otherwise hold back all reading and writing until the last of them.
   */
  private goOn(flight: Flight<C>): void {
    flight.batch.release();
    if (!flight.bisection || flight.bisection.isOver) this.land(flight);
    else if (flight.turn < this.turn) this.runNextPart(flight, flight.bisection);
    else {
      const { bisection } = flight;
      this.state.clock.nextTurn(() => this.runNextPart(flight, bisection));
    }
  }

  private runNextPart(flight: Flight<C>, bisection: Bisection<C>): void {
    const { clock } = this.state;
    const now = clock.now();
    const group = bisection.next(this.failedInARow, (share) => this.isWanted(share, now));
    if (!group) return this.land(flight);
    flight.batch = this.partOf(flight.whole, group, now);
    flight.turn = this.turn;
    clock.nextTurn(this.countTurn);
    this.execute(flight);
  }

  private readonly countTurn = (): void => void this.turn++;

  private land(flight: Flight<C>): void {
    const { queue, rows } = flight.whole;
    this.list.splice(this.list.indexOf(flight), 1);
    queue.flying -= rows;
    queue.coalescer.answered(this.state.clock.now());
    this.landed(queue);
  }

  private isWanted({ waiting }: Share<C>, now: number): boolean {
    if (waiting.settled) return false;
    if (!waiting.isGone(now)) return true;
    this.drop(waiting, now);
    return false;
  }

  private partOf(whole: Batch<C>, group: Share<C>[], now: number): Batch<C> {
    const rows = group[group.length - 1]!.end;
    return new Batch(group, rows, 'bisect', whole.queue, now, this.state.cost.predict(rows));
  }

  private countStart(batch: Batch<C>): void {
    const { counters, settings } = this.state;
    batch.bisects = settings.bisect;
    counters.batches++;
    counters.rows += batch.rows;
    counters.requests += batch.items.length;
    counters.closedBy[batch.closedBy]++;
    counters.waitMs += batch.waitMs;
  }

  private countEnd(batch: Batch<C>, error: unknown): number {
    const runMs = this.state.clock.now() - batch.startedAt;
    this.state.counters.runMs += runMs;
    if (batchChannel.hasSubscribers)
      batchChannel.publish(new BatchRun(batch as Batch<unknown>, this.state.name, runMs, error));
    return runMs;
  }
}

function handOut<C>(share: Share<C>, answer: Frame): void {
  const { waiting, start, end } = share;
  if (waiting.settled) return;
  try {
    const own = end - start === answer.rows ? answer : answer.slice(start, end);
    // From here on the rows are one request's again: another gate may join them with others.
    waiting.answer(share.from, own.markedAs(undefined), joinParts);
  } catch (error) {
    refuse(share, error);
  }
}

/** Fails the request; of a split one, what still waits is not run any more. */
function refuse<C>({ waiting }: Share<C>, error: unknown): void {
  if (waiting.left > 0) waiting.queue.remove(waiting);
  waiting.fail(error);
}

function joinParts(frames: Frame[]): Frame {
  return Frame.concat(frames);
}
