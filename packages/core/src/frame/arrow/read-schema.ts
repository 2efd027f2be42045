import { type DType, type DTypeInfo, parseDType, type ScalarDType } from '../dtype.js';
import { frameError, shownValue } from '../frame.errors.js';
import type { FlatTable } from './flat-reader.js';
import { TIME_UNITS, TYPE, TYPE_NAMES } from './format.js';
import { malformed, MAX_NESTING, overLimit } from './limits.js';

/** How the buffers of one Arrow field are laid out; decides which buffers the reader takes, in which order. */
export type Layout =
  | { readonly is: 'bool' | 'fixed' }
  | { readonly is: 'bytes'; readonly wide: boolean }
  | { readonly is: 'view' }
  | { readonly is: 'vector'; readonly size: number; readonly child: Layout }
  | { readonly is: 'list'; readonly wide: boolean; readonly item: DTypeInfo; readonly child: Layout }
  | { readonly is: 'dictionary'; readonly id: number; readonly index: IndexType; readonly values: Layout };

export type IndexType = 'i8' | 'i16' | 'i32' | 'i64' | 'u8' | 'u16' | 'u32' | 'u64';

export interface FieldPlan {
  readonly name: string;
  readonly dtype: DTypeInfo;
  readonly shape: readonly number[];
  readonly layout: Layout;
}

/** The fields of a Schema message; `path` of each is its column's name, for messages. */
export function readSchema(schema: FlatTable, maxColumns: number): FieldPlan[] {
  if (schema.int16(0) !== 0) throw unsupported('big-endian data; write it little-endian');
  const count = schema.tableCount(1);
  if (count > maxColumns) throw overLimit(`${count} columns, more than ${maxColumns} (maxColumns)`);
  const names = new Set<string>();
  return Array.from({ length: count }, (_, i) => {
    const field = schema.tableAt(1, i);
    const name = field.text(0) ?? '';
    if (names.has(name)) throw malformed(`two columns are named ${shownValue(name)}`);
    names.add(name);
    return { name, ...readField(field, shownValue(name)) };
  });
}

function readField(field: FlatTable, column: string): Omit<FieldPlan, 'name'> {
  const shape: number[] = [];
  let inner = field;
  const sizes: number[] = [];
  while (inner.int8(2) === TYPE.FIXED_SIZE_LIST) {
    if (inner.table(4)) throw unsupported(`column ${column}: a dictionary of vectors`);
    const size = inner.table(3)?.int32(0) ?? 0;
    if (size < 0) throw malformed(`column ${column} has a vector of ${size} values`);
    sizes.push(size);
    shape.push(size);
    if (shape.length > MAX_NESTING) throw overLimit(`more than ${MAX_NESTING} nested vector sizes in column ${column}`);
    inner = onlyChild(inner, column);
  }
  const leaf = readLeaf(inner, column, sizes.length === 0);
  const layout = sizes.reduceRight<Layout>((child, size) => ({ is: 'vector', size, child }), leaf.layout);
  return { dtype: leaf.dtype, shape, layout };
}

function onlyChild(field: FlatTable, column: string): FlatTable {
  if (field.tableCount(5) !== 1)
    throw malformed(`column ${column} has a list type with ${field.tableCount(5)} children`);
  return field.tableAt(5, 0);
}

interface Leaf {
  readonly dtype: DTypeInfo;
  readonly layout: Layout;
}

function readLeaf(field: FlatTable, column: string, mayBeList: boolean): Leaf {
  const type = field.int8(2);
  const dictionary = field.table(4);
  if (dictionary) return readDictionaryField(field, dictionary, column);
  if (type === TYPE.LIST || type === TYPE.LARGE_LIST) {
    const item = mayBeList && readLeaf(onlyChild(field, column), column, false);
    if (!item) throw unsupported(`column ${column}: lists inside lists or vectors`);
    const dtype = parseDType(`list<${item.dtype.name as ScalarDType}>`);
    return { dtype, layout: { is: 'list', wide: type === TYPE.LARGE_LIST, item: item.dtype, child: item.layout } };
  }
  const detail = field.table(3);
  const dtype = parseDType(scalarName(type, detail, column));
  return { dtype, layout: layoutOf(type) };
}

