import {
  type DefaultsLog,
  float32OfText,
  IDENTITY,
  ONE_HOT,
  SCALE32,
  SCALE64,
  type Vectorizer,
} from '@witan/inference';
import { CarefulRow } from './careful-row.js';
import { husharError } from './hushar.errors.js';
import { FeatureValue } from './feature-value.js';
import { isText, LENGTH, WireReader } from './wire-reader.js';

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
// The bytes of tags below 16, by message.
const ROW_ID = 0x0a;
const FEATURES = 0x12;
const KEY = 0x0a;
const VALUE = 0x12;
const DOUBLE = 0x09;
const FLOAT = 0x15;
const INT32 = 0x18;
const INT64 = 0x20;
const STRING = 0x2a;
const FLOAT_ARRAY = 0x3a;
const VALUES = 0x0a;
/** Lengths below this have one byte. */
const LONG = 0x80;
const MAX_SERIAL = 0x7fffffff;

/** A feature as the inner loop sees it: one hidden class, nothing else. */
class WireFeature {
  constructor(
    readonly index: number,
    readonly code: number,
    readonly offset: number,
    readonly length: number,
    readonly unit: number,
    readonly base: number,
    readonly divisor: number,
    readonly byBytes: Vectorizer['plan']['features'][number]['byBytes'],
    readonly vectors: Float32Array,
    readonly defaults: Float32Array,
  ) {}
}

/**
 * Decodes InferenceRequest messages straight into the rows that a model takes: no maps, no strings. A row in the form
 * in which clients write it is read in one quick pass, which guesses that features come in the config's order; anything
 * else (long names, repeated entries, unknown fields, wrong types, malformed bytes) starts the row anew with
 * {@link CarefulRow}.
 */
export class RequestDecoder {
  private readonly features: readonly WireFeature[];
  private readonly width: number;
  /** The row in which each feature was seen last, by serial number. */
  private readonly seenIn: Int32Array;
  private serial = 0;
  /** Features of this row whose text no category knows. */
  private readonly unknown: Int32Array;
  private unknownCount = 0;
  private spans = new Int32Array(64);

  constructor(
    private readonly vectorizer: Vectorizer,
    private readonly limits: RequestLimits,
  ) {
    const { plan } = vectorizer;
    this.width = plan.width;
    this.features = plan.features.map(
      (f) =>
        new WireFeature(
          f.index,
          f.code,
          f.offset,
          f.length,
          f.unit,
          f.base,
          f.divisor,
          f.byBytes,
          f.vectors,
          f.defaults,
        ),
    );
    this.seenIn = new Int32Array(plan.features.length);
    this.unknown = new Int32Array(plan.features.length);
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
    const seen = this.quickRow(reader, start, end, values, at, rowIds, 2 * row);
    if (seen >= 0) return this.finishQuick(seen, row, values, at, log);
    values.fill(0, at, at + this.width);
    const careful = new CarefulRow(reader, this.vectorizer);
    careful.read(start, end);
    careful.write(values, at, row, log);
    rowIds[2 * row] = careful.idStart;
    rowIds[2 * row + 1] = careful.idEnd;
  }

  private finishQuick(seen: number, row: number, values: Float32Array, at: number, log: DefaultsLog | undefined): void {
    const { counters } = this.vectorizer;
    for (let i = 0; i < this.unknownCount; i++) counters.unknown[this.unknown[i]!]!++;
    if (seen === this.features.length) return;
    for (const { index, offset, defaults } of this.features) {
      if (this.seenIn[index] === this.serial) continue;
      values.set(defaults, at + offset);
      counters.defaulted[index]!++;
      log?.add(row, index);
    }
  }

