// For users.
export { Column } from './column.js';
export type { ColumnData, ColumnParts, DictionaryData, ListData, NumberArray, NumericArray } from './column.js';
export { columnOf } from './column-of.js';
export type { ColumnOptions } from './column-of.js';
export type { ColumnSource } from './build-frame.js';
export { parseDType, tryParseDType } from './dtype.js';
export type { DType, DTypeInfo, DTypeKind, ScalarDType, ScalarValue, TimeUnit, VectorValue } from './dtype.js';
export { Frame } from './frame.js';
export type { AnyRecord } from './frame.js';
export { encodeJsonColumns, encodeJsonRecords } from './json/encode.js';
export { inferFrameFromJson } from './json/infer-frame.js';
export type { InferLimits } from './json/infer-frame.js';
export { ArrowStreamReader, decodeArrowStream } from './arrow/read-stream.js';
export { ArrowStreamWriter, encodeArrowStream } from './arrow/write-stream.js';
export { registerArrowCodec } from './arrow/compression.js';
export type { ArrowCodecName, ArrowDecompress } from './arrow/compression.js';
export type { ArrowLimits } from './arrow/limits.js';

// For sibling packages (@internal).
export type { FrameOrigin, FrameSource } from './frame.js';
export { FRAME_ERRORS } from './frame.errors.js';
export { allValid, countNulls, isValid, setNull } from './bitmap.js';
export type { Bitmap } from './bitmap.js';
export { fromFloat16Bits, toFloat16Bits } from './float16.js';
export { arrayTypeOf } from './storage.js';
export { JsonTextWriter, SCALAR_BYTES } from './json/text-writer.js';
export { inferColumn } from './infer.js';
