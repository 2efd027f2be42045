import { appendFile, mkdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { encodeRecords } from '../record/record-encoder.js';
import { decodeRecords } from '../record/record-decoder.js';
import type { LogRecord } from '../sink/log-record.js';
import { sinksError } from '../sinks.errors.js';

/** A record that nothing takes, and why. */
export interface DeadLetter {
  /** ISO 8601. */
  readonly at: string;
  readonly reason: string;
  readonly record: LogRecord;
}

/** The file of records that nothing takes: a line of JSON for each, the record itself in its binary form as base64. */
export class DeadLetters {
  private bytes: number | undefined;

  constructor(
    private readonly file: string,
    private readonly maxBytes: number,
  ) {}

  /** Gives whether it could be written down: not when the file is full, or the disk. */
  async add(record: LogRecord, reason: string, epochMs: number): Promise<boolean> {
    try {
      const line = lineOf(record, reason, epochMs);
      this.bytes ??= await sizeOf(this.file);
      if (this.bytes + line.length > this.maxBytes) return false;
      await appendFile(this.file, line);
      this.bytes += line.length;
      return true;
    } catch {
      return false;
    }
  }
}

function lineOf(record: LogRecord, reason: string, epochMs: number): string {
  const { id, requestId, point } = record;
  const at = new Date(epochMs).toISOString();
  return `${JSON.stringify({ at, reason, id, requestId, point, record: base64Of(record) })}\n`;
}

async function sizeOf(file: string): Promise<number> {
  await mkdir(dirname(file), { recursive: true });
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

/** Of a record that has no binary form, what is known of it beside its columns. */
function base64Of(record: LogRecord): string {
  const text = (of: LogRecord): string => Buffer.from(encodeRecords([of])).toString('base64');
  try {
    return text(record);
  } catch {
    return text({ ...record, input: undefined, output: undefined, raw: undefined });
  }
}

/**
 * The records of a dead-letter file, to look at or to send again. A line that was cut off by a crash is left out.
 * @throws {SINK_ERR_RECORD} when a whole line is none of them
 */
export async function readDeadLetters(file: string): Promise<DeadLetter[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1);
  return lines.map((line, i) => {
    const { at, reason, record } = parsed(line, i);
    return { at, reason, record: decodeRecords(Buffer.from(record, 'base64'))[0]! };
  });
}

function parsed(line: string, i: number): { at: string; reason: string; record: string } {
  try {
    const value = JSON.parse(line) as { at: string; reason: string; record: string };
    if (typeof value.record === 'string') return value;
  } catch {
    // Said below.
  }
  throw sinksError('SINK_ERR_RECORD', `line ${i + 1} of dead letters is none`);
}