  /**
   * One pass over a row. Gives how many features it had, or -1 for a row that is to be read with care: what was written
   * until then means nothing.
   */
  private quickRow(
    reader: WireReader,
    start: number,
    end: number,
    values: Float32Array,
    at: number,
    rowIds: Int32Array,
    idAt: number,
  ): number {
    const { bytes, view } = reader;
    const { features, seenIn } = this;
    const { names } = this.vectorizer.plan;
    const serial = this.nextSerial();
    this.unknownCount = 0;
    let guess = 0;
    let seen = 0;
    let pos = start;
    while (pos + 2 <= end) {
      const tag = bytes[pos]!;
      let length = bytes[pos + 1]!;
      pos += 2;
      if (length >= LONG) {
        // Two bytes are enough for entries of a few thousand numbers; longer ones are rare.
        if (pos >= end || bytes[pos]! >= LONG) return -1;
        length = (length & 0x7f) | (bytes[pos++]! << 7);
      }
      const stop = pos + length;
      if (stop > end) return -1;
      if (tag === FEATURES) {
        if (pos + 2 > stop || bytes[pos] !== KEY) return -1;
        const keyStart = pos + 2;
        const keyEnd = keyStart + bytes[pos + 1]!;
        // A key of 128 bytes or more has a longer length: then this is no value.
        if (bytes[pos + 1]! >= LONG || keyEnd + 2 > stop || bytes[keyEnd] !== VALUE) return -1;
        let from = keyEnd + 2;
        let size = bytes[keyEnd + 1]!;
        if (size >= LONG) {
          if (from >= stop || bytes[from]! >= LONG) return -1;
          size = (size & 0x7f) | (bytes[from++]! << 7);
        }
        if (from + size !== stop || size === 0) return -1;
        if (guess === features.length) guess = 0;
        const index = names.is(guess, view, keyStart, keyEnd) ? guess : names.find(view, keyStart, keyEnd);
        if (index >= 0) {
          if (seenIn[index] === serial) return -1;
          if (!this.quickValue(bytes, view, from, stop, features[index]!, values, at)) return -1;
          seenIn[index] = serial;
          seen++;
          guess = index + 1;
        } else {
          if (!isText(bytes, keyStart, keyEnd)) return -1;
          checkValue(reader, from, stop);
        }
      } else if (tag === ROW_ID) {
        if (!isText(bytes, pos, stop)) return -1;
        rowIds[idAt] = pos;
        rowIds[idAt + 1] = stop;
      } else return -1;
      pos = stop;
    }
    return pos === end ? seen : -1;
  }

  /** One DataType that has exactly one field. False: not of a form that is known here, or not of the right type. */
  private quickValue(
    bytes: Buffer,
    view: DataView,
    from: number,
    stop: number,
    feature: WireFeature,
    values: Float32Array,
    rowAt: number,
  ): boolean {
    const { code } = feature;
    const at = rowAt + feature.offset;
    const size = stop - from;
    switch (bytes[from]) {
      case FLOAT: {
        if (size !== 5 || feature.length !== 1) return false;
        const number = view.getFloat32(from + 1, true);
        if (code === IDENTITY) values[at] = number;
        else if (code === SCALE32) values[at] = Math.fround(number - feature.base) / feature.divisor;
        else return false;
        return true;
      }
      case STRING: {
        if (size < 2 || bytes[from + 1]! !== size - 2) return false;
        return this.quickText(bytes, view, from + 2, stop, feature, values, at);
      }
      case DOUBLE: {
        if (size !== 9 || feature.length !== 1) return false;
        const number = view.getFloat64(from + 1, true);
        if (code === IDENTITY) values[at] = number;
        else if (code === SCALE64) values[at] = (number - feature.base) / feature.divisor;
        else return false;
        return true;
      }
      case INT32:
      case INT64:
        return feature.length === 1 && this.quickInteger(bytes, from, stop, feature, values, at);
      case FLOAT_ARRAY:
        return this.quickFloats(bytes, view, from + 1, stop, feature, values, at);
      default:
        return false;
    }
  }

