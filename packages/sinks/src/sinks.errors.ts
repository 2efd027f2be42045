import { type ErrorTable, WitanError, type WitanErrorOptions } from '@witan/core';

/** What keeping records raises; docs/errors.md lists the same rows. */
export const SINKS_ERRORS = {
  SINK_ERR_OPTIONS: {
    category: 'INVALID_ARGUMENT',
    summary:
      'At boot: an option of a sink or of `@Log` makes no sense, names a sink that `SinksModule.forRoot` does not have, or a column that the schema does not have.',
  },
  SINK_ERR_POISON: {
    category: 'INVALID_ARGUMENT',
    summary:
      'A destination can never take these records (too large for it, of no form that it knows). They are in the dead-letter file; `details.ids` names them.',
  },
  SINK_ERR_RECORD: {
    category: 'INVALID_ARGUMENT',
    summary:
      'Bytes are no records of this version of Witan: damaged, cut off, or written by something else. What could be read was delivered.',
  },
} as const satisfies ErrorTable;

export type SinksErrorCode = keyof typeof SINKS_ERRORS;

/** An error of this package's table. */
export function sinksError(code: SinksErrorCode, message: string, options?: WitanErrorOptions): WitanError {
  return new WitanError(code, SINKS_ERRORS[code], message, options);
}
