import type { Column } from '../column.js';
import type { Frame } from '../frame.js';
import { CELL_TEXTS, valueCode, writerKind } from './cells.js';

type Encode = (columns: readonly Column[], rows: number) => string;
type Form = 'records' | 'columns';

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
  for (const [name, column] of columns) signature += `${name.length}:${name}${codeKind(column)}${column.validity ? '?' : '!'}`;
  let encode = compiled.get(signature);
  if (!encode) {
    encode = compile(form, columns);
    // Names come from callers too: forget all rather than grow without end.
    if (compiled.size >= 1024) compiled.clear();
    compiled.set(signature, encode);
  }
  return encode;
}

function codeKind(column: Column): string {
  return column.shape.length > 0 ? 'vector' : writerKind(column);
}

/** Source text of the JSON of row `r` of column `i`. */
function cellCode(column: Column, i: number): string {
  const kind = codeKind(column);
  const code = kind === 'vector' || kind === 'list' ? `h.cell(c${i}, r)` : valueCode(kind, `d${i}`, 'r');
  return column.validity ? `(h.isValid(v${i}, r) ? ${code} : 'null')` : code;
}

function compile(form: Form, columns: ReadonlyMap<string, Column>): Encode {
  const body = form === 'records' ? recordsBody([...columns]) : columnsBody([...columns]);
  const setUp = Array.from({ length: columns.size }, (_, i) => `const c${i} = columns[${i}], d${i} = c${i}.data, v${i} = c${i}.validity;`);
  const encode = new Function('h', 'columns', 'rows', `${setUp.join('\n')}\n${body}`) as (
    h: typeof CELL_TEXTS,
    columns: readonly Column[],
    rows: number,
  ) => string;
  return (parts, rows) => encode(CELL_TEXTS, parts, rows);
}

/** A string literal of generated code. */
function literal(text: string): string {
  return JSON.stringify(text);
}

function recordsBody(columns: readonly (readonly [string, Column])[]): string {
  const parts = columns.map(([name, column], i) => `${literal(`${i === 0 ? '' : ','}${JSON.stringify(name)}:`)} + ${cellCode(column, i)}`);
  const row = ["'{'", ...parts, "'}'"].join(' + ');
  return `if (rows === 0) return '[]';
let out = '[';
for (let r = 0; r < rows; r++) { if (r > 0) out += ','; out += ${row}; }
return out + ']';`;
}

function columnsBody(columns: readonly (readonly [string, Column])[]): string {
  const loops = columns.map(
    ([name, column], i) => `out += ${literal(`${i === 0 ? '' : ','}${JSON.stringify(name)}:[`)};
for (let r = 0; r < rows; r++) { if (r > 0) out += ','; out += ${cellCode(column, i)}; }
out += ']';`,
  );
  return `let out = '{';\n${loops.join('\n')}\nreturn out + '}';`;
}
