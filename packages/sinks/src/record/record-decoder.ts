import { crc32 } from 'node:zlib';
import type { RequestPhases } from '@witan/core';
import type { LogRecord } from '../sink/log-record.js';
import { sinksError } from '../sinks.errors.js';
import { ByteReader } from './byte-reader.js';
import { readFrame } from './read-frame.js';
import {
  ALL_FLAGS,
  HAS_ERROR,
  HAS_INPUT,
  HAS_OUTPUT,
  HAS_PHASES,
  HAS_RAW,
  HEAD_BYTES,
  KINDS,
  MAGIC,
  PHASES,
  TEXTS,
} from './record-encoder.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Where a record lies among others, its head included. */
export interface RecordSpan {
  readonly start: number;
  readonly end: number;
}

/**
 * The records in `bytes`, by their heads and checksums. Damaged bytes are passed over up to the next whole record.
 */
export function recordSpans(bytes: Uint8Array): { spans: RecordSpan[]; damagedBytes: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const spans: RecordSpan[] = [];
  let [at, damagedBytes] = [0, 0];
  while (at < bytes.length) {
    const end = wholeAt(view, bytes, at);
    if (end !== undefined) {
      spans.push({ start: at, end });
      at = end;
    } else {
      const next = bytes.indexOf(MAGIC & 0xff, at + 1);
      const to = next === -1 ? bytes.length : next;
      damagedBytes += to - at;
      at = to;
    }
  }
  return { spans, damagedBytes };
}

/** The records from the first byte on, up to the first that is not whole: it begins at `end`. */
export function wholeSpans(bytes: Uint8Array): { spans: RecordSpan[]; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const spans: RecordSpan[] = [];
  let start = 0;
  for (let end = wholeAt(view, bytes, 0); end !== undefined; end = wholeAt(view, bytes, start)) {
    spans.push({ start, end });
    start = end;
  }
  return { spans, end: start };
}

/** Where the record that begins at `at` ends; `undefined`: there is no whole one. */
function wholeAt(view: DataView, bytes: Uint8Array, at: number): number | undefined {
  const from = at + HEAD_BYTES;
  if (from > bytes.length || view.getUint32(at, true) !== MAGIC) return undefined;
  const end = from + view.getUint32(at + 4, true);
  if (end > bytes.length || crc32(bytes.subarray(from, end)) !== view.getUint32(at + 8, true)) return undefined;
  return end;
}

/**
 * Every record of the binary form.
 * @throws {SINK_ERR_RECORD} when bytes are damaged or missing
 */
export function decodeRecords(bytes: Uint8Array): LogRecord[] {
  const { spans, damagedBytes } = recordSpans(bytes);
  if (damagedBytes > 0)
    throw sinksError('SINK_ERR_RECORD', `${damagedBytes} of ${bytes.length} bytes are no whole records`);
  return spans.map((span) => decodeRecord(bytes, span));
}

/** One record, its checksum already looked at. @throws {SINK_ERR_RECORD} */
export function decodeRecord(bytes: Uint8Array, { start, end }: RecordSpan): LogRecord {
  const from = new ByteReader(bytes, start + HEAD_BYTES, end);
  const flags = from.varint();
  if (flags > ALL_FLAGS) from.damaged('a record of a newer version');
  const record = readFacts(from);
  TEXTS.forEach((name, i) => {
    if (flags & (1 << i)) record[name] = from.string();
  });
  if (flags & HAS_INPUT) record.input = readFrame(from);
  if (flags & HAS_OUTPUT) record.output = readFrame(from);
  if (flags & HAS_ERROR) record.error = { code: from.string(), message: from.string() };
  if (flags & HAS_PHASES) record.phases = readPhases(from);
  if (flags & HAS_RAW) record.raw = { contentType: from.string(), body: from.blob() };
  if (from.left > 0) from.damaged(`${from.left} bytes too many`);
  return record;
}

function readFacts(from: ByteReader): Mutable<LogRecord> {
  const kind = KINDS[from.u8()] ?? from.damaged('no such kind');
  const id = from.string();
  const requestId = from.string();
  const epochMs = from.f64();
  const durationMs = from.f64();
  return { id, requestId, epochMs, durationMs, kind, point: from.string(), service: from.string() };
}

function readPhases(from: ByteReader): RequestPhases {
  const phases: RequestPhases = {};
  for (const name of PHASES) {
    const ms = from.f64();
    if (!Number.isNaN(ms)) phases[name] = ms;
  }
  return phases;
}
