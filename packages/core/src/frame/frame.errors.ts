import { type ErrorTable, WitanError, type WitanErrorOptions } from '../errors/witan-error.js';

/** The error table of Frame and its codecs; docs/errors.md lists the same rows. */
export const FRAME_ERRORS = {
  CORE_ERR_FRAME_VALUE: {
    category: 'INTERNAL',
    summary:
      'Code that builds a Frame gave a value that its column cannot hold (wrong type, out of range, null in a non-nullable column, wrong length). The text names row and column.',
  },
  CORE_ERR_FRAME_CONCAT: {
    category: 'INTERNAL',
    summary:
      'Frames with different columns, dtypes or inner shapes were concatenated. The text names the first difference.',
  },
  CORE_ERR_FRAME_INFER: {
    category: 'INVALID_ARGUMENT',
    summary:
      'No column type fits what was sent without a schema: a column mixes types, or nests too deep. Send one type per column.',
  },
  CORE_ERR_FRAME_LIMIT: {
    category: 'RESOURCE_EXHAUSTED',
    http: 413,
    summary:
      'A request without a schema has more rows, columns or decoded bytes than the limit. Send fewer, or raise the limit.',
  },
  CORE_ERR_FRAME_PEER: {
    category: 'FAILED_PRECONDITION',
    http: 500,
    summary:
      'toPolars, fromPolars, toArrow or fromArrow needs an optional package that is not installed. Install nodejs-polars or apache-arrow.',
  },
  CORE_ERR_ARROW_FORMAT: {
    category: 'INVALID_ARGUMENT',
    summary:
      'The bytes are no Arrow IPC stream (an Arrow file, Feather, Parquet or something else). Send the IPC stream format.',
  },
  CORE_ERR_ARROW_MALFORMED: {
    category: 'INVALID_ARGUMENT',
    summary:
      'An Arrow IPC stream is truncated or contradicts itself: an offset, length or count points outside its buffer.',
  },
  CORE_ERR_ARROW_UNSUPPORTED: {
    category: 'INVALID_ARGUMENT',
    http: 415,
    summary:
      'An Arrow IPC stream uses a type or feature that Frame does not hold (struct, map, union, decimal, big-endian, …). The text names it and the column.',
  },
  CORE_ERR_ARROW_CODEC: {
    category: 'INVALID_ARGUMENT',
    summary:
      'The decoder of a compressed Arrow buffer refused its bytes. Send the stream uncompressed, or look at its writer.',
  },
  CORE_ERR_ARROW_LIMIT: {
    category: 'RESOURCE_EXHAUSTED',
    http: 413,
    summary:
      'An Arrow IPC stream has more rows, columns or decoded bytes than the limit. Send fewer, or raise the limit.',
  },
  CORE_ERR_ARROW_ENCODE: {
    category: 'INTERNAL',
    summary:
      'A Frame cannot be written as Arrow IPC: a column holds more than 2 GiB of text or binary, or a stream of Frames changed its columns.',
  },
} as const satisfies ErrorTable;

export type FrameErrorCode = keyof typeof FRAME_ERRORS;

/** An error of the Frame table. */
export function frameError(code: FrameErrorCode, message: string, options?: WitanErrorOptions): WitanError {
  return new WitanError(code, FRAME_ERRORS[code], message, options);
}

/** A value as JSON-like text of at most 64 characters, for messages. */
export function shownValue(value: unknown): string {
  let text: string;
  try {
    text =
      typeof value === 'bigint'
        ? `${value}n`
        : typeof value === 'function'
          ? 'a function'
          : (JSON.stringify(value) ?? String(value));
  } catch {
    text = Object.prototype.toString.call(value);
  }
  return text.length <= 64 ? text : `${text.slice(0, 61)}...`;
}
