import { type Column, isDictionary, type ListData } from '../column.js';
import { fromFloat16Bits } from '../float16.js';
import { isValid } from '../bitmap.js';
import { float32Text, float64Text } from './numbers.js';

const MS_PER_DAY = 86_400_000;
/** Dates beyond this many milliseconds from the epoch do not exist in JavaScript. */
const MAX_DATE_MS = 8.64e15;

/** Text that needs no escapes is by far the most common: one scan instead of a call of JSON.stringify. */
// eslint-disable-next-line no-control-regex
const NEEDS_ESCAPE = /[\u0000-\u001f"\\\ud800-\udfff]/;

export function stringText(value: string): string {
  return value.length > 64 || NEEDS_ESCAPE.test(value) ? JSON.stringify(value) : '"' + value + '"';
}

function dateText(days: number): string {
  const ms = days * MS_PER_DAY;
  if (Math.abs(ms) > MAX_DATE_MS) return '' + days;
  const text = new Date(ms).toISOString();
  return '"' + text.slice(0, text.indexOf('T')) + '"';
}

function instantText(ms: number, count: bigint): string {
  return Math.abs(ms) > MAX_DATE_MS ? '' + count : '"' + new Date(ms).toISOString() + '"';
}

function bytesText(bytes: Uint8Array): string {
  return '"' + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64') + '"';
}

/** What generated code calls. */
export const CELL_TEXTS = {
  f16: (bits: number): string => float32Text(fromFloat16Bits(bits)),
  f32: float32Text,
  f64: float64Text,
  date32: dateText,
  s: (count: bigint): string => instantText(Number(count) * 1000, count),
  ms: (count: bigint): string => instantText(Number(count), count),
  text: stringText,
  bytes: bytesText,
  cell: cellText,
  isValid,
};

/** How the stored values of a column become text: a key of the code table below. */
export function writerKind({ dtype, data }: Column): string {
  const { kind, unit } = dtype;
  if (kind === 'utf8') return isDictionary(data) ? 'dictionary' : 'utf8';
  if (kind === 'timestamp') return unit === 'ms' || unit === 's' ? unit : 'plain';
  return /^(bool|f16|f32|f64|date32|binary|list)$/.test(kind) ? kind : 'plain';
}

/** Source text of the JSON of the stored value at `index` of the data `d`. */
export function valueCode(kind: string, d: string, index: string): string {
  switch (kind) {
    case 'bool':
      return `(${d}[${index}] !== 0 ? 'true' : 'false')`;
    case 'f16':
    case 'f32':
    case 'f64':
    case 'date32':
    case 's':
    case 'ms':
      return `h.${kind}(${d}[${index}])`;
    case 'utf8':
      return `h.text(${d}[${index}])`;
    case 'dictionary':
      return `h.text(${d}.values[${d}.codes[${index}]])`;
    case 'binary':
      return `h.bytes(${d}[${index}])`;
    default:
      return `${d}[${index}]`;
  }
}

type ValueText = (data: unknown, index: number) => string;
const valueTexts = new Map<string, ValueText>();

function valueTextOf(column: Column): ValueText {
  const kind = writerKind(column);
  let text = valueTexts.get(kind);
  if (!text) {
    const make = new Function('h', `return (d, i) => '' + ${valueCode(kind, 'd', 'i')};`) as (h: typeof CELL_TEXTS) => ValueText;
    valueTexts.set(kind, (text = make(CELL_TEXTS)));
  }
  return text;
}

/** The JSON of one cell of a vector or list column. */
function cellText(column: Column, row: number): string {
  if (column.dtype.kind === 'list') {
    const { offsets, values } = column.data as ListData;
    return rangeText(valueTextOf(values), values.data, offsets[row]!, offsets[row + 1]!);
  }
  return vectorText(valueTextOf(column), column.data, column.shape, 0, row * column.size, column.size);
}

function rangeText(text: ValueText, data: unknown, start: number, end: number): string {
  let out = '[';
  for (let i = start; i < end; i++) out += i === start ? text(data, i) : ',' + text(data, i);
  return out + ']';
}

/** One level of an inner shape: `size` values from `start`. */
function vectorText(text: ValueText, data: unknown, shape: readonly number[], depth: number, start: number, size: number): string {
  if (depth === shape.length - 1) return rangeText(text, data, start, start + size);
  const count = shape[depth]!;
  const inner = count === 0 ? 0 : size / count;
  let out = '[';
  for (let i = 0; i < count; i++) out += (i === 0 ? '' : ',') + vectorText(text, data, shape, depth + 1, start + i * inner, inner);
  return out + ']';
}

