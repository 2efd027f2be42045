import { randomUUID } from 'node:crypto';
import { join, resolve } from 'node:path';
import { type Clock, systemClock, type TimerHandle, WitanError } from '@witan/core';
import { decodeRecord, decodeRecords } from '../../record/record-decoder.js';
import type { LogRecord } from '../../sink/log-record.js';
import { poisonError } from '../../sink/poison.js';
import type { Sink } from '../../sink/sink.js';
import { destinationError, unavailable } from '../destinations.errors.js';
import { PathTemplate, type Place } from '../layout/path-template.js';
import { LineThread } from '../lines/line-thread.js';
import { ParquetThread } from '../parquet/parquet-thread.js';
import { Turns } from '../turns.js';
import { WrittenIds } from '../written-ids.js';
import type { FileSinkOptions } from './file-sink-options.js';
import { discard, PartFile } from './part-file.js';
import { ndjsonFormat, parquetFormat, type PartFormat, PartWriter } from './part-writer.js';
import { Staging } from './staging.js';

const DEFAULT_PATH = 'dt={yyyy}-{MM}-{dd}/hour={HH}/{name}-{uuid}';

/** The records of a batch that share a file. */
interface Share {
  readonly place: Place;
  readonly records: LogRecord[];
}

/** The same, ready to be written. */
interface Piece {
  readonly place: Place;
  readonly key: string;
  readonly encode: (writer: PartWriter) => Promise<Uint8Array> | Uint8Array;
  /** What is remembered when the rest of the batch fails. */
  readonly records: () => readonly LogRecord[];
}

/**
 * Records in files of NDJSON or Parquet, in folders by time or by what they are of. A file is written where readers do
 * not look (`.parts` below the folder) and moved to its place when it is large or old enough. What a killed process left
 * in `.parts` is moved by the next one; until then it is readable as far as it goes.
 */
export class FileSink implements Sink {
  readonly name: string;
  private readonly folder: string;
  private readonly clock: Clock;
  private readonly thread = new ParquetThread();
  /** Where nothing but lines is made, of records that share a file whatever they are. */
  private readonly lines: LineThread | undefined;
  private readonly format: PartFormat;
  private readonly template: PathTemplate;
  private readonly open = new Map<string, PartWriter>();
  /** Files that could not be finished yet. */
  private unfinished: PartWriter[] = [];
  /** Records that are in files although the write that brought them failed. */
  private readonly kept = new WrittenIds();
  private staging: Promise<Staging> | undefined;
  /** Several writers share the files. */
  private readonly turns = new Turns();
  private timer: TimerHandle | undefined;
  private closed = false;

  /** @throws {SINK_ERR_DESTINATION} when an option cannot be used */
  constructor(private readonly options: FileSinkOptions) {
    this.folder = resolve(options.folder);
    this.name = `file://${this.folder}`;
    this.clock = options.clock ?? systemClock;
    this.format =
      options.format === 'parquet'
        ? parquetFormat(this.thread, options.compression ?? 'zstd')
        : ndjsonFormat(options.gzip ?? false);
    const path = options.path ?? DEFAULT_PATH + this.format.ending;
    this.template = new PathTemplate(path, options.name ?? 'records');
    if (options.format !== 'parquet' && this.template.isByTime) this.lines = new LineThread(options.gzip ?? false);
    for (const limit of ['maxBytes', 'maxAgeMs', 'maxOpenFiles'] as const) {
      const value = options[limit];
      if (value !== undefined && !(value > 0))
        throw destinationError('SINK_ERR_DESTINATION', `${limit} is ${value}: it must be above 0`);
    }
  }

  write(batch: readonly LogRecord[], signal: AbortSignal): Promise<void> {
    return this.turns.take(() => this.writeShares(batch, signal));
  }

  /** As {@link write}; plain and compressed lines are made of the bytes, in a thread. */
  writeEncoded(batch: Uint8Array, _records: number, signal: AbortSignal): Promise<void> {
    return this.turns.take(async () => {
      const isNew = !this.closed && this.kept.isEmpty;
      const shares = isNew ? await this.lines?.shares(batch) : undefined;
      if (!shares) return this.writeShares(decodeRecords(batch), signal);
      const pieces = shares.map(({ start, firstEnd, end, lines }): Piece => {
        const place = this.template.place(decodeRecord(batch, { start, end: firstEnd }));
        const records = (): readonly LogRecord[] => decodeRecords(batch.subarray(start, end));
        return { place, key: `${place.partition}\n`, encode: () => lines, records };
      });
      await this.writePieces(pieces, signal);
    });
  }

  /** Finishes every file: they are where readers look. */
  flush(): Promise<void> {
    return this.turns.take(() => this.finishAll());
  }

  close(): Promise<void> {
    return this.turns.take(async () => {
      if (this.closed) return;
      this.closed = true;
      this.timer?.cancel();
      await this.finishAll().finally(async () => {
        for (const { part } of this.unfinished) await part.abandon();
        await this.thread.close();
        await this.lines?.close();
        await (await this.staging?.catch(() => undefined))?.close();
      });
    });
  }

