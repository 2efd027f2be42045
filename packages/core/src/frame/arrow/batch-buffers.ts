import { type ArrowCodecName, decompressBuffer } from './compression.js';
import type { FlatTable } from './flat-reader.js';
import { type Budget, malformed } from './limits.js';

const CODECS: readonly ArrowCodecName[] = ['lz4', 'zstd'];

/** Hands out the field nodes and buffers of one RecordBatch table in order, each checked against the body. */
export class BatchBuffers {
  readonly rows: number;
  private readonly nodes: readonly number[];
  private readonly ranges: readonly number[];
  private readonly variadic: readonly number[];
  private readonly codec: ArrowCodecName | undefined;
  private node = 0;
  private range = 0;
  private variadicAt = 0;

  constructor(
    batch: FlatTable,
    private readonly body: Uint8Array,
    readonly budget: Budget,
  ) {
    this.rows = batch.int64(0);
    if (this.rows < 0) throw malformed('a batch has a negative number of rows');
    this.nodes = batch.int64s(1, 2);
    this.ranges = batch.int64s(2, 2);
    this.variadic = batch.int64s(4, 1);
    const compression = batch.table(3);
    if (compression) {
      this.codec = CODECS[compression.int8(0)];
      if (!this.codec || compression.int8(1) !== 0) throw malformed('a batch is compressed in an unknown way');
    }
  }

  nextNode(): { length: number; nullCount: number } {
    const length = this.nodes[2 * this.node];
    const nullCount = this.nodes[2 * this.node++ + 1];
    if (length === undefined || nullCount === undefined) throw malformed('a batch has fewer columns than the schema');
    if (length < 0) throw malformed('a column has a negative number of values');
    return { length, nullCount };
  }

  nextBuffer(): Uint8Array {
    const offset = this.ranges[2 * this.range];
    const length = this.ranges[2 * this.range++ + 1];
    if (offset === undefined || length === undefined)
      throw malformed('a batch has fewer buffers than its columns need');
    if (offset < 0 || length < 0 || offset + length > this.body.length)
      throw malformed('a buffer lies outside the body of its message');
    const buffer = this.body.subarray(offset, offset + length);
    return this.codec ? decompressBuffer(this.codec, buffer, this.budget) : buffer;
  }

  /** The data buffers of one column in the view layout. */
  nextVariadic(): Uint8Array[] {
    const count = this.variadic[this.variadicAt++] ?? 0;
    if (count < 0 || count > this.ranges.length / 2)
      throw malformed('a column in the view layout has an impossible number of buffers');
    return Array.from({ length: count }, () => this.nextBuffer());
  }
}
