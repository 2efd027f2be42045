import { closeSync, fdatasync, fstatSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '@witan/core';
import { RecordEncoder } from '../record/record-encoder.js';
import type { LogRecord } from '../sink/log-record.js';
import { sinksError } from '../sinks.errors.js';
import type { Segment } from './segments.js';

/** How long after a failed write the next one is tried. */
const AGAIN_MS = 250;
/** How often it is looked whether somebody has deleted the file. */
const LOOK_MS = 1_000;

export interface SpillWriterParts {
  readonly clock: Clock;
  /** Path of a new file, by its number. */
  readonly fileOf: (sequence: number) => string;
  readonly segmentBytes: number;
  readonly maxRecordBytes: number;
  /** Milliseconds between fdatasyncs; `undefined`: never. */
  readonly fsyncMs: number | undefined;
  readonly onFull: 'shed' | 'block';
  /** Bytes that may wait in memory for room on the disk. */
  readonly maxBlockedBytes: number;
  /** Bytes that may still be written to the folder. */
  readonly room: () => number;
  /** Bytes that there could be room for, were everything delivered. */
  readonly capacity: () => number;
  readonly added: (segment: Segment) => void;
  /** To the last one nothing is added any more. */
  readonly sealed: () => void;
  /** So many records are on file now; `bytes` are used again. */
  readonly written: (records: number, bytes: Uint8Array, firstEpochMs: number) => void;
  /** So many records could not be written. */
  readonly refused: (records: number) => void;
}

/** The records of one turn of the event loop: they are written at once, and their answers leave together. */
interface Turn {
  records: number;
  readonly firstEpochMs: number;
  readonly done: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  /** Set when the write failed and is to be tried again. */
  bytes?: Uint8Array;
}

/** Appends records to files: one write(2) for all records of a turn. */
export class SpillWriter {
  private readonly encoder: RecordEncoder;
  private turn: Turn | undefined;
  /** Turns that wait for room, oldest first. */
  private readonly blocked: Turn[] = [];
  private blockedBytes = 0;
  private segment: Segment | undefined;
  private fd = -1;
  private sequence = 0;
  private failedAt = -Infinity;
  private lookedAt = -Infinity;
  private failure: Error | undefined;
  private syncing = false;
  private dirty = false;

  constructor(private readonly parts: SpillWriterParts) {
    this.encoder = new RecordEncoder(parts.maxRecordBytes);
  }

  /** @throws {SINK_ERR_SPILL} while the disk is full, but for one request now and then that finds out whether it still is */
  admit(): void {
    if (!this.failure) return;
    if (this.blocked.length > 0 && this.blockedBytes < this.parts.maxBlockedBytes) return;
    const now = this.parts.clock.now();
    if (now - this.failedAt < AGAIN_MS) throw this.failure;
    this.failedAt = now;
  }

  /**
   * Fulfilled when write(2) has the record.
   * @throws TooLarge, or what a Frame of no sensible form throws; then nothing was added
   */
  append(record: LogRecord): Promise<void> {
    this.encoder.add(record);
    const turn = (this.turn ??= this.newTurn(record.epochMs));
    turn.records++;
    return turn.done;
  }

  /** Writes what waits, now. */
  flush(): void {
    const { turn } = this;
    if (!turn) return;
    this.turn = undefined;
    const bytes = this.encoder.take();
    if (this.blocked.length > 0) this.block(turn, bytes);
    else this.tryWrite(turn, bytes);
  }

  close(): void {
    this.flush();
    for (const turn of this.blocked.splice(0)) turn.reject(this.failure ?? fullError('the sink is closed'));
    this.seal();
  }

  private newTurn(firstEpochMs: number): Turn {
    let [resolve, reject]: [() => void, (error: Error) => void] = [() => {}, () => {}];
    const done = new Promise<void>((yes, no) => ([resolve, reject] = [yes, no]));
    const turn: Turn = { records: 0, firstEpochMs, done, resolve, reject };
    // Whoever waits for it sees it too.
    done.catch(() => this.parts.refused(turn.records));
    this.parts.clock.nextTurn(() => this.flush());
    return turn;
  }

  private tryWrite(turn: Turn, bytes: Uint8Array): boolean {
    try {
      this.write(bytes);
    } catch (cause) {
      this.failed(turn, bytes, cause);
      return false;
    }
    this.failure = undefined;
    this.parts.written(turn.records, bytes, turn.firstEpochMs);
    turn.resolve();
    return true;
  }

  private write(bytes: Uint8Array): void {
    const room = this.parts.room();
    if (bytes.length > room) throw new Error(`maxSpillBytes is reached: the destination does not take what is there`);
    const segment = this.current();
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(this.fd, bytes, at, bytes.length - at, segment.size + at);
    } catch (error) {
      // Half a record would be taken for a crash's torn end; it is not needed.
      ftruncateSync(this.fd, segment.size);
      // Its room comes back when it is delivered.
      if (segment.size > 0) this.seal();
      throw error;
    }
    segment.size += bytes.length;
    this.dirty = true;
    this.syncSoon();
  }

  private failed(turn: Turn, bytes: Uint8Array, cause: unknown): void {
    this.failure = fullError(cause instanceof Error ? cause.message : String(cause), cause);
    this.failedAt = this.parts.clock.now();
    if (this.parts.onFull === 'block') this.block(turn, bytes);
    else turn.reject(this.failure);
  }

  private block(turn: Turn, bytes: Uint8Array): void {
    const { maxBlockedBytes, capacity } = this.parts;
    if (this.blockedBytes + bytes.length > maxBlockedBytes || bytes.length > capacity()) {
      turn.reject(this.failure ?? fullError('too much waits for room'));
      // Others may fit.
      if (this.blocked.length === 0) this.failure = undefined;
      return;
    }
    // The encoder's buffer is used again.
    turn.bytes = new Uint8Array(bytes);
    this.blockedBytes += bytes.length;
    this.blocked.push(turn);
    if (this.blocked.length === 1) this.tryAgain();
  }

  private tryAgain(): void {
    this.parts.clock.setTimer(() => {
      for (let [turn] = this.blocked; turn; [turn] = this.blocked) {
        const bytes = turn.bytes!;
        this.blocked.shift();
        this.blockedBytes -= bytes.length;
        if (!this.retry(turn, bytes)) return;
      }
    }, AGAIN_MS);
  }

  private retry(turn: Turn, bytes: Uint8Array): boolean {
    try {
      this.write(bytes);
    } catch {
      this.blocked.unshift(turn);
      this.blockedBytes += bytes.length;
      this.tryAgain();
      return false;
    }
    this.parts.written(turn.records, bytes, turn.firstEpochMs);
    turn.resolve();
    if (this.blocked.length === 0) this.failure = undefined;
    return true;
  }

  private current(): Segment {
    if (this.segment && this.segment.size < this.parts.segmentBytes && !this.isGone()) return this.segment;
    this.seal();
    const file = this.parts.fileOf(this.sequence);
    this.fd = openNew(file);
    this.sequence++;
    this.segment = { file, size: 0, sealed: false };
    this.parts.added(this.segment);
    return this.segment;
  }

  /** What is written to a file that has no name is lost with the process. */
  private isGone(): boolean {
    const now = this.parts.clock.now();
    if (now - this.lookedAt < LOOK_MS) return false;
    this.lookedAt = now;
    return fstatSync(this.fd).nlink === 0;
  }

  private seal(): void {
    if (!this.segment) return;
    this.segment.sealed = true;
    this.segment = undefined;
    this.parts.sealed();
    const { fd } = this;
    this.fd = -1;
    if (this.parts.fsyncMs === undefined || !this.dirty) closeSync(fd);
    else fdatasync(fd, () => closeSync(fd));
  }

  private syncSoon(): void {
    const { fsyncMs, clock } = this.parts;
    if (fsyncMs === undefined || this.syncing) return;
    this.syncing = true;
    clock.setTimer(() => {
      this.syncing = false;
      if (this.fd === -1 || !this.dirty) return;
      this.dirty = false;
      fdatasync(this.fd, (error) => (this.dirty ||= error !== null));
    }, fsyncMs);
  }
}

/** The folder may have been deleted. */
function openNew(file: string): number {
  try {
    return openSync(file, 'ax');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    mkdirSync(dirname(file), { recursive: true });
    return openSync(file, 'ax');
  }
}

function fullError(why: string, cause?: unknown): Error {
  return sinksError('SINK_ERR_SPILL', `the record of this request could not be written down: ${why}`, {
    cause,
    retryAfterMs: 1_000,
  });
}
