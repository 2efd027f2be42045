import { type ErrorTable, WitanError, type WitanErrorOptions } from '@witan/core';

/** What a store's layout, a model's configuration and a request's model parameters raise; docs/errors.md lists the same rows. */
export const LAYOUT_ERRORS = {
  INF_ERR_MODEL_CONFIG: {
    category: 'FAILED_PRECONDITION',
    summary:
      'A `config.pbtxt`, `witan.yaml` or `MLmodel` cannot be read, asks for what cannot be served, or contradicts the ONNX file. The text gives the place, or both sides.',
  },
  INF_ERR_MODEL_LAYOUT: {
    category: 'FAILED_PRECONDITION',
    summary:
      'A model in the store has no file that can be served, or the same name twice. The text says what was looked for.',
  },
  INF_ERR_MODEL_PARAM: {
    category: 'INVALID_ARGUMENT',
    http: 422,
    summary:
      'A parameter that chooses the model is missing, breaks the rules of the `spec` class, or cannot be one segment of a path. `details.violations` lists the broken rules.',
  },
} as const satisfies ErrorTable;

export type LayoutErrorCode = keyof typeof LAYOUT_ERRORS;

/** An error of the layout table. */
export function layoutError(code: LayoutErrorCode, message: string, options?: WitanErrorOptions): WitanError {
  return new WitanError(code, LAYOUT_ERRORS[code], message, options);
}
