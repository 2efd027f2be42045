import {
  type FeaturePlan,
  float32OfInt64,
  float32OfText,
  IDENTITY,
  lengthError,
  numberError,
  type RowPlace,
  SCALE32,
  SCALE64,
  typeError,
  type ValueKind,
} from '@witan/inference';
import { FIXED32, FIXED64, LENGTH, VARINT, type WireReader } from './wire-reader.js';

interface Member {
  readonly kind: ValueKind;
  readonly isArray: boolean;
  /** The wire type of one value. */
  readonly wire: number;
}

/** The members of DataType's oneof, by field number. */
const MEMBERS: readonly (Member | undefined)[] = [
  undefined,
  { kind: 'double', isArray: false, wire: FIXED64 },
  { kind: 'float', isArray: false, wire: FIXED32 },
  { kind: 'int32', isArray: false, wire: VARINT },
  { kind: 'int64', isArray: false, wire: VARINT },
  { kind: 'string', isArray: false, wire: LENGTH },
  { kind: 'double', isArray: true, wire: FIXED64 },
  { kind: 'float', isArray: true, wire: FIXED32 },
  { kind: 'int32', isArray: true, wire: VARINT },
  { kind: 'int64', isArray: true, wire: VARINT },
  { kind: 'string', isArray: true, wire: LENGTH },
];
const VALUES_FIELD = 1;

/** Which transformations take a kind; the same as the vectorizer's for other sources. */
export function takes(code: number, kind: ValueKind): boolean {
  if (code === IDENTITY) return true;
  if (code === SCALE32) return kind === 'float' || kind === 'int32';
  if (code === SCALE64) return kind === 'double' || kind === 'int64';
  return kind === 'string';
}

/**
 * One DataType message, or several that are merged, read in full: the member that came last counts, repeated arrays of
 * one member are joined. A value that its feature cannot take is only refused by {@link write}, because a later one may
 * take its place; for the same reason texts are looked up there.
 */
export class FeatureValue {
  private member: Member | undefined;
  private count = 0;
  private numbers = NO_NUMBERS;
  /** Start and end of each text; those of a member that was given up are written over. */
  private readonly texts: number[] = [];

  /** @param feature absent: nothing is kept, the bytes are only checked */
  constructor(
    private readonly reader: WireReader,
    private readonly feature: FeaturePlan | undefined,
  ) {}

  /** Reads to the reader's limit. */
  merge(): void {
    const { reader } = this;
    while (reader.pos < reader.limit) {
      const tag = reader.tag();
      const member = MEMBERS[tag >>> 3];
      if (!member || (tag & 7) !== (member.isArray ? LENGTH : member.wire)) reader.skip(tag);
      else if (member.isArray) this.array(member);
      else {
        this.begin(member);
        this.value(member.kind);
      }
    }
  }

  /** Whether a value is set at all. */
  get isSet(): boolean {
    return this.member !== undefined;
  }

  /**
   * Writes the feature's numbers at `at`, where zeros are, and gives how many of its texts no category knows.
   * @throws {INF_ERR_VECTORIZE_VALUE}
   */
  write(out: Float32Array, at: number, place: RowPlace): number {
    const feature = this.feature!;
    const { kind, isArray } = this.member!;
    if (!takes(feature.code, kind)) throw typeError(feature, place, isArray ? `${kind} array` : kind);
    if (this.count * feature.unit !== feature.length) throw lengthError(feature, place, this.count * feature.unit);
    if (kind === 'string') return this.writeTexts(feature, out, at, place);
    out.set(this.numbers, at);
    return 0;
  }

  private begin(member: Member): void {
    this.member = member;
    this.count = 0;
  }

  private array(member: Member): void {
    const { reader } = this;
    if (this.member !== member) this.begin(member);
    const outer = reader.limit;
    const end = (reader.limit = reader.block());
    while (reader.pos < end) {
      const tag = reader.tag();
      if (tag === VALUES_FIELD * 8 + member.wire) this.value(member.kind);
      else if (tag === VALUES_FIELD * 8 + LENGTH) this.packed(member.kind);
      else reader.skip(tag);
    }
    reader.limit = outer;
  }

  private packed(kind: ValueKind): void {
    const { reader } = this;
    const outer = reader.limit;
    const end = (reader.limit = reader.block());
    while (reader.pos < end) this.value(kind);
    reader.limit = outer;
  }

  /** Reads one value, and keeps it if there is a place for it. */
  private value(kind: ValueKind): void {
    const { reader, feature } = this;
    const i = this.count++;
    const kept = feature !== undefined && (i + 1) * feature.unit <= feature.length;
    if (kind === 'string') {
      const start = reader.text();
      if (!kept) return;
      this.texts[2 * i] = start;
      this.texts[2 * i + 1] = reader.pos;
      return;
    }
    const number = this.number(kind);
    if (!kept || feature.unit > 1) return;
    if (this.numbers === NO_NUMBERS) this.numbers = new Float32Array(feature.length);
    this.numbers[i] = feature.code === IDENTITY ? number : scaled(feature, number);
  }

  /** An int64 as a double for float64 arithmetic, otherwise rounded once to float32. */
  private number(kind: ValueKind): number {
    const { reader } = this;
    if (kind === 'float') return reader.float();
    if (kind === 'double') return reader.double();
    reader.varint();
    if (kind === 'int32') return reader.lo;
    if (this.feature?.code === SCALE64) return reader.hi * 0x100000000 + (reader.lo >>> 0);
    return float32OfInt64(reader.lo, reader.hi);
  }

  private writeTexts(feature: FeaturePlan, out: Float32Array, at: number, place: RowPlace): number {
    const { texts } = this;
    const { bytes } = this.reader;
    let unknown = 0;
    for (let i = 0; i < this.count; i++) {
      const start = texts[2 * i]!;
      const end = texts[2 * i + 1]!;
      if (feature.categories.length > 0) unknown += this.writeCategory(feature, out, at, i, start, end);
      else out[at + i] = numberOf(bytes.toString('utf8', start, end), feature, place);
    }
    return unknown;
  }

  /** Gives 1 for a text that is not known. */
  private writeCategory(
    { unit, byBytes, vectors, defaults }: FeaturePlan,
    out: Float32Array,
    at: number,
    i: number,
    start: number,
    end: number,
  ): number {
    const index = byBytes.find(this.reader.view, start, end);
    const to = at + i * unit;
    if (index < 0) out.set(defaults.subarray(i * unit, (i + 1) * unit), to);
    else if (vectors.length === 0) out[to + index] = 1;
    else out.set(vectors.subarray(index * unit, (index + 1) * unit), to);
    return index < 0 ? 1 : 0;
  }
}

const NO_NUMBERS = new Float32Array(0);

function numberOf(text: string, feature: FeaturePlan, place: RowPlace): number {
  const number = float32OfText(text);
  if (number === undefined) throw numberError(feature, place, text);
  return number;
}

function scaled({ code, base, divisor }: FeaturePlan, number: number): number {
  if (code === SCALE64) return (number - base) / divisor;
  return Math.fround(Math.fround(number) - base) / divisor;
}
