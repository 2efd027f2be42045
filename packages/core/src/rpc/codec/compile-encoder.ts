import type { ColumnData } from '../../frame/column.js';
import { fromFloat16Bits } from '../../frame/float16.js';
import { isPackable, LENGTH, wireTypeOf } from '../proto/scalar-type.js';
import type { WireField } from './compile-decoder.js';
import type { ProtoWriter } from './proto-writer.js';
import { writeCode } from './value-code.js';

/** One field's values, for the encoder. */
export interface Source {
  /** The storage; halves in an `Int32Array` for 64-bit kinds, strings and bytes as arrays. */
  readonly target: ColumnData;
  /** Absent: every message has the field. */
  readonly validity?: Uint8Array;
  /** Where each message's values of a `list` begin and end. */
  readonly offsets?: ArrayLike<number>;
  /** Values per message of a `vector`. */
  readonly size: number;
}

/** Writes `rows` messages, each with `tag` and its length before it; the writer goes backwards, so the last row first. */
export type MessagesEncoder = (w: ProtoWriter, rows: number, sources: readonly Source[]) => void;

/** Generates the encoder of one message type, as a repeated (or single) field with the tag `tag`. */
export function compileEncoder(fields: readonly WireField[], tag: number): MessagesEncoder {
  const lines = ['"use strict"; return function encode(w, rows, sources) {'];
  fields.forEach((field, i) => {
    lines.push(
      `const t${i} = sources[${i}].target, v${i} = sources[${i}].validity, o${i} = sources[${i}].offsets, n${i} = sources[${i}].size;`,
    );
  });
  lines.push('for (let row = rows - 1; row >= 0; row--) { const start = w.length;');
  for (let i = fields.length - 1; i >= 0; i--) lines.push(fieldCode(fields[i]!, i));
  lines.push(`w.uint32(w.length - start); w.uint32(${tag}); } };`);
  return new Function('fromHalf', lines.join('\n'))(fromFloat16Bits) as MessagesEncoder;
}

function fieldCode(field: WireField, i: number): string {
  const present = `if (v${i} === undefined || (v${i}[row >> 3] & (1 << (row & 7))) !== 0)`;
  const tag = field.number * 8 + wireTypeOf(field.scalar);
  if (field.form === 'scalar') return `${present} { ${writeCode(field.kind, `t${i}`, 'row')} w.uint32(${tag}); }`;
  const range =
    field.form === 'list'
      ? `const from = o${i}[row], to = o${i}[row + 1];`
      : `const from = row * n${i}, to = from + n${i};`;
  return `${present} { ${range} ${valuesCode(field, i)} }`;
}

function valuesCode(field: WireField, i: number): string {
  const write = writeCode(field.kind, `t${i}`, 'k');
  if (!isPackable(field.scalar)) {
    return `for (let k = to - 1; k >= from; k--) { ${write} w.uint32(${field.number * 8 + LENGTH}); }`;
  }
  const loop = `for (let k = to - 1; k >= from; k--) { ${write} }`;
  const raw = `w.raw(new Uint8Array(t${i}.buffer, t${i}.byteOffset + from * t${i}.BYTES_PER_ELEMENT, (to - from) * t${i}.BYTES_PER_ELEMENT));`;
  // Little-endian memory is the packed encoding of floats; below 16 values the loop is quicker than the view.
  const body = field.kind === 'f32' || field.kind === 'f64' ? `if (to - from > 16) { ${raw} } else { ${loop} }` : loop;
  return `if (to > from) { const mark = w.length; ${body} w.uint32(w.length - mark); w.uint32(${field.number * 8 + LENGTH}); }`;
}
