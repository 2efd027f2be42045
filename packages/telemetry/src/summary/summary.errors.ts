import { type ErrorTable, WitanError, type WitanErrorOptions } from '@witan/core';

/** The errors of summaries and their baselines; docs/errors.md lists the same rows. */
export const SUMMARY_ERRORS = {
  TEL_ERR_SUMMARY_UNKNOWN: {
    category: 'NOT_FOUND',
    summary:
      'There is no summary of that model, version or window: it has not run yet, or others pushed it out (`maxVersions`, `maxColumns`). The text lists what there is.',
  },
  TEL_ERR_SUMMARY_QUERY: {
    category: 'INVALID_ARGUMENT',
    summary:
      'A parameter of a call about summaries, or the body of one that records a baseline, is not understood. The text says what is taken.',
  },
  TEL_ERR_BASELINE_ROWS: {
    category: 'FAILED_PRECONDITION',
    summary:
      'The window has too few rows to be a baseline (`drift.minRows`). Wait until more requests came, or take the window `start`.',
  },
  TEL_ERR_BASELINE_FILE: {
    category: 'INVALID_ARGUMENT',
    summary:
      'A baseline file could not be read: it is no recorded summary, no JSON of rows and no Arrow stream, or too large. The text says which, and why.',
  },
  TEL_ERR_BASELINE_WRITE: {
    category: 'UNAVAILABLE',
    summary:
      'A baseline could not be written to its folder, so that it was not taken either. See whether the folder can be written to.',
  },
} as const satisfies ErrorTable;

export type SummaryErrorCode = keyof typeof SUMMARY_ERRORS;

/** An error of that table. */
export function summaryError(code: SummaryErrorCode, message: string, options?: WitanErrorOptions): WitanError {
  return new WitanError(code, SUMMARY_ERRORS[code], message, options);
}
