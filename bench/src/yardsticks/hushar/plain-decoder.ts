// What a decoder of Hushar's requests costs that checks nothing and counts nothing: single-byte lengths of keys and
// values, exactly one value a feature, no arrays, no errors. A yardstick, not a server.

interface PlainFeature {
  readonly key: Buffer;
  readonly kind: 'number' | 'one-hot' | 'embedding';
  readonly offset: number;
  readonly length: number;
  readonly base: number;
  readonly divisor: number;
  readonly texts: PlainTable;
  readonly vectors: Float32Array;
}

interface Transformation {
  readonly type: string;
  readonly default_val: readonly number[];
  readonly min?: number;
  readonly max?: number;
  readonly mean?: number;
  readonly std_dev?: number;
  readonly categories?: readonly string[];
  readonly embeddings?: Readonly<Record<string, readonly number[]>>;
}

export interface PlainConfig {
  readonly feature_transformations: Readonly<Record<string, Transformation>>;
  readonly feature_order: readonly string[];
}

/** Texts by a hash of their bytes. */
class PlainTable {
  private readonly slots: Int32Array;
  private readonly keys: readonly Buffer[];

  constructor(texts: readonly string[]) {
    this.keys = texts.map((text) => Buffer.from(text));
    let size = 16;
    while (size < texts.length * 2) size *= 2;
    this.slots = new Int32Array(size);
    this.keys.forEach((key, i) => {
      let at = hash(key, 0, key.length) & (size - 1);
      while (this.slots[at]! > 0) at = (at + 1) & (size - 1);
      this.slots[at] = i + 1;
    });
  }

  find(bytes: Buffer, start: number, end: number): number {
    const mask = this.slots.length - 1;
    for (let at = hash(bytes, start, end) & mask; ; at = (at + 1) & mask) {
      const index = this.slots[at]! - 1;
      if (index < 0 || isKey(this.keys[index]!, bytes, start, end)) return index;
    }
  }
}

/** Fowler, Noll and Vo's, 1a. */
function hash(bytes: Buffer, start: number, end: number): number {
  let value = 0x811c9dc5;
  for (let i = start; i < end; i++) value = Math.imul(value ^ bytes[i]!, 0x01000193);
  return value >>> 0;
}

function isKey(key: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (key.length !== end - start) return false;
  for (let i = 0; i < key.length; i++) if (key[i] !== bytes[start + i]) return false;
  return true;
}

export class PlainDecoder {
  readonly width: number;
  private readonly features: readonly PlainFeature[];
  private readonly names: PlainTable;
  private readonly defaults: Float32Array;
  private at = 0;

  constructor({ feature_order, feature_transformations }: PlainConfig) {
    let offset = 0;
    this.features = feature_order.map((name) => {
      const feature = plainFeature(name, feature_transformations[name]!, offset);
      offset += feature.length;
      return feature;
    });
    this.width = offset;
    this.names = new PlainTable(feature_order);
    this.defaults = Float32Array.from(feature_order.flatMap((name) => feature_transformations[name]!.default_val));
  }

  /** Rows as numbers; `out` is large enough. Gives how many. */
  decode(bytes: Buffer, out: Float32Array): number {
    let rows = 0;
    this.at = 0;
    while (this.at < bytes.length) {
      const tag = bytes[this.at++];
      const end = this.length(bytes) + this.at;
      if (tag === 0x12) this.row(bytes, end, out, rows++ * this.width);
      this.at = end;
    }
    return rows;
  }

  private row(bytes: Buffer, end: number, out: Float32Array, rowAt: number): void {
    out.set(this.defaults, rowAt);
    let guess = 0;
    while (this.at < end) {
      const tag = bytes[this.at++];
      const stop = this.length(bytes) + this.at;
      if (tag === 0x12) {
        const key = this.at + 2;
        const keyEnd = key + bytes[this.at + 1]!;
        const expected = this.features[guess];
        const index = expected && isKey(expected.key, bytes, key, keyEnd) ? guess : this.names.find(bytes, key, keyEnd);
        if (index >= 0) {
          this.value(bytes, keyEnd + 2, this.features[index]!, out, rowAt);
          guess = index + 1;
        }
      }
      this.at = stop;
    }
  }

  private value(bytes: Buffer, at: number, feature: PlainFeature, out: Float32Array, rowAt: number): void {
    const to = rowAt + feature.offset;
    if (feature.kind === 'number') {
      bits[0] = bytes[at + 1]! | (bytes[at + 2]! << 8) | (bytes[at + 3]! << 16) | (bytes[at + 4]! << 24);
      out[to] = (floats[0]! - feature.base) / feature.divisor;
      return;
    }
    const index = feature.texts.find(bytes, at + 2, at + 2 + bytes[at + 1]!);
    if (index < 0) return;
    if (feature.kind === 'one-hot') {
      out.fill(0, to, to + feature.length);
      out[to + index] = 1;
    } else
      for (let i = 0, from = index * feature.length; i < feature.length; i++) out[to + i] = feature.vectors[from + i]!;
  }

  private length(bytes: Buffer): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[this.at++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }
}

const bits = new Int32Array(1);
const floats = new Float32Array(bits.buffer);

function plainFeature(name: string, t: Transformation, offset: number): PlainFeature {
  const texts = t.categories ?? Object.keys(t.embeddings ?? {});
  return {
    key: Buffer.from(name),
    kind: t.categories ? 'one-hot' : t.embeddings ? 'embedding' : 'number',
    offset,
    length: t.default_val.length,
    base: t.min ?? t.mean ?? 0,
    divisor: t.max === undefined ? (t.std_dev ?? 1) : t.max - t.min!,
    texts: new PlainTable(texts),
    vectors: Float32Array.from(Object.values(t.embeddings ?? {}).flat()),
  };
}

/** The scores behind one another, each in a row of its own without an id. */
export function plainAnswer(scores: Float32Array, rows: number): Buffer {
  const out = Buffer.allocUnsafe(rows * 8);
  for (let row = 0; row < rows; row++) {
    out.set([0x12, 6, 0x12, 4], row * 8);
    out.writeFloatLE(scores[row]!, row * 8 + 4);
  }
  return out;
}
