import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { WitanError } from '@witan/core';
import type { S3Access } from '../destinations/s3/s3-connection.js';
import { parseJsonLine } from '../destinations/layout/parse-json-line.js';
import { recordsOfTable } from '../destinations/layout/records-of-table.js';
import { decodeInferenceLogs } from '../destinations/hushar/decode-inference-logs.js';
import { ParquetThread } from '../destinations/parquet/parquet-thread.js';
import type { LogRecord } from '../sink/log-record.js';
import { linesOf } from './lines-of.js';
import { type RecordFile, recordFiles } from './record-file.js';
import { replayError } from './replay.errors.js';

/** Options of `readRecords`. */
export interface ReadRecordsOptions extends S3Access {
  /**
   * Called for what cannot be read: a damaged line, the end of a file that breaks off; the rest is read.
   * @default the reading fails
   */
  readonly onDamage?: (error: WitanError) => void;
}

/**
 * The records of files that a destination wrote: NDJSON (also with gzip) line by line, Parquet and Hushar's `.pb` one
 * file at a time; what a record held is restored, of `.pb` as far as that form goes.
 * @param sources files, folders, or `s3://BUCKET/PREFIX`
 * @throws {SINK_ERR_SOURCE} for what is not there, or cannot be read
 */
export async function* readRecords(
  sources: string | readonly string[],
  options: ReadRecordsOptions = {},
): AsyncGenerator<LogRecord> {
  const thread = new ParquetThread();
  try {
    for (const source of typeof sources === 'string' ? [sources] : sources)
      for await (const file of recordFiles(source, options)) yield* recordsIn(file, thread, options);
  } finally {
    await thread.close();
  }
}

async function* recordsIn(
  file: RecordFile,
  thread: ParquetThread,
  { onDamage }: ReadRecordsOptions,
): AsyncGenerator<LogRecord> {
  const damaged = (where: string, cause: unknown): void => {
    const text = `${where}: ${cause instanceof Error ? cause.message : String(cause)}`;
    const error = replayError('SINK_ERR_SOURCE', text, { cause });
    if (!onDamage) throw error;
    onDamage(error);
  };
  try {
    if (file.name.endsWith('.parquet')) yield* await table(file, thread);
    else if (file.name.endsWith('.pb')) yield* decodeInferenceLogs(await file.bytes(), file.name);
    else yield* lines(file, damaged);
  } catch (error) {
    // A missing package is no damage.
    if (WitanError.is(error) && error.code !== 'SINK_ERR_UNAVAILABLE') throw error;
    damaged(file.name, error);
  }
}

async function* lines(file: RecordFile, damaged: (where: string, cause: unknown) => void): AsyncGenerator<LogRecord> {
  const stream = await file.stream();
  const input: Readable = file.name.endsWith('.gz') ? pipeline(stream, createGunzip(), () => undefined) : stream;
  let number = 0;
  for await (const line of linesOf(input)) {
    number++;
    if (line === '') continue;
    let record: LogRecord;
    try {
      record = parseJsonLine(line);
    } catch (error) {
      damaged(`${file.name}, line ${number}`, error);
      continue;
    }
    yield record;
  }
}

async function table(file: RecordFile, thread: ParquetThread): Promise<Iterable<LogRecord>> {
  if (file.path !== undefined) return recordsOfTable(await thread.read(file.path));
  const path = join(tmpdir(), `witan-${randomUUID()}.parquet`);
  try {
    await writeFile(path, await file.bytes());
    return recordsOfTable(await thread.read(path));
  } finally {
    await rm(path, { force: true });
  }
}
