import { type ErrorTable, WitanError, type WitanErrorOptions } from '@witan/core';

/** The errors of the calls that list and change models; docs/errors.md lists the same rows. */
export const CONTROL_ERRORS = {
  INF_ERR_CONTROL_BODY: {
    category: 'INVALID_ARGUMENT',
    summary:
      'The body of a call that changes a model is not the JSON object that the call takes. The text says what was seen and what is taken.',
  },
  INF_ERR_CONTROL_ALIAS: {
    category: 'NOT_FOUND',
    summary: 'The model has no alias of that name, so it cannot be taken away. The text lists those that it has.',
  },
} as const satisfies ErrorTable;

export type ControlErrorCode = keyof typeof CONTROL_ERRORS;

/** An error of that table. */
export function controlError(code: ControlErrorCode, message: string, options?: WitanErrorOptions): WitanError {
  return new WitanError(code, CONTROL_ERRORS[code], message, options);
}
