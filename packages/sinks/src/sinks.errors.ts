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
  SINK_ERR_SPILL: {
    category: 'UNAVAILABLE',
    summary:
      'The record of this request could not be written to the spill folder of a lossless sink (the disk is full, or the destination has been away for so long that `maxSpillBytes` is reached), so the request is refused rather than answered without it. Make room, or bring the destination back.',
  },
  SINK_ERR_SPILL_LOCKED: {
    category: 'FAILED_PRECONDITION',
    summary:
      'At boot: another process uses the spill folder of a lossless sink. Give each process a folder of its own that is the same after its restart.',
  },
  SINK_ERR_CLOSED: {
    category: 'UNAVAILABLE',
    summary: 'A request came to a lossless sink after it was closed: the process is shutting down. Ask another one.',
  },
  SINK_ERR_TOO_LARGE: {
    category: 'INVALID_ARGUMENT',
    summary:
      'A record is larger than `maxRecordBytes`, or cannot be written down; its facts without its columns are in the dead-letter file. Log fewer columns, or raise the limit.',
  },
} as const satisfies ErrorTable;

export type SinksErrorCode = keyof typeof SINKS_ERRORS;

/** An error of this package's table. */
export function sinksError(code: SinksErrorCode, message: string, options?: WitanErrorOptions): WitanError {
  return new WitanError(code, SINKS_ERRORS[code], message, options);
}
