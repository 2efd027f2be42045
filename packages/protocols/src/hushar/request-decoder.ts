import type { DefaultsLog, Vectorizer } from '@witan/inference';
import { CarefulRow } from './careful-row.js';
import { husharError } from './hushar.errors.js';
import { QuickRow } from './quick-row.js';
import { LENGTH, WireReader } from './wire-reader.js';

/** What one request may ask for. */
export interface RequestLimits {
  readonly maxRows: number;
  /** Bytes of the rows' numbers. */
  readonly maxDecodedBytes: number;
}

/** A request, decoded: the rows as numbers, and where in the message its ids lie. */
export interface DecodedRequest {
  readonly message: Buffer;
  readonly rows: number;
  /** Row after row, `width` numbers each. */
  readonly values: Float32Array;
  /** Start and end of each row's id. */
  readonly rowIds: Int32Array;
  readonly requestIdStart: number;
  readonly requestIdEnd: number;
}

const REQUEST_ID = 1 * 8 + LENGTH;
const INPUTS = 2 * 8 + LENGTH;

/**
 * Decodes InferenceRequest messages straight into the rows that a model takes: no maps, no strings. A row is read by
 * {@link QuickRow}, and once more with {@link CarefulRow} where that gives up.
 */
export class RequestDecoder {
  private readonly width: number;
  private readonly quick: QuickRow;
  private spans = new Int32Array(64);

  constructor(
    private readonly vectorizer: Vectorizer,
    private readonly limits: RequestLimits,
  ) {
    this.width = vectorizer.width;
    this.quick = new QuickRow(vectorizer);
  }

  /**
   * @param log takes note of the features that rows lack
   * @throws {HUSHAR_ERR_MALFORMED | HUSHAR_ERR_ROWS_LIMIT}
   * @throws {INF_ERR_VECTORIZE_VALUE} naming row and feature
   */
  decode(message: Buffer, log?: DefaultsLog): DecodedRequest {
    const reader = new WireReader(message);
    let rows = 0;
    let requestIdStart = 0;
    let requestIdEnd = 0;
    while (reader.pos < reader.limit) {
      const tag = reader.tag();
      if (tag === INPUTS) this.addSpan(rows++, reader);
      else if (tag === REQUEST_ID) {
        requestIdStart = reader.text();
        requestIdEnd = reader.pos;
      } else reader.skip(tag);
    }
    this.checkRows(rows);
    const values = new Float32Array(rows * this.width);
    const rowIds = new Int32Array(rows * 2);
    for (let row = 0; row < rows; row++) this.row(reader, row, values, rowIds, log);
    this.vectorizer.counters.rows += rows;
    if (this.spans.length > MAX_KEPT_SPANS) this.spans = new Int32Array(64);
    return { message, rows, values, rowIds, requestIdStart, requestIdEnd };
  }

  private addSpan(row: number, reader: WireReader): void {
    const end = reader.block();
    // Too many are only counted.
    if (row > this.limits.maxRows) {
      reader.pos = end;
      return;
    }
    if (2 * row === this.spans.length) {
      const more = new Int32Array(this.spans.length * 2);
      more.set(this.spans);
      this.spans = more;
    }
    this.spans[2 * row] = reader.pos;
    this.spans[2 * row + 1] = end;
    reader.pos = end;
  }

  private checkRows(rows: number): void {
    const { maxRows, maxDecodedBytes } = this.limits;
    if (rows > maxRows)
      throw husharError('HUSHAR_ERR_ROWS_LIMIT', `the request has ${rows} rows, the limit is ${maxRows}: split it`);
    const bytes = rows * this.width * 4;
    if (bytes > maxDecodedBytes) {
      const text = `${rows} rows of ${this.width} numbers take ${bytes} bytes, the limit is ${maxDecodedBytes}: split the request`;
      throw husharError('HUSHAR_ERR_ROWS_LIMIT', text);
    }
  }

  private row(
    reader: WireReader,
    row: number,
    values: Float32Array,
    rowIds: Int32Array,
    log: DefaultsLog | undefined,
  ): void {
    const start = this.spans[2 * row]!;
    const end = this.spans[2 * row + 1]!;
    const at = row * this.width;
    const seen = this.quick.read(reader, start, end, values, at, rowIds, 2 * row);
    if (seen >= 0) return this.quick.finish(seen, row, values, at, log);
    values.fill(0, at, at + this.width);
    const careful = new CarefulRow(reader, this.vectorizer);
    careful.read(start, end);
    careful.write(values, at, row, log);
    rowIds[2 * row] = careful.idStart;
    rowIds[2 * row + 1] = careful.idEnd;
  }
}

/** More are not kept from one request to the next. */
const MAX_KEPT_SPANS = 65_536;
