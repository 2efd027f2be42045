import type { DTypeKind } from '../../frame/dtype.js';
import { toFloat16Bits } from '../../frame/float16.js';
import { isPackable, LENGTH, type ProtoScalar, wireTypeOf } from '../proto/scalar-type.js';
import type { ProtoReader } from './proto-reader.js';
import type { Slot } from './slot.js';
import { readCode } from './value-code.js';

/** One field of a message, for the decoder's generator. */
export interface WireField {
  readonly number: number;
  readonly kind: Exclude<DTypeKind, 'list'>;
  readonly scalar: ProtoScalar;
  /** `scalar`: last one wins; `vector`: `size` values per message; `list`: any number, bounded by the slot's offsets. */
  readonly form: 'scalar' | 'vector' | 'list';
  readonly size: number;
}

/** What the decoder reports: cells that do not fit. It does not stop for them. */
export interface Issues {
  /** A value that the dtype cannot hold. */
  range(row: number, field: number, value: number): void;
  /** A vector with `count` values; 0: none. `count` of -1 means too many. */
  size(row: number, field: number, count: number): void;
  /** Scalar fields that the message did not carry: bits of `mask` are clear, from field `first` of the scalars. */
  missing(row: number, first: number, mask: number): void;
}

/** Decodes message i of `spans` (start at 2i, end at 2i + 1) into row i of the slots. */
export type MessagesDecoder = (
  r: ProtoReader,
  spans: ArrayLike<number>,
  rows: number,
  slots: readonly Slot[],
  issues: Issues,
) => void;

const MASK_BITS = 30;

/**
 * Generates the decoder of one message type: a switch over tags that writes straight into the columns. Unknown fields
 * and known ones with another wire type are skipped; packed and unpacked values are both taken.
 */
export function compileDecoder(fields: readonly WireField[]): MessagesDecoder {
  const scalars = fields.flatMap((field, index) => (field.form === 'scalar' ? [index] : []));
  const words = Math.ceil(scalars.length / MASK_BITS);
  const lines: string[] = ['"use strict"; return function decode(r, spans, rows, slots, issues) {'];
  fields.forEach((field, i) => {
    lines.push(`const s${i} = slots[${i}];`);
    if (field.form !== 'list') lines.push(`const t${i} = s${i}.target;`);
  });
  lines.push(
    'for (let row = 0; row < rows; row++) {',
    'r.pos = spans[row * 2]; const end = r.limit = spans[row * 2 + 1];',
  );
  for (let word = 0; word < words; word++) lines.push(`let m${word} = 0;`);
  fields.forEach((field, i) => field.form === 'vector' && lines.push(`let n${i} = 0;`));
  lines.push('while (r.pos < end) { const tag = r.tag(); switch (tag) {');
  fields.forEach((field, i) => lines.push(fieldCases(field, i, scalars.indexOf(i))));
  lines.push('default: r.skip(tag); } }');
  for (let word = 0; word < words; word++) lines.push(maskCheck(word, scalars.length));
  fields.forEach((field, i) => lines.push(rowEnd(field, i)));
  lines.push('} };');
  return new Function('toHalf', lines.join('\n'))(toFloat16Bits) as MessagesDecoder;
}

function maskCheck(word: number, scalars: number): string {
  const bits = Math.min(MASK_BITS, scalars - word * MASK_BITS);
  return `if (m${word} !== ${2 ** bits - 1}) issues.missing(row, ${word * MASK_BITS}, m${word});`;
}

function rowEnd(field: WireField, i: number): string {
  if (field.form === 'vector') return `if (n${i} !== ${field.size}) issues.size(row, ${i}, n${i});`;
  return field.form === 'list' ? `if (s${i}.offsets !== undefined) s${i}.offsets[row + 1] = s${i}.used;` : '';
}

function fieldCases(field: WireField, i: number, scalarIndex: number): string {
  const tag = field.number * 8 + wireTypeOf(field.scalar);
  const one = oneValue(field, i, scalarIndex);
  const single = `case ${tag}: ${one} break;`;
  if (field.form === 'scalar' || !isPackable(field.scalar)) return single;
  return `${single}\ncase ${field.number * 8 + LENGTH}: { const stop = r.block(); r.limit = stop; ${bulk(field, i)} while (r.pos < stop) { ${one} } r.limit = end; break; }`;
}

function oneValue(field: WireField, i: number, scalarIndex: number): string {
  if (field.form === 'scalar') {
    const word = Math.floor(scalarIndex / MASK_BITS);
    return `${readCode(field.kind, `t${i}`, 'row', i)} m${word} |= ${1 << (scalarIndex % MASK_BITS)};`;
  }
  if (field.form === 'list')
    return `s${i}.reserve(1); ${readCode(field.kind, `s${i}.target`, `s${i}.used`, i)} s${i}.used++;`;
  const read = readCode(field.kind, `t${i}`, `row * ${field.size} + n${i}`, i);
  return `if (n${i} < 0 || n${i} === ${field.size}) { n${i} = -1; r.skip(${wireTypeOf(field.scalar)} + 8); } else { ${read} n${i}++; }`;
}

/** Room for a whole packed block at once, where its bytes tell how many values it has. */
function bulk(field: WireField, i: number): string {
  if (field.form !== 'list') return '';
  const width = field.scalar === 'float' ? 4 : field.scalar === 'double' ? 8 : 0;
  return width === 0 ? '' : `s${i}.reserve((stop - r.pos) / ${width} | 0);`;
}
