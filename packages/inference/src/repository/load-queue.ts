import type { Clock } from '@witan/core';
import { inferenceError } from '../inference.errors.js';

interface Job {
  readonly run: () => Promise<unknown>;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/** A load that takes longer lends its place: a model that hangs until its time limit, or a slow store, holds up nobody. */
const LEND_AFTER_MS = 3_000;
/** Times the limit that may be under way, those that have lent their place included. */
const MOST_LENT = 4;

/** Loads a few models at a time, so that a burst of them leaves cores and memory for requests. */
export class LoadQueue {
  private readonly waiting: Job[] = [];
  private running = 0;
  private slow = 0;
  private closed: Error | undefined;
  private whenIdle: (() => void) | undefined;

  /** @throws {INF_ERR_OPTIONS} when the limit is out of its range */
  constructor(
    private readonly limit: number,
    private readonly clock: Clock,
  ) {
    if (Number.isSafeInteger(limit) && limit >= 1) return;
    throw inferenceError('INF_ERR_OPTIONS', `concurrentLoads is ${String(limit)}: it must be a whole number from 1 on`);
  }

  /** Runs `job` when its turn comes. */
  run<T>(job: () => Promise<T>): Promise<T> {
    if (this.closed) return Promise.reject(this.closed);
    return new Promise<T>((resolve, reject) => {
      this.waiting.push({ run: job, resolve: resolve as Job['resolve'], reject });
      this.next();
    });
  }

  /** Refuses what waits and what comes; resolves when nothing runs any more. */
  async close(error: Error): Promise<void> {
    this.closed = error;
    for (const job of this.waiting.splice(0)) job.reject(error);
    if (this.running > 0) await new Promise<void>((resolve) => (this.whenIdle = resolve));
  }

  private next(): void {
    if (this.running - this.slow >= this.limit || this.running >= this.limit * MOST_LENT) return;
    const job = this.waiting.shift();
    if (job) void this.start(job);
  }

  private async start(job: Job): Promise<void> {
    let isSlow = false;
    const timer = this.clock.setTimer(() => {
      isSlow = true;
      this.slow++;
      this.next();
    }, LEND_AFTER_MS);
    this.running++;
    await job.run().then(job.resolve as (value: unknown) => void, job.reject);
    timer.cancel();
    this.running--;
    if (isSlow) this.slow--;
    if (this.running === 0) this.whenIdle?.();
    this.next();
  }
}