  /** Integers from 0 to 2 ** 28 - 1. */
  private quickInteger(
    bytes: Buffer,
    from: number,
    stop: number,
    feature: WireFeature,
    values: Float32Array,
    at: number,
  ): boolean {
    let number = 0;
    let shift = 0;
    let pos = from + 1;
    for (; pos < stop && shift < 28; shift += 7) {
      const byte = bytes[pos++]!;
      number |= (byte & 0x7f) << shift;
      if (byte < LONG) break;
    }
    if (pos !== stop || bytes[pos - 1]! >= LONG || pos === from + 1) return false;
    const { code } = feature;
    if (code === IDENTITY) values[at] = number;
    else if (code === SCALE32 && bytes[from] === INT32)
      values[at] = Math.fround(Math.fround(number) - feature.base) / feature.divisor;
    else if (code === SCALE64 && bytes[from] === INT64) values[at] = (number - feature.base) / feature.divisor;
    else return false;
    return true;
  }

  private quickText(
    bytes: Buffer,
    view: DataView,
    start: number,
    stop: number,
    feature: WireFeature,
    values: Float32Array,
    at: number,
  ): boolean {
    const { code, unit, length } = feature;
    if (unit !== length) return false;
    if (code < ONE_HOT) return code === IDENTITY && quickNumber(bytes, start, stop, values, at);
    const index = feature.byBytes.find(view, start, stop);
    if (index < 0) {
      if (!isText(bytes, start, stop)) return false;
      this.unknown[this.unknownCount++] = feature.index;
      values.set(feature.defaults, at);
    } else if (code === ONE_HOT) values[at + index] = 1;
    else {
      const { vectors } = feature;
      for (let i = 0, from = index * unit; i < unit; i++) values[at + i] = vectors[from + i]!;
    }
    return true;
  }

  /** An array of floats in one packed block. */
  private quickFloats(
    bytes: Buffer,
    view: DataView,
    from: number,
    stop: number,
    { code, length, base, divisor }: WireFeature,
    values: Float32Array,
    at: number,
  ): boolean {
    const outer = lengthAt(bytes, from, stop);
    const inner = from + (outer < LONG ? 1 : 2);
    if (outer < 0 || inner + outer !== stop || bytes[inner] !== VALUES) return false;
    const block = lengthAt(bytes, inner + 1, stop);
    const start = inner + 1 + (block < LONG ? 1 : 2);
    if (block !== 4 * length || start + block !== stop || code > SCALE32) return false;
    if (code === IDENTITY) for (let i = 0; i < length; i++) values[at + i] = view.getFloat32(start + 4 * i, true);
    else
      for (let i = 0; i < length; i++)
        values[at + i] = Math.fround(view.getFloat32(start + 4 * i, true) - base) / divisor;
    return true;
  }

  private nextSerial(): number {
    if (this.serial === MAX_SERIAL) {
      this.serial = 0;
      this.seenIn.fill(0);
    }
    return ++this.serial;
  }
}

/** More are not kept from one request to the next. */
const MAX_KEPT_SPANS = 65_536;
const LONG_TEXT = 24;

/** A length of one or two bytes; -1: longer, or cut short. Two bytes that could be one count as longer. */
function lengthAt(bytes: Buffer, at: number, stop: number): number {
  if (at + 1 >= stop) return -1;
  const first = bytes[at]!;
  if (first < LONG) return first;
  const second = bytes[at + 1]!;
  return second === 0 || second >= LONG ? -1 : (first & 0x7f) | (second << 7);
}

/** The value of a feature that the config does not know. */
function checkValue(reader: WireReader, start: number, end: number): void {
  new FeatureValue(reader.open(start, end), undefined).merge();
}

function quickNumber(bytes: Buffer, start: number, stop: number, values: Float32Array, at: number): boolean {
  if (stop - start > LONG_TEXT) return false;
  const number = float32OfText(bytes.toString('latin1', start, stop));
  if (number === undefined) return false;
  values[at] = number;
  return true;
}
