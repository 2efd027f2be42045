import type { Clock, TimerHandle } from '@witan/core';
import type { Delivery } from '../policy/delivery.js';
import { RecordBatch } from '../policy/record-batch.js';
import type { SinkCounters } from '../policy/sink-stats.js';
import type { Cursors } from './cursors.js';
import { FreshRecords } from './fresh-records.js';
import { readBatch } from './read-batch.js';
import { type Segment, Segments } from './segments.js';

export interface SpillLaneParts {
  readonly clock: Clock;
  readonly delivery: Delivery;
  readonly counters: SinkCounters;
  readonly cursors: Cursors;
  readonly batchRecords: number;
  /** How long the first record of a batch waits for others. */
  readonly batchMs: number;
}

interface Stored {
  readonly batch: RecordBatch;
  /** How far to go on in the files. */
  readonly bytes: number;
}

/** Delivers the files of one writer in their order: from memory while it keeps up, else from the files. */
export class SpillLane {
  readonly segments = new Segments();
  private readonly fresh = new FreshRecords();
  /** Records after those in memory are only on file. */
  private isBehind = false;
  /** The oldest record has waited long enough for others. */
  private isDue = false;
  private timer: TimerHandle | undefined;
  private wake: (() => void) | undefined;
  private isHurried = false;

  constructor(private readonly parts: SpillLaneParts) {}

  /** These are on file now; what is in `bytes` may change afterwards. */
  written(records: number, bytes: Uint8Array, firstEpochMs: number): void {
    this.parts.counters.queued += records;
    this.parts.counters.spillBytes += bytes.length;
    this.isBehind ||= !this.fresh.add(records, bytes, firstEpochMs);
    if (this.isReady) this.wake?.();
    else this.waitForOthers();
  }

  /** What an earlier process left. */
  adopt(segment: Segment): void {
    this.segments.add(segment);
    this.parts.counters.spillBytes += segment.size - (segment.start ?? 0);
    this.isBehind = true;
  }

  /**
   * Delivers until it is stopped; where `untilEmpty`, or once it is hurried, until nothing is left. Gives whether nothing is.
   * @throws what reading a file throws
   */
  async run(stop: AbortSignal, untilEmpty: boolean): Promise<boolean> {
    // A process may have been killed before the first record of a file.
    await this.segments.tidy();
    for (;;) {
      const { next } = this.segments;
      if (stop.aborted) return !next;
      if (!next) {
        if (untilEmpty || this.isHurried) return true;
        this.isBehind = false;
        this.isDue = false;
      }
      if (!next || !this.isReady) await new Promise<void>((resolve) => (this.wake = resolve));
      else if (!(await this.deliver(next.segment, next.offset))) return false;
    }
  }

  /** No batch waits for more records, and the lane ends when all is delivered. */
  hurry(): void {
    this.isHurried = true;
    this.wake?.();
  }

  private get isReady(): boolean {
    return this.isHurried || this.isBehind || this.isDue || this.fresh.records >= this.parts.batchRecords;
  }

  private waitForOthers(): void {
    this.timer ??= this.parts.clock.setTimer(() => {
      this.timer = undefined;
      this.isDue = true;
      this.wake?.();
    }, this.parts.batchMs);
  }

  private async deliver(segment: Segment, offset: number): Promise<boolean> {
    const { counters, delivery } = this.parts;
    const { batch, bytes } = this.fresh.records > 0 ? this.takeFresh() : await this.takeStored(segment, offset);
    const isOver = batch.count === 0 || (await delivery.deliver(batch));
    if (!isOver) return false;
    counters.queued -= batch.count;
    counters.spillBytes -= bytes;
    await this.segments.advance(bytes);
    this.noteCursor();
    return true;
  }

  private noteCursor(): void {
    const at = this.segments.position;
    if (at) this.parts.cursors.note(at.segment, at.offset);
  }

  private takeFresh(): Stored {
    const batch = this.fresh.take(this.parts.batchRecords);
    this.isDue = false;
    if (this.fresh.records > 0) this.waitForOthers();
    return { batch, bytes: batch.encoded!.length };
  }

  private async takeStored(segment: Segment, offset: number): Promise<Stored> {
    const { counters, batchRecords } = this.parts;
    const { records, bytes, damagedBytes, unreadable, encoded } = await readBatch(segment, offset, batchRecords);
    counters.damagedBytes += damagedBytes;
    counters.dead += unreadable;
    if (unreadable > 0) segment.keep = true;
    if (segment.adopted) counters.queued += records.length;
    const isWhole = unreadable === 0 && damagedBytes === 0;
    return { batch: RecordBatch.of(records, isWhole ? encoded : undefined), bytes };
  }
}
