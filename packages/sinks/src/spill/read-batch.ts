import { open } from 'node:fs/promises';
import { decodeRecord, recordSpans, type RecordSpan, wholeSpans } from '../record/record-decoder.js';
import type { LogRecord } from '../sink/log-record.js';
import type { Segment } from './segments.js';

const CHUNK_BYTES = 1 << 20;

/** Records as they lie in a file. */
export interface StoredBatch {
  readonly records: readonly LogRecord[];
  /** How far to go on when they were delivered, damaged bytes included. */
  readonly bytes: number;
  readonly damagedBytes: number;
  /** Whole records that this version cannot read. */
  readonly unreadable: number;
  /** Their binary form, where all could be read. */
  readonly encoded: Uint8Array;
}

/** The next records of a segment, at most `maxRecords`; nothing is read beyond its size. */
export async function readBatch(segment: Segment, offset: number, maxRecords: number): Promise<StoredBatch> {
  const left = segment.size - offset;
  for (let wanted = Math.min(left, CHUNK_BYTES); ; wanted = Math.min(left, wanted * 4)) {
    const bytes = await readAt(segment.file, offset, wanted);
    const { spans } = wholeSpans(bytes);
    if (spans.length > 0) return batchOf(bytes, spans.slice(0, maxRecords), 0);
    if (wanted < left && bytes.length === wanted) continue;
    return damagedBatch(bytes, left, maxRecords);
  }
}

async function readAt(file: string, offset: number, length: number): Promise<Buffer> {
  const handle = await open(file, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  // Somebody has deleted it: all of it counts as damaged.
  if (!handle) return Buffer.alloc(0);
  try {
    const buffer = Buffer.allocUnsafe(length);
    let read = 0;
    while (read < length) {
      const { bytesRead } = await handle.read(buffer, read, length - read, offset + read);
      if (bytesRead === 0) break;
      read += bytesRead;
    }
    return buffer.subarray(0, read);
  } finally {
    await handle.close();
  }
}

/** Goes on behind what is no record: a torn end, or a file that the disk has damaged. */
function damagedBatch(bytes: Buffer, left: number, maxRecords: number): StoredBatch {
  const [first] = recordSpans(bytes).spans;
  if (!first) return { records: [], bytes: left, damagedBytes: left, unreadable: 0, encoded: bytes.subarray(0, 0) };
  const rest = bytes.subarray(first.start);
  return batchOf(rest, wholeSpans(rest).spans.slice(0, maxRecords), first.start);
}

function batchOf(bytes: Buffer, spans: readonly RecordSpan[], damagedBytes: number): StoredBatch {
  const { end } = spans.at(-1)!;
  const records: LogRecord[] = [];
  for (const span of spans) {
    try {
      records.push(decodeRecord(bytes, span));
    } catch {
      // Counted; its file is kept.
    }
  }
  const unreadable = spans.length - records.length;
  return { records, bytes: damagedBytes + end, damagedBytes, unreadable, encoded: bytes.subarray(0, end) };
}
