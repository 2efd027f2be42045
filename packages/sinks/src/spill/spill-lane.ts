import type { Clock, TimerHandle } from '@witan/core';
import { Delivery } from '../policy/delivery.js';
import type { SinkCounters } from '../policy/sink-stats.js';
import type { LogRecord } from '../sink/log-record.js';
import type { Cursors } from './cursors.js';
import { readBatch } from './read-batch.js';
import { type Segment, Segments } from './segments.js';

/** How many records of those that are on file also wait in memory, so that they need not be read. */
const MAX_FRESH = 4_096;
const MAX_FRESH_BYTES = 8 << 20;

export interface SpillLaneParts {
  readonly clock: Clock;
  readonly delivery: Delivery;
  readonly counters: SinkCounters;
  readonly cursors: Cursors;
  readonly batchRecords: number;
  /** How long the first record of a batch waits for others. */
  readonly batchMs: number;
}

interface Batch {
  readonly records: readonly LogRecord[];
  readonly bytes: number;
  readonly encoded?: () => Uint8Array;
}

/** Delivers the files of one writer in their order: from memory while it keeps up, else from the files. */
export class SpillLane {
  readonly segments = new Segments();
  private readonly fresh: LogRecord[] = [];
  private readonly freshBytes: number[] = [];
  private freshTotal = 0;
  /** Records after those in memory are only on file. */
  private isBehind = false;
  /** The oldest record has waited long enough for others. */
  private isDue = false;
  private timer: TimerHandle | undefined;
  private wake: (() => void) | undefined;
  private isHurried = false;

  constructor(private readonly parts: SpillLaneParts) {}

  /** These are on file now; `bytes` of all of them together. */
  written(records: readonly LogRecord[], bytes: number): void {
    this.parts.counters.queued += records.length;
    this.parts.counters.spillBytes += bytes;
    const isRoomy = this.fresh.length + records.length <= MAX_FRESH && this.freshTotal + bytes <= MAX_FRESH_BYTES;
    if (this.isBehind || !isRoomy) this.isBehind = true;
    else this.remember(records, bytes);
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
    return this.isHurried || this.isBehind || this.isDue || this.fresh.length >= this.parts.batchRecords;
  }

  private waitForOthers(): void {
    this.timer ??= this.parts.clock.setTimer(() => {
      this.timer = undefined;
      this.isDue = true;
      this.wake?.();
    }, this.parts.batchMs);
  }

  /** The last record of a turn stands for the bytes of all: they are delivered together. */
  private remember(records: readonly LogRecord[], bytes: number): void {
    records.forEach((record, i) => {
      this.fresh.push(record);
      this.freshBytes.push(i === records.length - 1 ? bytes : 0);
    });
    this.freshTotal += bytes;
  }

  private async deliver(segment: Segment, offset: number): Promise<boolean> {
    const { counters, delivery } = this.parts;
    const batch = this.fresh.length > 0 ? this.takeFresh() : await this.takeStored(segment, offset);
    const isOver = batch.records.length === 0 || (await delivery.deliver(batch.records, batch.encoded));
    if (!isOver) return false;
    counters.queued -= batch.records.length;
    counters.spillBytes -= batch.bytes;
    await this.segments.advance(batch.bytes);
    this.noteCursor();
    return true;
  }

  private noteCursor(): void {
    const at = this.segments.position;
    if (at) this.parts.cursors.note(at.segment, at.offset);
  }

  /** Whole turns of records, about a batch. */
  private takeFresh(): Batch {
    let [count, bytes] = [0, 0];
    for (let i = 0; i < this.fresh.length && count < this.parts.batchRecords; i++) {
      bytes += this.freshBytes[i]!;
      if (this.freshBytes[i]! > 0) count = i + 1;
    }
    this.freshBytes.splice(0, count);
    this.freshTotal -= bytes;
    this.isDue = false;
    const records = this.fresh.splice(0, count);
    if (this.fresh.length > 0) this.waitForOthers();
    return { records, bytes };
  }

  private async takeStored(segment: Segment, offset: number): Promise<Batch> {
    const { counters, batchRecords } = this.parts;
    const { records, bytes, damagedBytes, unreadable, encoded } = await readBatch(segment, offset, batchRecords);
    counters.damagedBytes += damagedBytes;
    counters.dead += unreadable;
    if (unreadable > 0) segment.keep = true;
    if (segment.adopted) counters.queued += records.length;
    return { records, bytes, encoded: unreadable > 0 || damagedBytes > 0 ? undefined : () => encoded };
  }
}
