import {
  type DefaultsLog,
  type FeaturePlan,
  float32OfText,
  IDENTITY,
  ONE_HOT,
  SCALE32,
  SCALE64,
  type Vectorizer,
} from '@witan/inference';
import { FeatureValue } from './feature-value.js';
import { isText, type WireReader } from './wire-reader.js';

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
  readonly index: number;
  readonly code: number;
  readonly offset: number;
  readonly length: number;
  readonly unit: number;
  readonly base: number;
  readonly divisor: number;
  readonly byBytes: FeaturePlan['byBytes'];
  readonly vectors: Float32Array;
  readonly defaults: Float32Array;

  constructor(feature: FeaturePlan) {
    this.index = feature.index;
    this.code = feature.code;
    this.offset = feature.offset;
    this.length = feature.length;
    this.unit = feature.unit;
    this.base = feature.base;
    this.divisor = feature.divisor;
    this.byBytes = feature.byBytes;
    this.vectors = feature.vectors;
    this.defaults = feature.defaults;
  }
}

/**
 * Reads rows in the form in which clients write them in one pass each, guessing that features come in the config's
 * order; gives up on anything else: long names, repeated entries, wrong types, malformed bytes.
 */
export class QuickRow {
  private readonly features: readonly WireFeature[];
  /** The row in which each feature was seen last, by serial number. */
  private readonly seenIn: Int32Array;
  private serial = 0;
  /** Features of this row whose text no category knows. */
  private readonly unknown: Int32Array;
  private unknownCount = 0;

  constructor(private readonly vectorizer: Vectorizer) {
    const { features } = vectorizer.plan;
    this.features = features.map((feature) => new WireFeature(feature));
    this.seenIn = new Int32Array(features.length);
    this.unknown = new Int32Array(features.length);
  }

  /**
   * One pass over a row. Gives how many features it had, or -1 for a row that is to be read with care: what was written
   * until then means nothing.
   */
  read(
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

  /** Counts what {@link read} saw last, and fills in what the row lacks. `seen`: what it gave. */
  finish(seen: number, row: number, values: Float32Array, at: number, log: DefaultsLog | undefined): void {
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
