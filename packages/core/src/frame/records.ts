import { isValid } from './bitmap.js';
import { type Column, isDictionary } from './column.js';
import { fromFloat16Bits } from './float16.js';
import type { AnyRecord } from './frame.js';

type Rows = (columns: readonly Column[], rows: number) => AnyRecord[];

const HELPERS = { isValid, half: fromFloat16Bits, day: 86_400_000 };
const compiled = new Map<string, Rows>();

/**
 * Rows as plain objects. The loop is generated once per set of columns, so that every record is one object literal of
 * one hidden class and every column is read from its typed array directly.
 */
export function recordsOf(columns: ReadonlyMap<string, Column>, rows: number): AnyRecord[] {
  let signature = '';
  for (const [name, column] of columns)
    signature += `${name.length}:${name}${readerKind(column)}${column.validity ? '?' : '!'}`;
  let make = compiled.get(signature);
  if (!make) {
    make = compile(columns);
    if (compiled.size >= 1024) compiled.clear();
    compiled.set(signature, make);
  }
  return make([...columns.values()], rows);
}

/** How one column's cells are read: the part of a column that the generated code depends on. */
function readerKind(column: Column): string {
  const { kind, unit } = column.dtype;
  if (kind === 'list') return 'get';
  if (column.shape.length > 0) return /^(bool|f16|utf8|binary|date32|timestamp|duration)$/.test(kind) ? 'get' : 'view';
  if (kind === 'utf8') return isDictionary(column.data) ? 'dictionary' : 'plain';
  if (kind === 'timestamp') return unit === 'ms' ? 'ms' : unit === 's' ? 's' : 'plain';
  return kind === 'bool' || kind === 'f16' || kind === 'date32' ? kind : 'plain';
}

function cellCode(column: Column, i: number): string {
  switch (readerKind(column)) {
    case 'get':
      return `c${i}.get(r)`;
    case 'view':
      return `d${i}.subarray(r * s${i}, r * s${i} + s${i})`;
    case 'dictionary':
      return `d${i}.values[d${i}.codes[r]]`;
    case 'bool':
      return `d${i}[r] !== 0`;
    case 'f16':
      return `h.half(d${i}[r])`;
    case 'date32':
      return `new Date(d${i}[r] * h.day)`;
    case 'ms':
      return `new Date(Number(d${i}[r]))`;
    case 's':
      return `new Date(Number(d${i}[r]) * 1000)`;
    default:
      return `d${i}[r]`;
  }
}

function compile(columns: ReadonlyMap<string, Column>): Rows {
  let setUp = '';
  const fields: string[] = [];
  let i = 0;
  for (const [name, column] of columns) {
    setUp += `const c${i} = columns[${i}], d${i} = c${i}.data, s${i} = c${i}.size, v${i} = c${i}.validity;\n`;
    const code = cellCode(column, i);
    // The computed form makes even '__proto__' an ordinary own property.
    const key = name === '__proto__' ? `['__proto__']` : JSON.stringify(name);
    fields.push(`${key}: ${column.validity ? `h.isValid(v${i}, r) ? ${code} : null` : code}`);
    i++;
  }
  const body = `${setUp}const out = new Array(rows);\nfor (let r = 0; r < rows; r++) out[r] = { ${fields.join(', ')} };\nreturn out;`;
  const make = new Function('h', 'columns', 'rows', body) as (
    h: typeof HELPERS,
    columns: readonly Column[],
    rows: number,
  ) => AnyRecord[];
  return (parts, rows) => make(HELPERS, parts, rows);
}
