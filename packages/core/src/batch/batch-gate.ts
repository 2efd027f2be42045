import { type Clock, systemClock } from '../clock.js';
import type { Frame } from '../frame/frame.js';
import { Admission } from './admission.js';
import type { Batch } from './batch.js';
import type { BatchItem } from './batch-item.js';
import { type BatchOptions, resolveBatchOptions, type ResolvedBatchOptions } from './batch-options.js';
import { BatchCounters, type BatchStats } from './batch-stats.js';
import { batchError } from './batch.errors.js';
import { MIN_PAUSE_FIXED_MS } from './coalescer.js';
import { CostLine } from './cost-line.js';
import { Expiry } from './expiry.js';
import { Flights, type RunBatch } from './flights.js';
import { formBatch } from './form-batch.js';
import type { GateState } from './gate-state.js';
import type { KeyQueue } from './key-queue.js';
import { KeyQueues } from './key-queues.js';
import { Readiness } from './readiness.js';
import { Waiting } from './waiting.js';
import { Wake } from './wake.js';

export { Batch } from './batch.js';
export type { BatchShare, ClosedBy } from './batch.js';
export type { BatchCaller, BatchItem } from './batch-item.js';
export type { BatchOptions, ResolvedBatchOptions } from './batch-options.js';
export type { BatchStats } from './batch-stats.js';
export type { RunBatch } from './flights.js';

export interface BatchGateParts {
  /** @default the process's */
  readonly clock?: Clock;
  /** The handler or model; for `witan.batch` and error texts. @default 'batch' */
  readonly name?: string;
  /** Every Frame has the same columns, dtypes and inner shapes: they need not be compared. @default false */
  readonly fixedLayout?: boolean;
}

const DEFAULT_DRAIN_MS = 10_000;

/**
 * Joins the rows of requests that are there at the same time into batches, runs them, and gives each request exactly
 * its rows. Work-conserving: a free runner takes at the end of the event-loop turn what is there; what arrives while
 * all are busy is the next batch. docs/guide/batching.md tells how it decides.
 */
export class BatchGate<C = unknown> {
  /** What a run costs, as measured: `fixedMs + perRowMs * rows`. */
  readonly cost = new CostLine();
  private given: BatchOptions;
  private readonly state: GateState<C>;
  private readonly admission: Admission<C>;
  private readonly readiness: Readiness<C>;
  private readonly wake: Wake;
  private readonly expiry: Expiry;
  /** Queues with a batch that was answered in this turn. */
  private readonly justAnswered: KeyQueue<C>[] = [];
  private turnPending = false;
  private sentEarly = false;
  private pumping = false;
  private closedWith: Error | undefined;
  private whenIdle: (() => void)[] = [];

  constructor(run: RunBatch<C>, options: BatchOptions = {}, parts: BatchGateParts = {}) {
    const { clock = systemClock, name = 'batch', fixedLayout = false } = parts;
    this.given = options;
    this.state = {
      name,
      clock,
      cost: this.cost,
      counters: new BatchCounters(),
      queues: new KeyQueues(fixedLayout),
      settings: resolveBatchOptions(options),
      flights: undefined as never,
    };
    this.state.flights = new Flights(this.state, run, this.onLanded, this.drop);
    this.admission = new Admission(this.state, (now) => void this.sweep(now));
    this.readiness = new Readiness(this.state);
    this.wake = new Wake(clock, this.scheduleTurn);
    this.expiry = new Expiry(clock, (now) => this.sweep(now));
  }

  get name(): string {
    return this.state.name;
  }

  get options(): ResolvedBatchOptions {
    return this.state.settings;
  }

  /**
   * Queues a request's rows; the promise gives exactly their answers, in order.
   * @throws {CORE_ERR_BATCH_QUEUE_FULL} (rejects, at once) when `maxQueueRows` wait already.
   * @throws {CORE_ERR_BATCH_CLOSED} (rejects) while draining and after closing.
   * @throws {CORE_ERR_BATCH_ROWS} (rejects) when `run` answered another number of rows.
   * @throws {CORE_ERR_DEADLINE} (rejects) when the deadline passed, or by prediction would pass in the queue.
   * @throws {CORE_ERR_CANCELLED} (rejects) when the caller went away.
   */
  submit(item: BatchItem<C>): Promise<Frame> {
    const now = this.state.clock.now();
    const refusal = this.closedWith ?? this.admission.refusal(item, now);
    if (refusal) return Promise.reject(refusal);
    const queue = this.state.queues.of(item.frame, item.key ?? '');
    return new Promise((resolve, reject) => {
      this.enqueue(new Waiting(item, queue, now, resolve, reject, this.onGone), now);
    });
  }

