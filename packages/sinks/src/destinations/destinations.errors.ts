import { type ErrorTable, WitanError, type WitanErrorOptions } from '@witan/core';

/** What the destinations of records raise; docs/errors.md lists the same rows. */
export const DESTINATION_ERRORS = {
  SINK_ERR_DESTINATION: {
    category: 'INVALID_ARGUMENT',
    summary: 'At boot: an option of a destination (its path template, its address, its format) cannot be used.',
  },
  SINK_ERR_PEER: {
    category: 'FAILED_PRECONDITION',
    summary:
      'A destination or a reader needs a package that is not installed: `nodejs-polars` for Parquet, `@aws-sdk/client-s3` for S3, `@platformatic/kafka` for Kafka.',
  },
  SINK_ERR_UNAVAILABLE: {
    category: 'UNAVAILABLE',
    summary:
      'A destination did not take the records this time: it does not answer, is busy, or refuses who asks. They are written again.',
  },
  SINK_ERR_DESTINATION_CLOSED: {
    category: 'FAILED_PRECONDITION',
    summary: 'Records were written to a destination after it was closed.',
  },
} as const satisfies ErrorTable;

export type DestinationErrorCode = keyof typeof DESTINATION_ERRORS;

/** An error of this feature's table. */
export function destinationError(code: DestinationErrorCode, message: string, options?: WitanErrorOptions): WitanError {
  return new WitanError(code, DESTINATION_ERRORS[code], message, options);
}

/** What a destination threw for `what`, to be tried again. */
export function unavailable(what: string, cause: unknown, retryAfterMs?: number): WitanError {
  const said = cause instanceof Error ? cause.message : String(cause);
  const text = `${what}: ${said.replace(/\s+/g, ' ').slice(0, 300)}`;
  return destinationError('SINK_ERR_UNAVAILABLE', text, { cause, retryAfterMs });
}
