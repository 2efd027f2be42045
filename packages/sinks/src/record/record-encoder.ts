import { crc32 } from 'node:zlib';
import type { LogRecord } from '../sink/log-record.js';
import { ByteWriter, TooLarge } from './byte-writer.js';
import { FrameWriter } from './write-frame.js';

/** Before each record: these four bytes, its length, its CRC-32. */
export const MAGIC = 0x31_52_4c_57; // "WLR1"
export const HEAD_BYTES = 12;
export const KINDS = ['handler', 'service', 'model'] as const;
/** In the order of their flags. */
export const TEXTS = ['traceId', 'model', 'version', 'alias', 'experiment', 'variant'] as const;
export const PHASES = ['decodeMs', 'queueMs', 'vectorizeMs', 'tensorMs', 'inferMs', 'encodeMs'] as const;
export const HAS_INPUT = 1 << 6;
export const HAS_OUTPUT = 1 << 7;
export const HAS_ERROR = 1 << 8;
export const HAS_PHASES = 1 << 9;
export const HAS_RAW = 1 << 10;
export const ALL_FLAGS = (1 << 11) - 1;
/** A buffer that is kept for the next batch. */
const KEEP_BYTES = 1 << 20;

/** Records in their binary form: one after the other, each by itself, with a checksum. Costs 1 to 3 us a record. */
export class RecordEncoder {
  private readonly out = new ByteWriter();
  private readonly frames = new FrameWriter(this.out);

  /** @param maxBytes of one record */
  constructor(private readonly maxBytes: number = Infinity) {}

  /** Bytes so far. */
  get bytes(): number {
    return this.out.at;
  }

  /**
   * Adds a record; gives its bytes' number.
   * @throws TooLarge, or whatever a Frame of no sensible form throws; nothing was added then
   */
  add(record: LogRecord): number {
    const { out } = this;
    const start = out.at;
    out.limit = start + HEAD_BYTES + this.maxBytes;
    try {
      out.need(HEAD_BYTES);
      out.at += HEAD_BYTES;
      this.payload(record);
      if (out.at > out.limit) throw new TooLarge(out.limit);
    } catch (error) {
      out.at = start;
      throw error instanceof TooLarge ? new TooLarge(this.maxBytes) : error;
    }
    const from = start + HEAD_BYTES;
    out.setU32(start, MAGIC);
    out.setU32(start + 4, out.at - from);
    out.setU32(start + 8, crc32(out.buffer.subarray(from, out.at)));
    return out.at - start;
  }

  /** What was added, without a copy: until the next call. Then it is empty. */
  take(): Uint8Array {
    const bytes = this.out.buffer.subarray(0, this.out.at);
    this.out.reset(KEEP_BYTES);
    return bytes;
  }

  private payload(record: LogRecord): void {
    const { out } = this;
    const { error, phases, raw, input, output } = record;
    out.varint(flagsOf(record));
    out.u8(KINDS.indexOf(record.kind));
    out.string(record.id);
    out.string(record.requestId);
    out.f64(record.epochMs);
    out.f64(record.durationMs);
    out.string(record.point);
    out.string(record.service);
    for (const name of TEXTS) if (record[name] !== undefined) out.string(record[name]);
    if (input) this.frames.write(input);
    if (output) this.frames.write(output);
    if (error) {
      out.string(error.code);
      out.string(error.message);
    }
    if (phases) for (const name of PHASES) out.f64(phases[name] ?? NaN);
    if (raw) {
      out.string(raw.contentType);
      out.blob(raw.body);
    }
  }
}

function flagsOf(record: LogRecord): number {
  let flags = 0;
  for (let i = 0; i < TEXTS.length; i++) if (record[TEXTS[i]!] !== undefined) flags |= 1 << i;
  if (record.input) flags |= HAS_INPUT;
  if (record.output) flags |= HAS_OUTPUT;
  if (record.error) flags |= HAS_ERROR;
  if (record.phases) flags |= HAS_PHASES;
  if (record.raw) flags |= HAS_RAW;
  return flags;
}

/** Records in their binary form; `decodeRecords` reads it. */
export function encodeRecords(records: readonly LogRecord[]): Uint8Array {
  const encoder = new RecordEncoder();
  for (const record of records) encoder.add(record);
  return new Uint8Array(encoder.take());
}
