import type { DTypeKind } from '../../frame/dtype.js';

type ValueKind = Exclude<DTypeKind, 'list'>;

/** Kinds whose typed array is read and written through an `Int32Array` of low and high halves. */
export function isPaired(kind: DTypeKind): boolean {
  return kind === 'i64' || kind === 'u64' || kind === 'timestamp' || kind === 'duration';
}

const LIMITS: Partial<Record<ValueKind, readonly [number, number]>> = {
  i8: [-128, 127],
  i16: [-32768, 32767],
  u8: [0, 255],
  u16: [0, 65535],
};

/**
 * JavaScript that reads one value from reader `r` into `array[index]` (or `pairs`, for 64-bit kinds). A value that
 * the dtype cannot hold is reported with `issues.range(row, field, value)`.
 */
export function readCode(kind: ValueKind, array: string, index: string, field: number): string {
  const limits = LIMITS[kind];
  if (limits) {
    const sign = kind.startsWith('u') ? ' >>> 0' : '';
    return `{ const v = r.int32()${sign}; if (v < ${limits[0]} || v > ${limits[1]}) issues.range(row, ${field}, v); ${array}[${index}] = v; }`;
  }
  if (isPaired(kind))
    return `{ r.varint64(); const at = (${index}) * 2; ${array}[at] = r.lo; ${array}[at + 1] = r.hi; }`;
  switch (kind) {
    case 'bool':
      return `${array}[${index}] = r.bool();`;
    case 'f32':
      return `${array}[${index}] = r.float();`;
    case 'f64':
      return `${array}[${index}] = r.double();`;
    case 'f16':
      return `{ const v = r.float(); const h = toHalf(v); if ((h & 0x7fff) === 0x7c00 && v - v === 0) issues.range(row, ${field}, v); ${array}[${index}] = h; }`;
    case 'utf8':
      return `${array}[${index}] = r.string();`;
    case 'binary':
      return `${array}[${index}] = r.copyBytes();`;
    default:
      return `${array}[${index}] = r.int32();`;
  }
}

/** JavaScript that writes one value of `array[index]` (or its pair) to writer `w`. */
export function writeCode(kind: ValueKind, array: string, index: string): string {
  if (isPaired(kind)) return `w.varint64(${array}[(${index}) * 2], ${array}[(${index}) * 2 + 1]);`;
  switch (kind) {
    case 'f32':
      return `w.float(${array}[${index}]);`;
    case 'f64':
      return `w.double(${array}[${index}]);`;
    case 'f16':
      return `w.float(fromHalf(${array}[${index}]));`;
    case 'utf8':
      return `w.string(${array}[${index}]);`;
    case 'binary':
      return `w.block(${array}[${index}]);`;
    case 'bool':
    case 'u8':
    case 'u16':
    case 'u32':
      return `w.uint32(${array}[${index}]);`;
    default:
      return `w.int32(${array}[${index}]);`;
  }
}
