import { isValid } from '../bitmap.js';
import type { Column } from '../column.js';
import type { Frame } from '../frame.js';
import { nestedWriter, readable, valueCode, writerKind } from './cells.js';
import { JsonTextWriter, SCALAR_BYTES } from './text-writer.js';

type Encode = (columns: readonly Column[], rows: number) => string;
type Form = 'records' | 'columns';

/** What generated code calls beside the writer. */
const HELPERS = { isValid, readable, nestedWriter };
type Generated = (
  w: JsonTextWriter,
  h: typeof HELPERS,
  literals: readonly Uint8Array[],
  columns: readonly Column[],
  rows: number,
) => void;

/** One for the process: encoding is synchronous. */
const writer = new JsonTextWriter();
const compiled = new Map<string, Encode>();

/**
 * The Frame as the text of a JSON array of records. See docs/guide/frame.md for the form of each dtype: float32 as the
 * shortest decimal that reads back the same, 64-bit integers exactly, NaN and infinities as `"NaN"`, `"Infinity"`,
 * `"-Infinity"`, dates as ISO 8601 in UTC, binary as base64, vectors nested by shape.
 */
export function encodeJsonRecords(frame: Frame<object>): string {
  return encoderOf('records', frame.columns)([...frame.columns.values()], frame.rows);
}

/** The Frame as the text of a JSON object of one array per column; values as {@link encodeJsonRecords} writes them. */
export function encodeJsonColumns(frame: Frame<object>): string {
  return encoderOf('columns', frame.columns)([...frame.columns.values()], frame.rows);
}

/** One encoder for each form and set of columns: names, kinds of values, nullable or not. */
function encoderOf(form: Form, columns: ReadonlyMap<string, Column>): Encode {
  let signature: string = form;
  for (const [name, column] of columns)
    signature += `${name.length}:${name}${codeKind(column)}${column.validity ? '?' : '!'}`;
  let encode = compiled.get(signature);
  if (!encode) {
    encode = compile(form, [...columns]);
    // Names come from callers too: forget all rather than grow without end.
    if (compiled.size >= 1024) compiled.clear();
    compiled.set(signature, encode);
  }
  return encode;
}

function codeKind(column: Column): string {
  return column.shape.length > 0 ? 'list' : writerKind(column);
}

function compile(form: Form, columns: readonly (readonly [string, Column])[]): Encode {
  const keys = columns.map(([name], i) =>
    Buffer.from(`${i === 0 ? '' : ','}${JSON.stringify(name)}:${form === 'columns' ? '[' : ''}`),
  );
  const isAscii = keys.every((key) => key.every((byte) => byte < 0x80));
  const body = [
    ...columns.map(([, column], i) => setUpCode(column, i)),
    ...keys.map((_, i) => `const k${i} = literals[${i}];`),
    isAscii ? '' : 'w.notAscii();',
    form === 'records' ? recordsCode(columns, keys) : columnsCode(columns, keys),
  ];
  const write = new Function('w', 'h', 'literals', 'columns', 'rows', body.join('\n')) as Generated;
  return (parts, rows) => {
    try {
      write(writer, HELPERS, keys, parts, rows);
    } catch (error) {
      writer.take();
      throw error;
    }
    return writer.take();
  };
}

function setUpCode(column: Column, i: number): string {
  const kind = codeKind(column);
  const data = kind === 'list' ? `h.nestedWriter(columns[${i}])` : `h.readable('${kind}', columns[${i}].data)`;
  return `const d${i} = ${data}, v${i} = columns[${i}].validity;`;
}

/** Source text that writes row `r` of column `i`. */
function cellCode(column: Column, i: number): string {
  const kind = codeKind(column);
  const code = kind === 'list' ? `d${i}(w, r)` : valueCode(kind, `d${i}`, 'r');
  return column.validity ? `if (h.isValid(v${i}, r)) ${code}; else w.null();` : `${code};`;
}

/** Cells of other kinds make room themselves, and for a little more than they need: a key, a comma, a bracket. */
function rowCode(columns: readonly (readonly [string, Column])[], keys: readonly Uint8Array[]): string {
  return columns
    .map(
      ([, column], i) => `w.reserve(${keys[i]!.length + 2 * SCALAR_BYTES}); w.literal(k${i}); ${cellCode(column, i)}`,
    )
    .join('\n  ');
}

function recordsCode(columns: readonly (readonly [string, Column])[], keys: readonly Uint8Array[]): string {
  return `w.reserve(${SCALAR_BYTES});
w.byte(91);
for (let r = 0; r < rows; r++) {
  w.reserve(${SCALAR_BYTES});
  if (r > 0) w.byte(44);
  w.byte(123);
  ${rowCode(columns, keys)}
  w.byte(125);
}
w.byte(93);`;
}

function columnsCode(columns: readonly (readonly [string, Column])[], keys: readonly Uint8Array[]): string {
  const loops = columns.map(
    ([, column], i) => `w.reserve(${keys[i]!.length + SCALAR_BYTES});
w.literal(k${i});
for (let r = 0; r < rows; r++) { w.reserve(${2 * SCALAR_BYTES}); if (r > 0) w.byte(44); ${cellCode(column, i)} }
w.byte(93);`,
  );
  return `w.reserve(${SCALAR_BYTES});\nw.byte(123);\n${loops.join('\n')}\nw.byte(125);`;
}
