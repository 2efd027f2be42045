import { Column } from './column.js';
import { columnOf } from './column-of.js';
import { type DType, parseDType } from './dtype.js';
import { type FrameErrorCode, frameError, shownValue } from './frame.errors.js';

/** What a column's values look like so far: a scalar tag and the inner sizes (`'ragged'` when they differ). */
interface Guess {
  readonly tag: Tag;
  /** `undefined` for a scalar. */
  readonly dims: readonly number[] | 'ragged' | undefined;
}

/** `number` and `nonfinite` become f64; `nothing` is the item of an empty array. */
type Tag =
  | 'nothing'
  | 'nonfinite'
  | 'number'
  | 'bool'
  | 'utf8'
  | 'i64'
  | 'timestamp(ms)'
  | 'binary'
  | 'f32'
  | 'i8'
  | 'i16'
  | 'i32'
  | 'u16'
  | 'u32'
  | 'u64';

const MAX_DEPTH = 8;
const NON_FINITE: ReadonlySet<unknown> = new Set(['NaN', 'Infinity', '-Infinity']);

const TYPED_CELLS: readonly (readonly [abstract new (...args: never[]) => object, Tag])[] = [
  [Float32Array, 'f32'],
  [Float64Array, 'number'],
  [Int8Array, 'i8'],
  [Int16Array, 'i16'],
  [Int32Array, 'i32'],
  [Uint16Array, 'u16'],
  [Uint32Array, 'u32'],
  [BigInt64Array, 'i64'],
  [BigUint64Array, 'u64'],
];

/** Finds the dtype and shape that a column of plain values has. */
class Inference {
  constructor(
    private readonly name: string,
    private readonly code: FrameErrorCode,
    private readonly maxBytes: number,
  ) {}

  column(values: ArrayLike<unknown>): Column {
    let guess: Guess | undefined;
    for (let row = 0; row < values.length; row++) {
      const value = values[row];
      if (value === null || value === undefined) continue;
      const seen = this.look(value, row, 0);
      guess = guess && guess !== seen ? this.merge(guess, seen, row, value) : seen;
    }
    return this.build(values, guess ?? { tag: 'number', dims: undefined });
  }

  private look(value: unknown, row: number, depth: number): Guess {
    if (typeof value === 'number') return NUMBER;
    if (typeof value === 'string') return NON_FINITE.has(value) ? NON_FINITE_TEXT : TEXT;
    if (typeof value === 'boolean') return BOOL;
    if (typeof value === 'bigint') return BIGINT;
    if (value instanceof Date) return DATE;
    if (value instanceof Uint8Array) return BINARY;
    if (Array.isArray(value)) return this.lookInside(value, row, depth);
    const typed = TYPED_CELLS.find(([type]) => value instanceof type);
    if (typed) return { tag: typed[1], dims: [(value as Float32Array).length] };
    throw this.error(row, `got ${shownValue(value)}, which no column type holds`);
  }

  private lookInside(cell: readonly unknown[], row: number, depth: number): Guess {
    if (depth >= MAX_DEPTH) throw this.error(row, `arrays nest deeper than ${MAX_DEPTH}`);
    let inner: Guess | undefined;
    for (const item of cell) {
      if (item === null || item === undefined)
        throw this.error(row, 'a null stands inside an array; only whole cells may be null');
      const seen = this.look(item, row, depth + 1);
      inner = inner && inner !== seen ? this.merge(inner, seen, row, item) : seen;
    }
    if (!inner) return { tag: 'nothing', dims: [0] };
    if (inner.dims === 'ragged') throw this.error(row, 'arrays of arrays must be rectangular');
    return { tag: inner.tag, dims: [cell.length, ...(inner.dims ?? [])] };
  }

  private merge(a: Guess, b: Guess, row: number, value: unknown): Guess {
    const tag = mergeTags(a.tag, b.tag);
    if (!tag || (a.dims === undefined) !== (b.dims === undefined)) {
      throw this.error(row, `got ${shownValue(value)} (${describe(b)}) where the rows before hold ${describe(a)}`);
    }
    const dims = mergeDims(a.dims, b.dims);
    if (dims === 'ragged' && (isDeep(a) || isDeep(b)))
      throw this.error(row, 'arrays of arrays must be rectangular and all of one shape');
    return { tag, dims };
  }

