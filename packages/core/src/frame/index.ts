export { Column } from './column.js';
export type { ColumnData, ColumnParts, DictionaryData, ListData, NumericArray } from './column.js';
export { parseDType, tryParseDType } from './dtype.js';
export type { DType, DTypeInfo, DTypeKind, ScalarDType, ScalarValue, TimeUnit, VectorValue } from './dtype.js';
export { Frame } from './frame.js';
export type { AnyRecord } from './frame.js';
