import { arrayTypeOf, type DTypeInfo, tryParseDType } from '@witan/core/frame';
import { ByteReader } from '../../record/byte-reader.js';

/** How one column's cells become JSON. */
export const CELLS = ['bool', 'i8', 'i16', 'i32', 'i64', 'u8', 'u16', 'u32', 'u64', 'f32', 'f64', 'utf8'] as const;
export type Cell = (typeof CELLS)[number];

/** The columns of Frames that have the same bytes before their values. */
export interface FrameLayout {
  readonly bytes: Uint8Array;
  /** `{"x":"f32"}` */
  readonly types: Uint8Array;
  /** `{"x":`, then `,"y":` */
  readonly keys: readonly Uint8Array[];
  readonly cells: readonly Cell[];
  /** Bytes of a cell; 0: it has its length before it. */
  readonly sizes: readonly number[];
  readonly keyBytes: number;
  readonly isAscii: boolean;
}

/** The layout at `at`; `undefined` where a column is more than one simple value a row. */
export function readLayout(bytes: Uint8Array, at: number): FrameLayout | undefined {
  const from = new ByteReader(bytes, at);
  const count = from.varint();
  const names: string[] = [];
  const dtypes: DTypeInfo[] = [];
  for (let i = 0; i < count; i++) {
    names.push(from.string());
    const dtype = tryParseDType(from.string());
    if (!dtype || from.varint() > 0 || !isCell(dtype.kind)) return undefined;
    dtypes.push(dtype);
  }
  const keys = names.map((name, i) => Buffer.from(`${i === 0 ? '{' : ','}${JSON.stringify(name)}:`));
  const types = names.map((name, i) => `${JSON.stringify(name)}:${JSON.stringify(dtypes[i]!.name)}`);
  return {
    bytes: new Uint8Array(bytes.subarray(at, from.at)),
    types: Buffer.from(`{${types.join(',')}}`),
    keys,
    cells: dtypes.map(({ kind }) => kind as Cell),
    sizes: dtypes.map((dtype) => arrayTypeOf(dtype)?.BYTES_PER_ELEMENT ?? 0),
    keyBytes: keys.reduce((sum, { length }) => sum + length, 0),
    isAscii: keys.every((key) => key.every((byte) => byte < 0x80)),
  };
}

function isCell(kind: string): boolean {
  return CELLS.some((cell) => cell === kind);
}
