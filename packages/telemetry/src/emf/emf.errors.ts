import { type ErrorTable, WitanError, type WitanErrorOptions } from '@witan/core';

/** What the options of EMF can refuse. */
export const EMF_ERRORS = {
  TEL_ERR_EMF_OPTION: {
    category: 'INVALID_ARGUMENT',
    summary:
      'An option of `emf` cannot be: more than 30 dimensions, an unknown one, a namespace that CloudWatch refuses. The message names it.',
  },
} as const satisfies ErrorTable;

export type EmfErrorCode = keyof typeof EMF_ERRORS;

export function emfError(code: EmfErrorCode, message: string, options?: WitanErrorOptions): WitanError {
  return new WitanError(code, EMF_ERRORS[code], message, options);
}
