import type { NumericArray } from '../../frame/column.js';
import type { DTypeKind } from '../../frame/dtype.js';
import { isPaired } from './value-code.js';

const ARRAY_OF: Partial<Record<DTypeKind, new (length: number) => NumericArray>> = {
  bool: Uint8Array,
  i8: Int8Array,
  i16: Int16Array,
  i32: Int32Array,
  i64: BigInt64Array,
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  u64: BigUint64Array,
  f16: Uint16Array,
  f32: Float32Array,
  f64: Float64Array,
  date32: Int32Array,
  timestamp: BigInt64Array,
  duration: BigInt64Array,
};

/** Bytes of one stored value; a reference for text and binary. */
export function bytesPerValue(kind: DTypeKind): number {
  const type = ARRAY_OF[kind] as unknown as { BYTES_PER_ELEMENT: number } | undefined;
  return type?.BYTES_PER_ELEMENT ?? 8;
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
    const type = ARRAY_OF[kind];
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
    const grown = new ARRAY_OF[this.kind]!(Math.max(this.capacity * 2, this.used + count, 8));
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
