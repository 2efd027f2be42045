import { decodeRecords } from '../record/record-decoder.js';
import type { LogRecord } from '../sink/log-record.js';

/** Records on their way to a destination: bytes, until somebody wants objects. */
export class RecordBatch {
  private constructor(
    readonly count: number,
    /** When the request of its first record came. */
    readonly firstEpochMs: number,
    /** Their binary form, where there is one. */
    readonly encoded: Uint8Array | undefined,
    private made: readonly LogRecord[] | undefined,
  ) {}

  static of(records: readonly LogRecord[], encoded?: Uint8Array): RecordBatch {
    return new RecordBatch(records.length, records[0]?.epochMs ?? 0, encoded, records);
  }

  /** @param count of the records in `encoded` */
  static encoded(encoded: Uint8Array, count: number, firstEpochMs: number): RecordBatch {
    return new RecordBatch(count, firstEpochMs, encoded, undefined);
  }

  get records(): readonly LogRecord[] {
    return (this.made ??= decodeRecords(this.encoded!));
  }
}
