import type { NumericArray } from '../../frame/column.js';
import type { DTypeKind } from '../../frame/dtype.js';
import { arrayTypeOfKind } from '../../frame/storage.js';
import { isPaired } from './value-code.js';

/** Bytes of one stored value; a reference for text and binary. */
export function bytesPerValue(kind: DTypeKind): number {
  return arrayTypeOfKind(kind)?.BYTES_PER_ELEMENT ?? 8;
}

/**
 * Where the decoder puts the values of one field: `data` is the column's storage, `pairs` the same memory in halves
 * for 64-bit kinds. Lists grow; `used` counts their values and `offsets` bounds the rows.
 */
export class Slot {
  data: NumericArray | string[] | Uint8Array[];
  /** What generated code writes to: `pairs` for 64-bit kinds, otherwise `data`. */
  target: NumericArray | string[] | Uint8Array[];
  used = 0;
  capacity: number;
  offsets: Int32Array | undefined;
  validity: Uint8Array | undefined;

  constructor(
    readonly kind: DTypeKind,
    values: number,
    rows: number | undefined,
  ) {
    const type = arrayTypeOfKind(kind);
    this.data = type ? new type(values) : [];
    this.capacity = type ? values : Infinity;
    this.target = this.data;
    this.aim();
    if (rows !== undefined) this.offsets = new Int32Array(rows + 1);
  }

  private aim(): void {
    const { data } = this;
    this.target = isPaired(this.kind) ? new Int32Array((data as BigInt64Array).buffer, 0, data.length * 2) : data;
  }

  /** Makes room for `count` more values. */
  reserve(count: number): void {
    if (this.used + count <= this.capacity) return;
    const grown = new (arrayTypeOfKind(this.kind)!)(Math.max(this.capacity * 2, this.used + count, 8));
    (grown as Float64Array).set(this.data as Float64Array);
    this.data = grown;
    this.capacity = grown.length;
    this.aim();
  }

  /** The values written, without spare room. */
  values(): NumericArray | string[] | Uint8Array[] {
    return ArrayBuffer.isView(this.data) ? this.data.subarray(0, this.used) : this.data;
  }
}
