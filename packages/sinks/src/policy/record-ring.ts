import type { LogRecord } from '../sink/log-record.js';

/** The newest records, up to a number and to a size; older ones make room. */
export class RecordRing {
  private records: (LogRecord | undefined)[];
  private sizes: Float64Array;
  private first = 0;
  private bytes = 0;
  size = 0;

  constructor(
    private readonly maxRecords: number,
    private readonly maxBytes: number,
  ) {
    this.records = new Array<LogRecord | undefined>(maxRecords);
    this.sizes = new Float64Array(maxRecords);
  }

  /** Gives how many records made room, this one included where it is too large by itself. */
  push(record: LogRecord, bytes: number): number {
    if (bytes > this.maxBytes) return 1;
    let dropped = 0;
    while (this.size === this.maxRecords || this.bytes + bytes > this.maxBytes) {
      this.shift();
      dropped++;
    }
    const at = (this.first + this.size++) % this.maxRecords;
    this.records[at] = record;
    this.sizes[at] = bytes;
    this.bytes += bytes;
    return dropped;
  }

  /** The oldest records, up to `count`. */
  take(count: number): LogRecord[] {
    return Array.from({ length: Math.min(count, this.size) }, () => this.shift());
  }

  private shift(): LogRecord {
    const { first } = this;
    const record = this.records[first]!;
    this.records[first] = undefined;
    this.bytes -= this.sizes[first]!;
    this.first = (first + 1) % this.maxRecords;
    this.size--;
    return record;
  }
}
