/** The numbers of Arrow's IPC format (Schema.fbs and Message.fbs of the Arrow project, format version 1.x). */
export const MESSAGE = { SCHEMA: 1, DICTIONARY_BATCH: 2, RECORD_BATCH: 3 } as const;

export const METADATA_V4 = 3;
export const METADATA_V5 = 4;

export const TYPE = {
  INT: 2,
  FLOAT: 3,
  BINARY: 4,
  UTF8: 5,
  BOOL: 6,
  DATE: 8,
  TIMESTAMP: 10,
  LIST: 12,
  FIXED_SIZE_LIST: 16,
  DURATION: 18,
  LARGE_BINARY: 19,
  LARGE_UTF8: 20,
  LARGE_LIST: 21,
  BINARY_VIEW: 23,
  UTF8_VIEW: 24,
} as const;

/** Arrow's names of its types, by number, for messages. */
export const TYPE_NAMES: readonly string[] = [
  'none',
  'Null',
  'Int',
  'FloatingPoint',
  'Binary',
  'Utf8',
  'Bool',
  'Decimal',
  'Date',
  'Time',
  'Timestamp',
  'Interval',
  'List',
  'Struct',
  'Union',
  'FixedSizeBinary',
  'FixedSizeList',
  'Map',
  'Duration',
  'LargeBinary',
  'LargeUtf8',
  'LargeList',
  'RunEndEncoded',
  'BinaryView',
  'Utf8View',
  'ListView',
  'LargeListView',
];

export const TIME_UNITS = ['s', 'ms', 'us', 'ns'] as const;

/** Four bytes of ones before each message; then the length of its metadata, 0 at the end of the stream. */
export const CONTINUATION = -1;

export const END_OF_STREAM: Uint8Array = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);
