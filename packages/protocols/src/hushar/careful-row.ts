import type { DefaultsLog, FeaturePlan, RowPlace, VectorizePlan, Vectorizer } from '@witan/inference';
import { FeatureValue } from './feature-value.js';
import { LENGTH, type WireReader } from './wire-reader.js';

const ROW_ID = 1 * 8 + LENGTH;
const FEATURES = 2 * 8 + LENGTH;
const KEY = 1 * 8 + LENGTH;
const VALUE = 2 * 8 + LENGTH;
const MAX_ID_BYTES = 256;

/**
 * Reads an InputRow in whatever form protobuf allows: fields in any order, repeated entries (the last of a name counts),
 * keys or values that are missing or repeated, unknown fields. Slower than the quick way, which hands over what it does
 * not know; everything that is wrong with a row is found here.
 */
export class CarefulRow implements RowPlace {
  /** The row of the request that is being written. */
  row = 0;
  private readonly plan: VectorizePlan;
  /** Keeps nothing of what it reads. */
  private readonly checker: FeatureValue;
  /** By feature, where its last entry begins and ends. */
  private readonly entries = new Map<number, readonly [number, number]>();
  /** Where the row's id lies. */
  idStart = 0;
  idEnd = 0;

  constructor(
    private readonly reader: WireReader,
    private readonly vectorizer: Vectorizer,
  ) {
    this.plan = vectorizer.plan;
    this.checker = new FeatureValue(reader, undefined);
  }

  /**
   * Checks all of its bytes.
   * @throws {HUSHAR_ERR_MALFORMED}
   */
  read(start: number, end: number): void {
    const reader = this.reader.open(start, end);
    while (reader.pos < end) {
      const tag = reader.tag();
      if (tag === FEATURES) this.entry();
      else if (tag === ROW_ID) {
        this.idStart = reader.text();
        this.idEnd = reader.pos;
      } else reader.skip(tag);
    }
  }

  /**
   * Writes the row's numbers from index `at` on, where zeros are.
   * @throws {INF_ERR_VECTORIZE_VALUE}
   */
  write(out: Float32Array, at: number, row: number, log: DefaultsLog | undefined): void {
    const { counters } = this.vectorizer;
    this.row = row;
    for (const feature of this.plan.features) {
      const value = this.valueOf(feature);
      if (value?.isSet) {
        counters.unknown[feature.index]! += value.write(out, at + feature.offset, this);
      } else {
        out.set(feature.defaults, at + feature.offset);
        counters.defaulted[feature.index]!++;
        log?.add(row, feature.index);
      }
    }
  }

  private valueOf(feature: FeaturePlan): FeatureValue | undefined {
    const entry = this.entries.get(feature.index);
    if (!entry) return undefined;
    const value = new FeatureValue(this.reader, feature);
    this.values(value, entry[0], entry[1]);
    return value;
  }

  /** For messages. */
  get rowId(): string | undefined {
    const { idStart, idEnd } = this;
    if (idStart === idEnd) return undefined;
    return this.reader.bytes.toString('utf8', idStart, Math.min(idEnd, idStart + MAX_ID_BYTES));
  }

  private entry(): void {
    const { reader } = this;
    const outer = reader.limit;
    const end = (reader.limit = reader.block());
    const start = reader.pos;
    const index = this.keyOf(end);
    this.values(this.checker, start, end);
    if (index >= 0) this.entries.set(index, [start, end]);
    reader.limit = outer;
  }

  /** Merges every value of the entry between `start` and `end`. */
  private values(value: FeatureValue, start: number, end: number): void {
    const reader = this.reader.open(start, end);
    while (reader.pos < end) {
      const tag = reader.tag();
      if (tag !== VALUE) reader.skip(tag);
      else {
        reader.limit = reader.block();
        value.merge();
        reader.limit = end;
      }
    }
  }

  /** The feature that the entry is for: its key may come after its value, twice, or not at all (then it is empty). */
  private keyOf(end: number): number {
    const { reader } = this;
    let start = reader.pos;
    let stop = start;
    while (reader.pos < end) {
      const tag = reader.tag();
      if (tag === KEY) {
        start = reader.text();
        stop = reader.pos;
      } else reader.skip(tag);
    }
    return this.plan.names.find(this.reader.view, start, stop);
  }
}
