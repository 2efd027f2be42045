import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '@witan/core';
import type { RetryOptions } from '../policy/backoff.js';
import { closeSink } from '../policy/close-sink.js';
import { DeadLetters } from '../policy/dead-letters.js';
import { Delivery } from '../policy/delivery.js';
import { type RecordKey, writerOf } from '../policy/key-of.js';
import type { Keeping } from '../policy/keeping.js';
import { SinkCounters, type SinkStats } from '../policy/sink-stats.js';
import type { LogRecord } from '../sink/log-record.js';
import type { Sink } from '../sink/sink.js';
import { sinksError } from '../sinks.errors.js';
import { Cursors } from './cursors.js';
import { LeftFolders } from './left-folders.js';
import { lockFolder, type OwnFolder } from './lock-folder.js';
import { readSpillFolder, spillFile } from './spill-folder.js';
import { SpillLane } from './spill-lane.js';
import { SpillWriter } from './spill-writer.js';

/** Before a file that cannot be read is tried again. */
const READ_AGAIN_MS = 1_000;

export interface LosslessParts {
  readonly name: string;
  readonly sink: Sink;
  readonly clock: Clock;
  readonly random: () => number;
  readonly folder: string;
  readonly writers: number;
  readonly key: RecordKey;
  readonly batchRecords: number;
  readonly batchMs: number;
  readonly segmentBytes: number;
  readonly maxRecordBytes: number;
  readonly maxSpillBytes: number;
  readonly maxBlockedBytes: number;
  readonly fsyncMs: number | undefined;
  readonly onFull: 'shed' | 'block';
  readonly timeoutMs: number;
  readonly retry: RetryOptions;
  readonly deadLetterFile: string | undefined;
  readonly maxDeadLetterBytes: number;
}

/** Answers leave when their records are on file; the files are deleted when the destination has them. */
export class Lossless implements Keeping {
  private readonly counters: SinkCounters;
  private own: OwnFolder | undefined;
  private readonly stop = new AbortController();
  private readonly delivery: Delivery;
  private lanes: readonly SpillLane[] = [];
  private writers: readonly SpillWriter[] = [];
  private running: Promise<unknown> = Promise.resolve();
  private closed = false;
  private cursors: Cursors | undefined;
  private left: LeftFolders | undefined;

  constructor(private readonly parts: LosslessParts) {
    this.counters = new SinkCounters(parts.name, 'lossless');
    const file = parts.deadLetterFile ?? join(parts.folder, 'dead-letters.ndjson');
    const deadLetters = new DeadLetters(file, parts.maxDeadLetterBytes);
    const { signal } = this.stop;
    this.delivery = new Delivery({ ...parts, counters: this.counters, attempts: Infinity, deadLetters, stop: signal });
  }

  get stats(): SinkStats {
    const { stats } = this.counters;
    const { queued = 0, dead = 0, spillBytes = 0, damagedBytes = 0 } = this.left?.counters ?? {};
    return {
      ...stats,
      queued: stats.queued + queued,
      dead: stats.dead + dead,
      spillBytes: stats.spillBytes + spillBytes,
      damagedBytes: stats.damagedBytes + damagedBytes,
    };
  }

  async start(): Promise<void> {
    this.own = await lockFolder(this.parts.folder);
    const { folder } = this.own;
    const { run, left } = await readSpillFolder(folder);
    const { delivery, counters } = this;
    const cursors = (this.cursors = new Cursors(folder));
    cursors.tidy();
    const laneParts = { ...this.parts, delivery, counters, cursors };
    const earlier = new SpillLane(laneParts);
    for (const segment of left) earlier.adopt({ ...segment, start: cursors.startOf(segment) });
    this.lanes = Array.from({ length: this.parts.writers }, () => new SpillLane(laneParts));
    this.writers = this.lanes.map((lane, i) => this.writerFor(lane, (sequence) => spillFile(folder, run, i, sequence)));
    this.running = this.deliverAll(earlier);
    this.left = new LeftFolders({
      ...this.parts,
      delivery,
      root: this.parts.folder,
      own: folder,
      stop: this.stop.signal,
    });
  }

