import { RecordBatch } from '../policy/record-batch.js';
import { ByteWriter } from '../record/byte-writer.js';

/** How many records of those that are on file also wait in memory, so that they need not be read. */
const MAX_RECORDS = 4_096;
const MAX_BYTES = 8 << 20;
/** A buffer that is kept when it is empty. */
const KEEP_BYTES = 1 << 20;

/** The records of one turn of the event loop: they are delivered together. */
interface Turn {
  readonly records: number;
  readonly bytes: number;
  readonly firstEpochMs: number;
}

/** What was written to a file last, as the same bytes once more in memory. */
export class FreshRecords {
  private readonly out = new ByteWriter();
  private turns: Turn[] = [];
  records = 0;

  /** Gives `false`, and does not take them, where there is no room. */
  add(records: number, bytes: Uint8Array, firstEpochMs: number): boolean {
    if (this.records + records > MAX_RECORDS || this.out.at + bytes.length > MAX_BYTES) return false;
    this.out.raw(bytes);
    this.turns.push({ records, bytes: bytes.length, firstEpochMs });
    this.records += records;
    return true;
  }

  /** Whole turns, about `count` records. */
  take(count: number): RecordBatch {
    let [turns, records, bytes] = [0, 0, 0];
    while (turns < this.turns.length && records < count) {
      records += this.turns[turns]!.records;
      bytes += this.turns[turns++]!.bytes;
    }
    const { firstEpochMs } = this.turns[0]!;
    this.turns.splice(0, turns);
    this.records -= records;
    return RecordBatch.encoded(this.cut(bytes), records, firstEpochMs);
  }

  private cut(bytes: number): Uint8Array {
    const { out } = this;
    const taken = new Uint8Array(out.buffer.subarray(0, bytes));
    out.buffer.copyWithin(0, bytes, out.at);
    out.at -= bytes;
    if (out.at === 0) out.reset(KEEP_BYTES);
    return taken;
  }
}
