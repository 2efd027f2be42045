import { type ErrorTable, WitanError, type WitanErrorOptions } from '@witan/core';

/** Errors of the Hushar protocol; docs/errors.md lists the same rows. */
export const HUSHAR_ERRORS = {
  HUSHAR_ERR_MALFORMED: {
    category: 'INVALID_ARGUMENT',
    summary:
      'The bytes are not a `hushar.InferenceRequest`: cut short, a bad number, text that is not UTF-8. The text has the position.',
  },
  HUSHAR_ERR_ROWS_LIMIT: {
    category: 'RESOURCE_EXHAUSTED',
    http: 413,
    summary:
      'The request has more rows, or takes more memory once decoded, than is taken at once. Split it, or raise `maxRows` or `maxDecodedBytes`.',
  },
  HUSHAR_ERR_CONFIG: {
    category: 'FAILED_PRECONDITION',
    summary:
      'At boot: a Hushar service config cannot be read, or a value in it cannot be used. The text names the key.',
  },
  HUSHAR_ERR_MODEL: {
    category: 'FAILED_PRECONDITION',
    summary:
      'The model cannot be served over Hushar: it has no vectorization, other inputs than one float32 [N, width], or no output of numbers.',
  },
} as const satisfies ErrorTable;

export type HusharErrorCode = keyof typeof HUSHAR_ERRORS;

/** An error of the Hushar table. */
export function husharError(code: HusharErrorCode, message: string, options?: WitanErrorOptions): WitanError {
  return new WitanError(code, HUSHAR_ERRORS[code], message, options);
}
