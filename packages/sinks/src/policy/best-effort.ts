import type { Clock } from '@witan/core';
import { TooLarge } from '../record/byte-writer.js';
import type { LogRecord } from '../sink/log-record.js';
import type { Sink } from '../sink/sink.js';
import { textOf } from '../sink/text-of.js';
import { type RetryOptions } from './backoff.js';
import { closeSink } from './close-sink.js';
import type { DeadLetters } from './dead-letters.js';
import { Delivery } from './delivery.js';
import { type RecordKey, writerOf } from './key-of.js';
import type { Keeping } from './keeping.js';
import { RecordRing } from './record-ring.js';
import { SinkCounters, type SinkStats } from './sink-stats.js';

export interface BestEffortParts {
  readonly name: string;
  readonly sink: Sink;
  readonly clock: Clock;
  readonly random: () => number;
  readonly writers: number;
  readonly key: RecordKey;
  readonly maxRecords: number;
  readonly maxBytes: number;
  readonly batchRecords: number;
  readonly batchMs: number;
  readonly attempts: number;
  readonly timeoutMs: number;
  readonly retry: RetryOptions;
  readonly deadLetters: DeadLetters | undefined;
}

/** Records wait in a bounded ring of each writer; the oldest makes room. No answer waits. */
export class BestEffort implements Keeping {
  private readonly counters: SinkCounters;
  private readonly stop = new AbortController();
  private readonly lanes: readonly Lane[];

  constructor(private readonly parts: BestEffortParts) {
    this.counters = new SinkCounters(parts.name, 'best-effort');
    const delivery = new Delivery({ ...parts, counters: this.counters, stop: this.stop.signal });
    this.lanes = Array.from({ length: parts.writers }, () => new Lane(parts, delivery, this.counters));
  }

  get stats(): SinkStats {
    return this.counters.stats;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  keep(record: LogRecord): void {
    const { key, writers } = this.parts;
    if (this.stop.signal.aborted) {
      this.counters.dropped++;
      return;
    }
    try {
      this.lanes[writerOf(record, key, writers)]!.add(record);
    } catch (error) {
      this.unmade(error);
    }
  }

  unmade(error: unknown): void {
    this.counters.dead++;
    this.counters.lastError = textOf(error);
  }

  admit(): void {
    // Whatever happens to records, requests go on.
  }

  async close(timeoutMs: number): Promise<void> {
    const late = this.parts.clock.setTimer(() => this.stop.abort(), timeoutMs);
    await Promise.all(this.lanes.map((lane) => lane.drain()));
    late.cancel();
    this.stop.abort();
    for (const lane of this.lanes) lane.giveUp();
    await closeSink(this.parts.sink, this.parts.clock, timeoutMs);
    this.counters.publish();
  }
}

/** One writer with its records. */
class Lane {
  private readonly ring: RecordRing;
  private running: Promise<void> | undefined;
  private scheduled = false;

  constructor(
    private readonly parts: BestEffortParts,
    private readonly delivery: Delivery,
    private readonly counters: SinkCounters,
  ) {
    const { maxRecords, maxBytes, writers, batchRecords } = parts;
    this.ring = new RecordRing(Math.max(1, Math.floor(maxRecords / writers)), maxBytes / writers, batchRecords);
  }

  add(record: LogRecord): void {
    try {
      const dropped = this.ring.push(record);
      this.counters.dropped += dropped;
      this.counters.queued += 1 - dropped;
    } catch (error) {
      this.refuse(record, error);
    }
    if (this.ring.size >= this.parts.batchRecords) this.wake();
    else if (!this.scheduled && !this.running) {
      this.scheduled = true;
      this.parts.clock.setTimer(() => this.wake(), this.parts.batchMs);
    }
  }

  /** Everything that is there was delivered, or nothing is tried any more. */
  async drain(): Promise<void> {
    while (this.ring.size > 0 || this.running) {
      this.wake();
      await this.running;
    }
  }

  /** Counts what is left. */
  giveUp(): void {
    for (let left = this.ring.take(); left; left = this.ring.take()) {
      this.counters.queued -= left.count;
      this.counters.dropped += left.count;
    }
  }

  /** It has no binary form, or one that is larger than all that may wait. */
  private refuse(record: LogRecord, error: unknown): void {
    if (error instanceof TooLarge) this.counters.dropped++;
    else void this.delivery.bury({ ...record, input: undefined, output: undefined, raw: undefined }, textOf(error));
  }

  private wake(): void {
    this.scheduled = false;
    if (this.running || this.ring.size === 0) return;
    this.running = this.run().finally(() => {
      this.running = undefined;
      // What came since the last look.
      if (this.ring.size > 0 && !this.scheduled) this.wake();
    });
  }

  private async run(): Promise<void> {
    // Not in the turn of the request that filled the batch.
    await new Promise<void>((resolve) => this.parts.clock.nextTurn(resolve));
    for (let batch = this.ring.take(); batch; batch = this.ring.take()) {
      const isOver = await this.delivery.deliver(batch);
      this.counters.queued -= batch.count;
      if (isOver) continue;
      this.counters.dropped += batch.count;
      return;
    }
  }
}
