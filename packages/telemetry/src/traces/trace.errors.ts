import { type ErrorTable, WitanError, type WitanErrorOptions } from '@witan/core';

/** What the options of traces can refuse. */
export const TRACE_ERRORS = {
  TEL_ERR_TRACE_OPTION: {
    category: 'INVALID_ARGUMENT',
    summary: 'An option of `traces` cannot be: a ratio outside of 0 to 1. The message names it.',
  },
} as const satisfies ErrorTable;

export type TraceErrorCode = keyof typeof TRACE_ERRORS;

export function traceError(code: TraceErrorCode, message: string, options?: WitanErrorOptions): WitanError {
  return new WitanError(code, TRACE_ERRORS[code], message, options);
}