function readDictionaryField(field: FlatTable, dictionary: FlatTable, column: string): Leaf {
  const type = field.int8(2);
  if (type !== TYPE.UTF8 && type !== TYPE.LARGE_UTF8 && type !== TYPE.UTF8_VIEW) {
    throw unsupported(
      `column ${column}: a dictionary of ${TYPE_NAMES[type] ?? type}; only dictionaries of text are held`,
    );
  }
  const index = dictionary.table(1);
  const indexType = index ? integerName(index, column) : 'i32';
  return {
    dtype: parseDType('utf8'),
    layout: { is: 'dictionary', id: dictionary.int64(0), index: indexType, values: layoutOf(type) },
  };
}

function layoutOf(type: number): Layout {
  switch (type) {
    case TYPE.BOOL:
      return { is: 'bool' };
    case TYPE.UTF8:
    case TYPE.BINARY:
      return { is: 'bytes', wide: false };
    case TYPE.LARGE_UTF8:
    case TYPE.LARGE_BINARY:
      return { is: 'bytes', wide: true };
    case TYPE.UTF8_VIEW:
    case TYPE.BINARY_VIEW:
      return { is: 'view' };
    default:
      return { is: 'fixed' };
  }
}

function scalarName(type: number, detail: FlatTable | undefined, column: string): DType {
  switch (type) {
    case TYPE.BOOL:
      return 'bool';
    case TYPE.UTF8:
    case TYPE.LARGE_UTF8:
    case TYPE.UTF8_VIEW:
      return 'utf8';
    case TYPE.BINARY:
    case TYPE.LARGE_BINARY:
    case TYPE.BINARY_VIEW:
      return 'binary';
    case TYPE.INT:
      return integerName(detail, column);
    case TYPE.FLOAT:
      return (['f16', 'f32', 'f64'] as const)[detail?.int16(0) ?? 0] ?? badParameter(column);
    default:
      return temporalName(type, detail, column);
  }
}

function integerName(detail: FlatTable | undefined, column: string): IndexType {
  const name = `${detail?.int8(1) ? 'i' : 'u'}${detail?.int32(0) ?? 0}`;
  return /^[iu](8|16|32|64)$/.test(name) ? (name as IndexType) : badParameter(column);
}

function temporalName(type: number, detail: FlatTable | undefined, column: string): DType {
  if (type === TYPE.DATE) {
    // The default unit of Arrow's Date is milliseconds, and that of Duration too.
    if ((detail?.int16(0, 1) ?? 1) === 0) return 'date32';
    throw unsupported(`column ${column}: Date in milliseconds (date64); cast it to date32 or a timestamp`);
  }
  if (type === TYPE.DURATION) return `duration(${TIME_UNITS[detail?.int16(0, 1) ?? 1] ?? badParameter(column)})`;
  if (type !== TYPE.TIMESTAMP) throw unsupported(`column ${column}: the type ${TYPE_NAMES[type] ?? `number ${type}`}`);
  const unit = TIME_UNITS[detail?.int16(0) ?? 0] ?? badParameter(column);
  const zone = detail?.text(1);
  if (!zone) return `timestamp(${unit})`;
  if (!/^[A-Za-z0-9_+:/-]{1,64}$/.test(zone)) throw malformed(`column ${column} has the time zone ${shownValue(zone)}`);
  return `timestamp(${unit}, ${zone})`;
}

function badParameter(column: string): never {
  throw malformed(`column ${column} has a type with an unknown width, precision or unit`);
}

export function unsupported(what: string): Error {
  return frameError('CORE_ERR_ARROW_UNSUPPORTED', `the Arrow stream has ${what}, which a Frame does not hold`);
}
