import { type ErrorTable, WitanError, type WitanErrorOptions } from '@witan/core';

/** What the options of logs can refuse. */
export const LOG_ERRORS = {
  TEL_ERR_LOG_OPTION: {
    category: 'INVALID_ARGUMENT',
    summary:
      'An option of `logs` cannot be: an unknown level, a redaction path that is none, a file that cannot be opened. The message names it.',
  },
} as const satisfies ErrorTable;

export type LogErrorCode = keyof typeof LOG_ERRORS;

export function logError(code: LogErrorCode, message: string, options?: WitanErrorOptions): WitanError {
  return new WitanError(code, LOG_ERRORS[code], message, options);
}
