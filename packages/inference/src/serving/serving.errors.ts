import { type ErrorTable, WitanError, type WitanErrorOptions } from '@witan/core';

/** The errors of services that are made from models; docs/errors.md lists the same rows. */
export const SERVING_ERRORS = {
  INF_ERR_SERVICE_NONE: {
    category: 'UNIMPLEMENTED',
    summary:
      'The model has no typed service, because its signature has no rows. The text says why; the Open Inference Protocol serves it (`POST /v2/models/NAME/infer`).',
  },
  INF_ERR_SERVICE_VERSION: {
    category: 'INVALID_ARGUMENT',
    summary:
      'The version that the request names has other inputs or outputs than the typed service, which has those of the default version. The Open Inference Protocol serves every version (`POST /v2/models/NAME/versions/VERSION/infer`).',
  },
} as const satisfies ErrorTable;

export type ServingErrorCode = keyof typeof SERVING_ERRORS;

/** An error of that table. */
export function servingError(code: ServingErrorCode, message: string, options?: WitanErrorOptions): WitanError {
  return new WitanError(code, SERVING_ERRORS[code], message, options);
}