  keep(record: LogRecord): Promise<void> {
    const { key, writers } = this.parts;
    if (!this.isOpen) return this.refused(this.closedError());
    try {
      return this.writers[writerOf(record, key, writers)]!.append(record);
    } catch (error) {
      return this.bury(record, error);
    }
  }

  unmade(error: unknown): never {
    throw error;
  }

  admit(): void {
    try {
      if (!this.isOpen) throw this.closedError();
      for (const writer of this.writers) writer.admit();
    } catch (error) {
      this.counters.refused++;
      throw error;
    }
  }

  async close(timeoutMs: number): Promise<void> {
    const { clock, sink } = this.parts;
    this.closed = true;
    for (const writer of this.writers) writer.close();
    for (const lane of this.lanes) lane.hurry();
    const late = clock.setTimer(() => this.stopNow(), timeoutMs);
    await this.running;
    late.cancel();
    this.stopNow();
    await this.left?.close();
    for (const lane of this.lanes) await lane.segments.tidy();
    await closeSink(sink, clock, timeoutMs);
    if (this.own?.lock.isHeld) this.cursors?.tidy();
    await this.own?.lock.release();
    this.counters.publish();
  }

  private stopNow(): void {
    this.stop.abort();
    for (const lane of this.lanes) lane.hurry();
  }

  /** First what an earlier process left, so that the order of keys is kept over a restart. */
  private async deliverAll(earlier: SpillLane): Promise<void> {
    if (!(await this.deliverLane(earlier, true))) return;
    await Promise.all(this.lanes.map((lane) => this.deliverLane(lane, false)));
  }

  private async deliverLane(lane: SpillLane, untilEmpty: boolean): Promise<boolean> {
    for (;;) {
      try {
        return await lane.run(this.stop.signal, untilEmpty);
      } catch (error) {
        this.counters.lastError = error instanceof Error ? error.message : String(error);
        if (this.stop.signal.aborted) return false;
        await new Promise<void>((resolve) => this.parts.clock.setTimer(resolve, READ_AGAIN_MS));
      }
    }
  }

  private writerFor(lane: SpillLane, fileOf: (sequence: number) => string): SpillWriter {
    const { maxSpillBytes } = this.parts;
    return new SpillWriter({
      ...this.parts,
      fileOf,
      room: () => maxSpillBytes - this.counters.spillBytes,
      capacity: () => Math.min(maxSpillBytes, diskBytes(this.own!.folder)),
      added: (segment) => lane.segments.add(segment),
      sealed: () => void lane.segments.tidy(),
      written: (records, bytes, firstEpochMs) => lane.written(records, bytes, firstEpochMs),
      refused: (records) => void (this.counters.refused += records),
    });
  }

  /** A record that is too large, or has no binary form: its facts are kept, and that it was not. */
  private bury(record: LogRecord, cause: unknown): Promise<void> {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `the record is left out: ${why}`;
    const error = { code: 'SINK_ERR_TOO_LARGE', message };
    return this.delivery.bury({ ...record, input: undefined, output: undefined, raw: undefined, error }, message);
  }

  private refused(error: Error): Promise<never> {
    this.counters.refused++;
    return Promise.reject(error);
  }

  private get isOpen(): boolean {
    return !this.closed && this.own?.lock.isHeld === true;
  }

  private closedError(): Error {
    const why =
      this.closed || !this.own ? 'it is not open' : `another process has taken its spill folder ${this.parts.folder}`;
    return sinksError('SINK_ERR_CLOSED', `the sink '${this.parts.name}' keeps no more records: ${why}`);
  }
}

/** The size of the disk that a folder lies on. */
function diskBytes(folder: string): number {
  try {
    const { blocks, bsize } = statfsSync(folder);
    return blocks * bsize;
  } catch {
    return Infinity;
  }
}
