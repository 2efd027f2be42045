import { type ErrorTable, WitanError, type WitanErrorOptions } from '@witan/core';

/** What reading kept records raises; docs/errors.md lists the same rows. */
export const REPLAY_ERRORS = {
  SINK_ERR_SOURCE: {
    category: 'INVALID_ARGUMENT',
    summary: 'A file or object of kept records is not there, is of no form that Witan writes, or is damaged.',
  },
  SINK_ERR_REPLAY: {
    category: 'INVALID_ARGUMENT',
    summary: 'A replay cannot begin: an option makes no sense, or the service that is to answer has no address.',
  },
} as const satisfies ErrorTable;

export type ReplayErrorCode = keyof typeof REPLAY_ERRORS;

/** An error of this feature's table. */
export function replayError(code: ReplayErrorCode, message: string, options?: WitanErrorOptions): WitanError {
  return new WitanError(code, REPLAY_ERRORS[code], message, options);
}
