/**
 * Names known beforehand, found by their UTF-8 bytes within a message, without making a string. Open addressing with
 * at most half of the places taken; what is found is compared byte for byte.
 */
export class ByteTable {
  /** 1 + index of the name; 0: free. */
  private readonly places: Int32Array;
  private readonly mask: number;
  /** Where each name begins in {@link bytes}; one more entry for the end of the last. */
  private readonly starts: Int32Array;
  private readonly bytes: DataView;

  constructor(names: readonly string[]) {
    const encoded = names.map((name) => Buffer.from(name, 'utf8'));
    const all = Buffer.concat(encoded);
    this.bytes = new DataView(all.buffer, all.byteOffset, all.length);
    this.starts = new Int32Array(names.length + 1);
    encoded.forEach((bytes, i) => (this.starts[i + 1] = this.starts[i]! + bytes.length));
    let places = 16;
    while (places < names.length * 2) places *= 2;
    this.mask = places - 1;
    this.places = new Int32Array(places);
    names.forEach((_, i) => this.insert(i));
  }

  /** The index of the name whose bytes lie in `view` from `start` to `end`; -1: none of them. */
  find(view: DataView, start: number, end: number): number {
    const { places, mask, starts } = this;
    const length = end - start;
    let at = hashOf(view, start, end) & mask;
    for (;;) {
      const index = places[at]! - 1;
      if (index < 0) return -1;
      const from = starts[index]!;
      if (starts[index + 1]! - from === length && this.equals(from, view, start, length)) return index;
      at = (at + 1) & mask;
    }
  }

  /** Whether the name of that index lies in `view` from `start` to `end`. */
  is(index: number, view: DataView, start: number, end: number): boolean {
    const from = this.starts[index]!;
    const length = end - start;
    return this.starts[index + 1]! - from === length && this.equals(from, view, start, length);
  }

  private insert(index: number): void {
    let at = hashOf(this.bytes, this.starts[index]!, this.starts[index + 1]!) & this.mask;
    while (this.places[at] !== 0) at = (at + 1) & this.mask;
    this.places[at] = index + 1;
  }

  /** Four bytes at a time; the last four may overlap those before. */
  private equals(from: number, view: DataView, start: number, length: number): boolean {
    const { bytes } = this;
    if (length < 4) {
      for (let i = 0; i < length; i++) if (bytes.getUint8(from + i) !== view.getUint8(start + i)) return false;
      return true;
    }
    const last = length - 4;
    for (let i = 0; i < last; i += 4)
      if (bytes.getInt32(from + i, true) !== view.getInt32(start + i, true)) return false;
    return bytes.getInt32(from + last, true) === view.getInt32(start + last, true);
  }
}

/** After MurmurHash2's mixing (Austin Appleby), on overlapping last bytes in place of a tail. */
function hashOf(view: DataView, start: number, end: number): number {
  let hash = end - start;
  if (hash < 4) {
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ view.getUint8(at), 0x5bd1e995);
    return hash ^ (hash >>> 15);
  }
  const last = end - 4;
  for (let at = start; at < last; at += 4) {
    hash = Math.imul(hash ^ view.getInt32(at, true), 0x5bd1e995);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ view.getInt32(last, true), 0x5bd1e995);
  return hash ^ (hash >>> 15);
}