  /**
   * Changes options while the gate runs; those left out stay.
   * @throws {CORE_ERR_BATCH_OPTIONS} when one is out of range; then nothing changes.
   */
  configure(options: BatchOptions): void {
    const given = { ...this.given, ...options };
    this.state.settings = resolveBatchOptions(given);
    this.given = given;
    if (this.hasWork) this.scheduleTurn();
  }

  /** A run measured in warm-up, so that the first requests meet a known cost line. */
  seedCost(rows: number, ms: number): void {
    this.cost.seed(rows, ms);
  }

  stats(): BatchStats {
    const { counters, queues, flights } = this.state;
    const { fixedMs, perRowMs, fitted } = this.cost;
    return {
      ...counters,
      closedBy: { ...counters.closedBy },
      queuedRows: queues.total.weight,
      queuedRequests: queues.total.requests,
      inFlight: flights.count,
      inFlightRows: flights.rows,
      cost: { fixedMs, perRowMs, fitted },
    };
  }

  /**
   * Takes no new rows and answers what is there. Gives true when all was answered; false when `timeoutMs` passed
   * first: then what was left has been answered UNAVAILABLE.
   */
  drain(timeoutMs: number = DEFAULT_DRAIN_MS): Promise<boolean> {
    this.closedWith ??= this.closedError('is being shut down or replaced and takes no new rows');
    this.pump(true);
    if (this.isIdle) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = this.state.clock.setTimer(() => {
        this.rejectAll(this.closedError(`did not answer within the ${timeoutMs} ms that it had to drain`));
        resolve(false);
      }, timeoutMs);
      this.whenIdle.push(() => {
        timer.cancel();
        resolve(true);
      });
    });
  }

  /** Takes no new rows and refuses those that wait, with `error` if given; batches in flight are still answered. */
  close(error?: Error): void {
    this.closedWith = error ?? this.closedError('was shut down or replaced');
    this.rejectQueued(this.closedWith);
    this.wake.cancel();
    this.noticeIdle();
  }

  private enqueue(waiting: Waiting<C>, now: number): void {
    const { queue } = waiting;
    const { queues, flights, settings } = this.state;
    queues.activate(queue);
    queue.insert(waiting);
    queue.coalescer.arrived(now, queue.weight + queue.flying, this.cost.fixedMs);
    if (waiting.deadline < Infinity) this.expiry.watch(waiting.deadline, now);
    if (flights.isFull) return;
    if (waiting.item.immediate) this.pump(false);
    else if (flights.runsElsewhere && queue.weight >= settings.maxRows) this.sendEarly();
    else this.scheduleTurn();
  }

  /**
   * Sends a full batch before the turn has ended, but one a turn: a run whose promise is settled already would
   * otherwise be followed by the next and the next, and nothing would be read or written meanwhile.
   */
  private sendEarly(): void {
    this.scheduleTurn();
    if (this.sentEarly) return;
    this.sentEarly = true;
    this.pump(false);
  }

  private readonly scheduleTurn = (): void => {
    if (this.turnPending) return;
    this.turnPending = true;
    this.state.clock.nextTurn(this.onTurn);
  };

  private readonly onTurn = (): void => {
    this.turnPending = false;
    this.sentEarly = false;
    if (this.justAnswered.length > 0) this.stampAnswers();
    this.pump(true);
  };

  private stampAnswers(): void {
    const now = this.state.clock.now();
    for (const queue of this.justAnswered) queue.coalescer.answered(now);
    this.justAnswered.length = 0;
  }

  /** Sends what may go; before the turn has ended that is only what no arrival could improve. */
  private pump(turnEnded: boolean): void {
    if (this.pumping) return this.scheduleTurn();
    this.pumping = true;
    const { flights, clock } = this.state;
    const now = clock.now();
    let ranHere = false;
    let queue: KeyQueue<C> | undefined;
    // A batch that ran on this thread ends the turn: its answers go out and the next requests come in first.
    while (!ranHere && !flights.isFull && (queue = this.readiness.next(now, turnEnded, this.isClosed))) {
      const batch = this.form(queue, now);
      if (!batch) continue;
      flights.launch(batch);
      ranHere = !flights.runsElsewhere;
    }
    this.pumping = false;
    this.noticeIdle();
    if (!this.hasWork || flights.isFull) return;
    if (ranHere || this.readiness.lookAgainAt === Infinity) this.scheduleTurn();
    else this.wake.at(this.readiness.lookAgainAt, now);
  }

  private form(queue: KeyQueue<C>, now: number): Batch<C> | undefined {
    const { settings, cost, counters } = this.state;
    const { maxRows } = settings;
    const fairRows = Math.min(maxRows, this.fairRows(queue.weight));
    const batch = formBatch(queue, this.readiness.reason, { now, maxRows, fairRows, cost, drop: this.drop });
    if (!batch) return undefined;
    const pausedMs = queue.coalescer.formed(now, batch.rows, queue.weight + queue.flying + batch.rows);
    if (pausedMs >= 0) {
      counters.pauses++;
      counters.pausedMs += pausedMs;
    }
    return batch;
  }

  /** With several runners free: what each should take, if running at once saves more time than it costs again. */
  private fairRows(waiting: number): number {
    const { flights, settings } = this.state;
    const free = settings.concurrency - flights.count;
    if (free < 2 || settings.maxDelayMs > 0 || !flights.runsElsewhere || !this.cost.fitted) return Infinity;
    const each = Math.ceil(waiting / free);
    return this.cost.perRowMs * (waiting - each) > this.cost.fixedMs ? each : Infinity;
  }

  private readonly onLanded = (queue: KeyQueue<C>): void => {
    if (this.state.settings.coalesce === 'auto' && this.cost.fixedMs >= MIN_PAUSE_FIXED_MS) {
      this.justAnswered.push(queue);
      this.scheduleTurn();
    }
    if (this.pumping) return;
    if (this.hasWork) this.sendEarly();
    else this.noticeIdle();
  };

  /** Answers a request that nobody waits for any more; it has left the queue. */
  private readonly drop = (waiting: Waiting<C>, now: number): void => {
    const { counters } = this.state;
    if (waiting.deadline <= now) counters.expired++;
    else counters.cancelled++;
    waiting.fail(waiting.goneError(now));
  };

  private readonly onGone = (waiting: Waiting<C>, error: Error): void => {
    waiting.queue.remove(waiting);
    if (waiting.fail(error)) this.state.counters.cancelled++;
    this.noticeIdle();
  };

  /** Drops everywhere what nobody waits for; gives the earliest deadline that is left. */
  private sweep(now: number): number {
    let earliest = Infinity;
    for (const queue of this.state.queues.active) {
      for (const waiting of queue.takeOut((each) => each.isGone(now))) this.drop(waiting, now);
      earliest = Math.min(earliest, queue.earliestDeadline());
    }
    for (const waiting of this.state.flights.waiting()) {
      if (waiting.settled) continue;
      if (waiting.isGone(now)) this.drop(waiting, now);
      else earliest = Math.min(earliest, waiting.deadline);
    }
    this.noticeIdle();
    return earliest;
  }

  private rejectQueued(error: Error): void {
    for (const queue of this.state.queues.active) for (const waiting of queue.takeOut(() => true)) waiting.fail(error);
  }

  private rejectAll(error: Error): void {
    this.rejectQueued(error);
    for (const waiting of this.state.flights.waiting()) waiting.fail(error);
  }

  private closedError(what: string): Error {
    return batchError('CORE_ERR_BATCH_CLOSED', `'${this.name}' ${what}: retry on another server`);
  }

  private get isClosed(): boolean {
    return this.closedWith !== undefined;
  }

  private get hasWork(): boolean {
    return this.state.queues.total.requests > 0;
  }

  private get isIdle(): boolean {
    return !this.hasWork && this.state.flights.count === 0;
  }

  private noticeIdle(): void {
    if (this.whenIdle.length === 0 || !this.isIdle) return;
    for (const notify of this.whenIdle.splice(0)) notify();
  }
}
