import { type ErrorTable, WitanError, type WitanErrorOptions } from '../errors/witan-error.js';

/** What keeping the records of calls raises. */
export const RECORD_ERRORS = {
  CORE_ERR_RECORD_KEEP: {
    category: 'UNAVAILABLE',
    summary:
      'What keeps the records of this call (`@Log`) failed in a way that it does not explain itself, so the answer is not given. The log has the cause.',
  },
  CORE_ERR_RECORD_KEEPER: {
    category: 'FAILED_PRECONDITION',
    summary:
      'At boot: a handler, service or model is to be logged, and nothing keeps records. Import `SinksModule.forRoot(...)` of @witan/sinks.',
  },
} as const satisfies ErrorTable;

export function recordError(
  code: keyof typeof RECORD_ERRORS,
  message: string,
  options?: WitanErrorOptions,
): WitanError {
  return new WitanError(code, RECORD_ERRORS[code], message, options);
}