  private build(values: ArrayLike<unknown>, { tag, dims }: Guess): Column {
    const scalar = dtypeOfTag(tag);
    const name = `column '${this.name}'`;
    // Null cells of a vector take room that they did not take before.
    const bytes = values.length * (dims === undefined || dims === 'ragged' ? 1 : dims.reduce((a, b) => a * b, 1)) * 8;
    if (bytes > this.maxBytes) throw bytesError(bytes, this.maxBytes);
    if (dims === undefined) return columnOf(scalar, values, { name });
    if (
      dims !== 'ragged' &&
      (dims.length > 1 || (tag !== 'utf8' && tag !== 'binary' && tag !== 'nonfinite' && tag !== 'nothing'))
    ) {
      return columnOf(scalar, values, { name, shape: dims });
    }
    return columnOf(parseDType(`list<${scalar}>`), values, { name });
  }

  private error(row: number, text: string): Error {
    return frameError(this.code, `row ${row} of column '${this.name}': ${text}`);
  }
}

const NUMBER: Guess = { tag: 'number', dims: undefined };
const TEXT: Guess = { tag: 'utf8', dims: undefined };
const NON_FINITE_TEXT: Guess = { tag: 'nonfinite', dims: undefined };
const BOOL: Guess = { tag: 'bool', dims: undefined };
const BIGINT: Guess = { tag: 'i64', dims: undefined };
const DATE: Guess = { tag: 'timestamp(ms)', dims: undefined };
const BINARY: Guess = { tag: 'binary', dims: undefined };

function dtypeOfTag(tag: Tag): DType {
  if (tag === 'number' || tag === 'nothing') return 'f64';
  return tag === 'nonfinite' ? 'utf8' : tag;
}

function mergeTags(a: Tag, b: Tag): Tag | undefined {
  if (a === b || b === 'nothing') return a;
  if (a === 'nothing') return b;
  if (a === 'nonfinite') return b === 'number' || b === 'utf8' ? b : undefined;
  return b === 'nonfinite' && (a === 'number' || a === 'utf8') ? a : undefined;
}

/** Equal sizes stay; one-dimensional arrays of different sizes are ragged; deeper ones cannot be. */
function mergeDims(a: Guess['dims'], b: Guess['dims']): Guess['dims'] {
  if (a === undefined || b === undefined) return undefined;
  if (a === 'ragged' || b === 'ragged') return 'ragged';
  return a.length === b.length && a.every((dim, i) => dim === b[i]) ? a : 'ragged';
}

function isDeep({ dims }: Guess): boolean {
  return Array.isArray(dims) && dims.length > 1;
}

function describe({ tag, dims }: Guess): string {
  const one = tag === 'number' || tag === 'nonfinite' ? 'number' : tag;
  return dims === undefined ? one : `array of ${one}`;
}

/**
 * A column of plain values without a schema: booleans are bool, numbers f64, strings utf8, bigints i64, Dates
 * timestamp(ms), Uint8Arrays binary, arrays of numbers of one size vectors, of several sizes lists; arrays of text are
 * lists; a column without any value is f64.
 * @throws {code} for values that do not agree
 * @throws {CORE_ERR_FRAME_LIMIT} when the column would take more than `maxBytes` (8 bytes a value)
 */
export function inferColumn(
  name: string,
  values: ArrayLike<unknown>,
  code: FrameErrorCode = 'CORE_ERR_FRAME_VALUE',
  maxBytes = Infinity,
): Column {
  return new Inference(name, code, maxBytes).column(values);
}

/** The error for columns that would take more than they may. */
export function bytesError(bytes: number, maxBytes: number): Error {
  return frameError(
    'CORE_ERR_FRAME_LIMIT',
    `the columns take ${bytes} bytes once decoded, the limit is ${maxBytes}: send fewer rows or columns`,
  );
}

/** The values of one key over all records; `undefined` where a record has none of its own. */
export function pluck(records: readonly object[], name: string): unknown[] {
  const inherited = name in Object.prototype;
  const read = (record: object): unknown =>
    !inherited || Object.hasOwn(record, name) ? (record as Record<string, unknown>)[name] : undefined;
  return records.map(read);
}

/** The keys of all records, in order of first appearance. */
export function keysOf(records: readonly object[]): Set<string> {
  const keys = new Set<string>();
  for (const record of records) for (const key of Object.keys(record)) keys.add(key);
  return keys;
}
