import { Column } from '../column.js';
import { emptyColumn } from '../column-of.js';
import { Frame } from '../frame.js';
import { frameError } from '../frame.errors.js';
import { BatchBuffers } from './batch-buffers.js';
import { Dictionaries } from './dictionaries.js';
import { FlatTable } from './flat-reader.js';
import { CONTINUATION, MESSAGE, METADATA_V4, METADATA_V5 } from './format.js';
import { type ArrowLimits, Budget, malformed, overLimit } from './limits.js';
import { BatchReader } from './read-batch.js';
import { type FieldPlan, type Layout, readSchema, unsupported } from './read-schema.js';

/** What stands before a message's metadata: a marker and the metadata's length. */
const PREFIX_BYTES = 8;

/** Turns the messages of one stream into Frames, one for each record batch. */
class MessageDecoder {
  private plans: FieldPlan[] | undefined;
  private readonly budget: Budget;
  private readonly dictionaries: Dictionaries;
  private readonly layouts = new Map<number, Layout>();

  constructor(limits: ArrowLimits | undefined) {
    this.budget = new Budget(limits);
    this.dictionaries = new Dictionaries(this.budget);
  }

  /** A frame for a record batch, `undefined` for any other message. */
  decode(message: FlatTable, body: Uint8Array): Frame | undefined {
    const version = message.int16(0);
    if (version !== METADATA_V4 && version !== METADATA_V5)
      throw unsupported(`metadata version V${version + 1}; V4 and V5 are read`);
    const header = message.table(2);
    if (!header) throw malformed('a message has no header');
    switch (message.int8(1)) {
      case MESSAGE.SCHEMA:
        return this.schema(header);
      case MESSAGE.DICTIONARY_BATCH:
        return this.dictionary(header, body);
      case MESSAGE.RECORD_BATCH:
        return this.batch(header, body);
      default:
        throw unsupported(`a message of type ${message.int8(1)}`);
    }
  }

  /** A frame of no rows with the stream's columns. */
  empty(): Frame {
    if (!this.plans) throw frameError('CORE_ERR_ARROW_FORMAT', 'the Arrow stream is empty: not even a schema is there');
    return new Frame(
      this.plans.map(({ name, dtype, shape }) => [name, emptyColumn(dtype, shape)] as const),
      0,
    );
  }

  private schema(header: FlatTable): undefined {
    if (this.plans) throw malformed('it has two schemas');
    this.plans = readSchema(header, this.budget.maxColumns);
    for (const { layout } of this.plans) this.noteDictionary(layout);
  }

  private noteDictionary(layout: Layout): void {
    if (layout.is === 'dictionary') this.layouts.set(layout.id, layout.values);
    else if (layout.is === 'vector' || layout.is === 'list') this.noteDictionary(layout.child);
  }

  private dictionary(header: FlatTable, body: Uint8Array): undefined {
    const id = header.int64(0);
    const layout = this.layouts.get(id);
    const batch = header.table(1);
    if (!layout || !batch) throw malformed(`it has a dictionary (id ${id}) that no column uses, or one without values`);
    const buffers = new BatchBuffers(batch, body, this.budget);
    this.budget.spendRows(buffers.rows);
    const values = new BatchReader(buffers, undefined).readColumn(
      { name: `dictionary ${id}`, ...TEXT, layout },
      buffers.rows,
    );
    if (values.validity && values.nullCount > 0)
      throw unsupported(`a dictionary (id ${id}) with a null among its values`);
    this.dictionaries.set(id, values.strings(), header.int8(2) !== 0);
  }

  private batch(header: FlatTable, body: Uint8Array): Frame {
    if (!this.plans) throw malformed('a batch stands before the schema');
    const buffers = new BatchBuffers(header, body, this.budget);
    this.budget.spendRows(buffers.rows);
    const reader = new BatchReader(buffers, this.dictionaries);
    const columns = new Map<string, Column>();
    for (const plan of this.plans) columns.set(plan.name, reader.readColumn(plan, buffers.rows));
    return new Frame(columns, buffers.rows);
  }
}

const TEXT = { dtype: emptyColumn('utf8').dtype, shape: [] };

/** Where the next message of a buffer lies. */
interface MessageSpan {
  readonly message: FlatTable;
  readonly bodyStart: number;
  readonly end: number;
}

/**
 * The message at `at`: `'end'` at the end-of-stream marker, the number of bytes that must be there to go on when there
 * are fewer.
 */
function messageAt(bytes: Uint8Array, at: number): MessageSpan | 'end' | number {
  const left = bytes.length - at;
  if (left < PREFIX_BYTES) return PREFIX_BYTES;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, PREFIX_BYTES);
  if (view.getInt32(0, true) !== CONTINUATION) throw notAStream(bytes, at);
  const size = view.getInt32(4, true);
  if (size === 0) return 'end';
  if (size < 0) throw malformed('a message has metadata of negative length');
  if (left < PREFIX_BYTES + size) return PREFIX_BYTES + size;
  const message = FlatTable.root(bytes.subarray(at + PREFIX_BYTES, at + PREFIX_BYTES + size));
  const bodySize = message.int64(3);
  if (bodySize < 0) throw malformed('a message has a body of negative length');
  const bodyStart = at + PREFIX_BYTES + size;
  if (bytes.length - bodyStart < bodySize) return PREFIX_BYTES + size + bodySize;
  return { message, bodyStart, end: bodyStart + bodySize };
}

