import { type ErrorTable, WitanError, type WitanErrorOptions } from '../errors/witan-error.js';

/** The errors that the batch gate raises; expiry and cancellation use the core table's rows. */
export const BATCH_ERRORS = {
  CORE_ERR_BATCH_QUEUE_FULL: {
    category: 'RESOURCE_EXHAUSTED',
    summary:
      'As many rows as `batch.maxQueueRows` allows wait for a free runner. Retry after the hint, send fewer rows, or raise the limit.',
  },
  CORE_ERR_BATCH_CLOSED: {
    category: 'UNAVAILABLE',
    summary: 'The handler or model is being shut down or replaced and takes no new rows. Retry on another server.',
  },
  CORE_ERR_BATCH_ROWS: {
    category: 'INTERNAL',
    summary:
      'A batched handler or a model answered another number of rows than it was given. It must answer one row per row, in order.',
  },
  CORE_ERR_BATCH_OPTIONS: {
    category: 'FAILED_PRECONDITION',
    summary: 'A batch option is out of range; the text names the option, its value and what is allowed.',
  },
} as const satisfies ErrorTable;

export type BatchErrorCode = keyof typeof BATCH_ERRORS;

/** An error of the batch gate. */
export function batchError(code: BatchErrorCode, message: string, options?: WitanErrorOptions): WitanError {
  return new WitanError(code, BATCH_ERRORS[code], message, options);
}
