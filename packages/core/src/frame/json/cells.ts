import { type Column, isDictionary, type ListData } from '../column.js';
import { isBigIntKind } from '../dtype.js';
import { type JsonTextWriter, SCALAR_BYTES } from './text-writer.js';

/** How the stored values of a column become text: decides the code of {@link valueCode}. */
export function writerKind({ dtype, data }: Column): string {
  const { kind, unit } = dtype;
  if (kind === 'utf8') return isDictionary(data) ? 'dictionary' : 'utf8';
  if (kind === 'timestamp' && (unit === 'ms' || unit === 's')) return unit;
  if (kind === 'u64') return 'u64';
  if (isBigIntKind(kind)) return 'i64';
  return /^(bool|f16|f32|f64|date32|binary|list)$/.test(kind) ? kind : 'int';
}

/** 64-bit integers are read as two halves: a BigInt for each would cost more than its digits. */
export function readsHalves(kind: string): boolean {
  return kind === 'i64' || kind === 'u64' || kind === 's' || kind === 'ms';
}

/** A 64-bit column's data as low and high halves; any other data as it is. */
export function readable(kind: string, data: unknown): unknown {
  if (!readsHalves(kind)) return data;
  const wide = data as BigInt64Array;
  return new Int32Array(wide.buffer, wide.byteOffset, 2 * wide.length);
}

/** Source text that writes the stored value at `index` of the readable data `d` to the writer `w`. */
export function valueCode(kind: string, d: string, index: string): string {
  const halves = `${d}[2 * (${index})], ${d}[2 * (${index}) + 1]`;
  switch (kind) {
    case 'i64':
    case 'u64':
      return `w.${kind}(${halves})`;
    case 's':
      return `w.instant(${halves}, 1000)`;
    case 'ms':
      return `w.instant(${halves}, 1)`;
    case 'utf8':
      return `w.text(${d}[${index}])`;
    case 'dictionary':
      return `w.text(${d}.values[${d}.codes[${index}]])`;
    default:
      return `w.${kind}(${d}[${index}])`;
  }
}

type WriteRange = (w: JsonTextWriter, data: unknown, start: number, end: number) => void;
const rangeWriters = new Map<string, WriteRange>();

/** Writes values between brackets, one after the other: one generated loop for each kind of value. */
function rangeWriter(kind: string): WriteRange {
  let write = rangeWriters.get(kind);
  if (!write) {
    const body = `w.reserve((end - start + 2) * ${SCALAR_BYTES}); w.byte(91);
for (let i = start; i < end; i++) { if (i > start) w.byte(44); ${valueCode(kind, 'd', 'i')}; }
w.byte(93);`;
    write = new Function('w', 'd', 'start', 'end', body) as WriteRange;
    rangeWriters.set(kind, write);
  }
  return write;
}

type WriteCell = (w: JsonTextWriter, row: number) => void;

/** Writes the cells of a vector or list column. */
export function nestedWriter(column: Column): WriteCell {
  const { data, shape, size } = column;
  if (column.dtype.kind === 'list') {
    const { offsets, values } = data as ListData;
    const kind = writerKind(values);
    const write = rangeWriter(kind);
    const items = readable(kind, values.data);
    return (w, row) => write(w, items, offsets[row]!, offsets[row + 1]!);
  }
  const kind = writerKind(column);
  const write = rangeWriter(kind);
  const values = readable(kind, data);
  if (shape.length === 1) return (w, row) => write(w, values, row * size, (row + 1) * size);
  return (w, row) => writeLevel(w, write, values, shape, 0, row * size, size);
}

/** One level of an inner shape: the `size` values from `start`. */
function writeLevel(
  w: JsonTextWriter,
  write: WriteRange,
  data: unknown,
  shape: readonly number[],
  depth: number,
  start: number,
  size: number,
): void {
  if (depth === shape.length - 1) return write(w, data, start, start + size);
  const count = shape[depth]!;
  const inner = count === 0 ? 0 : size / count;
  w.reserve(SCALAR_BYTES);
  w.byte(0x5b);
  for (let i = 0; i < count; i++) {
    if (i > 0) w.byte(0x2c);
    writeLevel(w, write, data, shape, depth + 1, start + i * inner, inner);
  }
  w.reserve(SCALAR_BYTES);
  w.byte(0x5d);
}
