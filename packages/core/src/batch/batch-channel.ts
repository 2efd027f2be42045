import { channel } from 'node:diagnostics_channel';
import type { Context } from '../handler/context.js';
import type { Batch, ClosedBy } from './batch.js';

/** What `witan.batch` says of each run. */
export interface BatchEvent {
  /** The gate's name: the handler or model. */
  readonly name: string;
  readonly key: string;
  readonly rows: number;
  readonly requests: number;
  readonly closedBy: ClosedBy;
  /** How long the oldest request of the batch waited. */
  readonly waitMs: number;
  readonly runMs: number;
  /** By the fitted line, before the run; 0 while nothing was known. */
  readonly predictedMs: number;
  readonly error: unknown;
  /** Clock milliseconds at which the run began. */
  readonly startedAt: number;
  /** How long each request of the batch waited, in the order of their rows. Made when it is first read. */
  readonly waitsMs: readonly number[];
  /** The requests, where they are known: fewer than {@link requests} where some are not. Made when it is first read. */
  readonly contexts: readonly Context[];
}

/** Published after each run, only while somebody subscribes. */
export const batchChannel = channel('witan.batch');

/** The event of one run: what most subscribers do not look at is made when it is read. */
export class BatchRun implements BatchEvent {
  constructor(
    private readonly batch: Batch<unknown>,
    readonly name: string,
    readonly runMs: number,
    readonly error: unknown,
  ) {}

  get key(): string {
    return this.batch.key;
  }

  get rows(): number {
    return this.batch.rows;
  }

  get requests(): number {
    return this.batch.items.length;
  }

  get closedBy(): ClosedBy {
    return this.batch.closedBy;
  }

  get waitMs(): number {
    return this.batch.waitMs;
  }

  get predictedMs(): number {
    return this.batch.predictedMs;
  }

  get startedAt(): number {
    return this.batch.startedAt;
  }

  get waitsMs(): readonly number[] {
    const { items, startedAt } = this.batch;
    return items.map(({ waiting }) => startedAt - waiting.arrivedAt);
  }

  get contexts(): readonly Context[] {
    return this.batch.contexts;
  }
}