  private async writeShares(batch: readonly LogRecord[], signal: AbortSignal): Promise<void> {
    const pieces = Array.from(this.shares(batch), ({ place, records }): Piece => {
      const key = `${place.partition}\n${this.format.layout(records[0]!)}`;
      return { place, key, encode: (writer) => writer.encode(records), records: () => records };
    });
    await this.writePieces(pieces, signal);
    this.kept.settle(batch);
  }

  private async writePieces(pieces: readonly Piece[], signal: AbortSignal): Promise<void> {
    if (this.closed) throw destinationError('SINK_ERR_DESTINATION_CLOSED', `${this.name} is closed`);
    // Also where the write fails: what it brought may lie in a file.
    this.rotateLater();
    const written: Piece[] = [];
    try {
      for (const piece of pieces) {
        signal.throwIfAborted();
        await this.append(piece, written);
      }
      // Nobody waits any more, and it comes again: what is there is remembered.
      signal.throwIfAborted();
    } catch (error) {
      for (const piece of written) this.kept.add(piece.records());
      throw WitanError.is(error) || signal.aborted ? error : unavailable(this.name, error);
    }
  }

  private shares(batch: readonly LogRecord[]): Iterable<Share> {
    const shares = new Map<string, Share>();
    for (const record of batch) {
      if (this.kept.has(record)) continue;
      const place = this.template.place(record);
      const key = `${place.partition}\n${this.format.layout(record)}`;
      const share = shares.get(key);
      if (share) share.records.push(record);
      else shares.set(key, { place, records: [record] });
    }
    return shares.values();
  }

  private async append(share: Piece, written: Piece[]): Promise<void> {
    const { key, place } = share;
    const writer = this.open.get(key) ?? (await this.start(key, place));
    let piece: Uint8Array;
    try {
      piece = await share.encode(writer);
    } catch (error) {
      this.retire(key, writer);
      throw poisonError(`${this.name}: ${(error as Error).message}`, undefined, error);
    }
    try {
      await writer.part.append(piece);
    } catch (error) {
      this.retire(key, writer);
      throw error;
    }
    written.push(share);
    // The one that waited longest comes first.
    this.open.delete(key);
    this.open.set(key, writer);
    if (writer.part.bytes >= (this.options.maxBytes ?? 2 ** 26)) await this.finish(key, writer);
    await this.finishBeyondLimit();
  }

  private async start(key: string, place: Place): Promise<PartWriter> {
    const staging = await (this.staging ??= this.openStaging());
    const path = place.path(randomUUID());
    const part = await PartFile.create(staging.path(path + this.format.partEnding), this.options.fsync === 'write');
    const writer = new PartWriter(part, join(this.folder, path), this.format, this.clock.now());
    this.open.set(key, writer);
    return writer;
  }

  private async openStaging(): Promise<Staging> {
    if (this.options.format === 'parquet') await ParquetThread.check();
    const opened = Staging.open(this.folder, this.thread, this.options.compression ?? 'zstd');
    // Another try with the next batch.
    opened.catch(() => (this.staging = undefined));
    return opened;
  }

  /** Takes no more records: what is whole in it is finished with the others. */
  private retire(key: string, writer: PartWriter): void {
    this.open.delete(key);
    this.unfinished.push(writer);
  }

  private async finishBeyondLimit(): Promise<void> {
    for (const [key, writer] of this.open) {
      if (this.open.size <= (this.options.maxOpenFiles ?? 32)) return;
      await this.finish(key, writer);
    }
  }

  /** The records are safe in the part: a file that cannot be finished now is tried again, and no write fails by it. */
  private async finish(key: string, writer: PartWriter): Promise<void> {
    this.retire(key, writer);
    await this.finishRetired().catch(() => undefined);
  }

  private async finishAll(): Promise<void> {
    for (const [key, writer] of this.open) this.retire(key, writer);
    await this.finishRetired();
  }

  private async finishRetired(): Promise<void> {
    const waiting = this.unfinished;
    this.unfinished = [];
    let failed: unknown;
    for (const writer of waiting) {
      try {
        await this.finishOne(writer);
      } catch (error) {
        this.unfinished.push(writer);
        failed = error;
      }
    }
    if (failed !== undefined) throw unavailable(`${this.name}: a file could not be finished`, failed);
  }

  private async finishOne({ part, path }: PartWriter): Promise<void> {
    await part.seal();
    if (part.bytes === 0) await discard(part.path);
    else await this.format.finish(part.path, path);
  }

  private rotateLater(): void {
    if (this.timer || this.closed) return;
    const maxAgeMs = this.options.maxAgeMs ?? 300_000;
    const now = this.clock.now();
    const oldest = Math.min(now, ...Array.from(this.open.values(), ({ openedAtMs }) => openedAtMs));
    const rotate = (): void => {
      this.timer = undefined;
      void this.turns.take(() => this.finishOld(maxAgeMs)).catch(() => undefined);
    };
    this.timer = this.clock.setTimer(rotate, Math.max(1, oldest + maxAgeMs - now));
  }

  private async finishOld(maxAgeMs: number): Promise<void> {
    const since = this.clock.now() - maxAgeMs;
    for (const [key, writer] of this.open) if (writer.openedAtMs <= since) this.retire(key, writer);
    await this.finishRetired().catch(() => undefined);
    if (this.open.size > 0 || this.unfinished.length > 0) this.rotateLater();
  }
}