function notAStream(bytes: Uint8Array, at: number): Error {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset + at, Math.min(6, bytes.length - at)).toString('latin1');
  if (at === 0 && head === 'ARROW1') {
    return frameError(
      'CORE_ERR_ARROW_FORMAT',
      'this is an Arrow IPC file (Feather): write the IPC stream format (pyarrow.ipc.new_stream, polars write_ipc_stream)',
    );
  }
  if (at === 0)
    return frameError(
      'CORE_ERR_ARROW_FORMAT',
      'this is no Arrow IPC stream: its first four bytes are not the continuation marker',
    );
  return malformed('a message does not begin with the continuation marker');
}

/** Runs a decoding step; whatever it throws that is not ours says that the input is broken. */
function guarded<R>(step: () => R): R {
  try {
    return step();
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) {
      throw frameError('CORE_ERR_ARROW_MALFORMED', 'malformed Arrow stream', { cause: error });
    }
    throw error;
  }
}

/** Cells of binary columns are views of the input: those of a Buffer would be Buffers. */
function plainBytes(bytes: Uint8Array): Uint8Array {
  return Buffer.isBuffer(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : bytes;
}

/**
 * The Frame of an Arrow IPC stream: its record batches end to end. Columns are views of `input` where the alignment
 * allows it, so `input` must not be changed afterwards. The end-of-stream marker may be missing; what follows it is
 * ignored. Text must be UTF-8. Every length, offset and count is checked before it is used.
 * @throws {CORE_ERR_ARROW_FORMAT} for what is no stream
 * @throws {CORE_ERR_ARROW_MALFORMED} for a truncated or contradictory one
 * @throws {CORE_ERR_ARROW_UNSUPPORTED} for types that Frame does not hold
 * @throws {CORE_ERR_ARROW_CODEC} for broken compressed buffers
 * @throws {CORE_ERR_ARROW_LIMIT} for one beyond `limits`
 */
export function decodeArrowStream(input: Uint8Array, limits?: ArrowLimits): Frame {
  return guarded(() => {
    const bytes = plainBytes(input);
    const decoder = new MessageDecoder(limits);
    const frames: Frame[] = [];
    let at = 0;
    while (at < bytes.length) {
      const next = messageAt(bytes, at);
      if (next === 'end') break;
      if (typeof next === 'number')
        throw malformed(`it is cut short: ${next} bytes are needed from byte ${at}, ${bytes.length - at} are there`);
      const frame = decoder.decode(next.message, bytes.subarray(next.bodyStart, next.end));
      if (frame) frames.push(frame);
      at = next.end;
    }
    return frames.length > 0 ? Frame.concat(frames) : decoder.empty();
  });
}

/**
 * Reads an Arrow IPC stream as it arrives: {@link push} chunks of any size and take the Frames that they complete, one
 * for each record batch.
 */
export class ArrowStreamReader {
  private readonly decoder: MessageDecoder;
  private pending: Uint8Array[] = [];
  private pendingBytes = 0;
  private neededBytes = PREFIX_BYTES;
  private ended = false;

  /** @param maxMessageBytes the largest single message that is waited for. @default 67_108_864 (64 MiB) */
  constructor(
    limits?: ArrowLimits,
    private readonly maxMessageBytes = 2 ** 26,
  ) {
    this.decoder = new MessageDecoder(limits);
  }

  /** @throws what {@link decodeArrowStream} throws; the reader is then of no more use */
  push(chunk: Uint8Array): Frame[] {
    if (this.ended || chunk.length === 0) return [];
    this.pending.push(chunk);
    this.pendingBytes += chunk.length;
    if (this.pendingBytes < this.neededBytes) return [];
    const bytes = this.pending.length === 1 ? chunk : Buffer.concat(this.pending);
    return guarded(() => this.take(plainBytes(bytes)));
  }

  /**
   * Says that no more bytes come.
   * @throws {CORE_ERR_ARROW_MALFORMED} when a message is cut short
   * @throws {CORE_ERR_ARROW_FORMAT} when there was not even a schema
   */
  finish(): void {
    if (this.pendingBytes > 0 && !this.ended) throw malformed('it is cut short');
    this.decoder.empty();
  }

  private take(bytes: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    let at = 0;
    for (;;) {
      const next = messageAt(bytes, at);
      if (next === 'end') {
        this.ended = true;
        break;
      }
      if (typeof next === 'number') {
        if (next > this.maxMessageBytes)
          throw overLimit(`a message of ${next} bytes, more than ${this.maxMessageBytes} (maxMessageBytes)`);
        this.neededBytes = next;
        break;
      }
      const frame = this.decoder.decode(next.message, bytes.subarray(next.bodyStart, next.end));
      if (frame) frames.push(frame);
      at = next.end;
    }
    this.pending = at < bytes.length ? [bytes.subarray(at)] : [];
    this.pendingBytes = bytes.length - at;
    return frames;
  }
}
