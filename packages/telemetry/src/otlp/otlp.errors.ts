import { type ErrorTable, WitanError, type WitanErrorOptions } from '@witan/core';

/** What the options of OTLP can refuse. */
export const OTLP_ERRORS = {
  TEL_ERR_OTLP_OPTION: {
    category: 'INVALID_ARGUMENT',
    summary:
      'An option of `otlp`, or an `OTEL_EXPORTER_OTLP_*` environment variable, cannot be: an unknown protocol, a url that is none, a bound that is no positive number. The message names it.',
  },
} as const satisfies ErrorTable;

export type OtlpErrorCode = keyof typeof OTLP_ERRORS;

export function otlpError(code: OtlpErrorCode, message: string, options?: WitanErrorOptions): WitanError {
  return new WitanError(code, OTLP_ERRORS[code], message, options);
}
