import { RecordEncoder } from '../record/record-encoder.js';
import type { LogRecord } from '../sink/log-record.js';
import { RecordBatch } from './record-batch.js';

/** Records that are taken out together at the most, by their bytes. */
const CHUNK_BYTES = 1 << 20;

/** Records one after the other in their binary form; the first `dropped` of them have made room. */
interface Chunk {
  /** `undefined`: they still lie in the encoder. */
  bytes: Uint8Array | undefined;
  readonly ends: number[];
  readonly epochsMs: number[];
  dropped: number;
}

/**
 * The newest records, up to a number and to a size; older ones make room. They are kept as bytes: thousands of waiting
 * Frames, which the garbage collector visits again and again, cost more than the writing.
 */
export class RecordRing {
  private readonly encoder: RecordEncoder;
  /** Oldest first. */
  private readonly chunks: Chunk[] = [];
  private bytes = 0;
  size = 0;

  /** @param chunkRecords that {@link take} gives at the most */
  constructor(
    private readonly maxRecords: number,
    private readonly maxBytes: number,
    private readonly chunkRecords: number,
  ) {
    this.encoder = new RecordEncoder(maxBytes);
  }

  /**
   * Gives how many records made room.
   * @throws TooLarge where one is too large by itself, or what a Frame of no sensible form throws
   */
  push(record: LogRecord): number {
    const chunk = this.open();
    const bytes = this.encoder.add(record);
    chunk.ends.push(this.encoder.bytes);
    chunk.epochsMs.push(record.epochMs);
    this.bytes += bytes;
    this.size++;
    let dropped = 0;
    for (; this.size > this.maxRecords || this.bytes > this.maxBytes; dropped++) this.drop();
    return dropped;
  }

  /** The oldest records; `undefined`: there are none. */
  take(): RecordBatch | undefined {
    const [chunk] = this.chunks;
    if (!chunk || this.size === 0) return undefined;
    const { ends, epochsMs, dropped } = chunk;
    const bytes = this.sealed(chunk).subarray(dropped === 0 ? 0 : ends[dropped - 1]!);
    this.chunks.shift();
    this.size -= ends.length - dropped;
    this.bytes -= bytes.length;
    return RecordBatch.encoded(bytes, ends.length - dropped, epochsMs[dropped]!);
  }

  private open(): Chunk {
    const last = this.chunks.at(-1);
    if (last && !last.bytes) {
      if (last.ends.length < this.chunkRecords && this.encoder.bytes < CHUNK_BYTES) return last;
      this.sealed(last);
    }
    const chunk: Chunk = { bytes: undefined, ends: [], epochsMs: [], dropped: 0 };
    this.chunks.push(chunk);
    return chunk;
  }

  private drop(): void {
    const [chunk] = this.chunks;
    const { ends, dropped } = chunk!;
    this.bytes -= ends[dropped]! - (dropped === 0 ? 0 : ends[dropped - 1]!);
    this.size--;
    chunk!.dropped++;
    if (chunk!.dropped < ends.length) return;
    this.sealed(chunk!);
    this.chunks.shift();
  }

  /** The encoder's buffer is used again. */
  private sealed(chunk: Chunk): Uint8Array {
    return (chunk.bytes ??= new Uint8Array(this.encoder.take()));
  }
}
