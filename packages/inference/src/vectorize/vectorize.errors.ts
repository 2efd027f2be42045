import { type ErrorTable, WitanError, type WitanErrorOptions } from '@witan/core';

/** Errors of the vectorizer; docs/errors.md lists the same rows. */
export const VECTORIZE_ERRORS = {
  INF_ERR_VECTORIZE_CONFIG: {
    category: 'FAILED_PRECONDITION',
    summary:
      "At load: a vectorization config cannot be read or used, or gives rows of another length than the model's input. The text names the feature.",
  },
  INF_ERR_VECTORIZE_VALUE: {
    category: 'INVALID_ARGUMENT',
    http: 422,
    summary:
      "A feature's value cannot be turned into numbers: its type is not one that the transformation takes, a text is no number, or an array has the wrong length. The text names row and feature.",
  },
} as const satisfies ErrorTable;

export type VectorizeErrorCode = keyof typeof VECTORIZE_ERRORS;

/** An error of the vectorizer's table. */
export function vectorizeError(code: VectorizeErrorCode, message: string, options?: WitanErrorOptions): WitanError {
  return new WitanError(code, VECTORIZE_ERRORS[code], message, options);
}
