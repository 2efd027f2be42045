import { type ErrorTable, WitanError, type WitanErrorOptions } from '@witan/core';

/** The errors of models that have versions and come and go; docs/errors.md lists the same rows. */
export const REPOSITORY_ERRORS = {
  INF_ERR_VERSION_NOT_FOUND: {
    category: 'NOT_FOUND',
    summary:
      'The model has no version or alias of that name, or its version policy does not serve it. The text lists what there is.',
  },
  INF_ERR_MODEL_UNAVAILABLE: {
    category: 'UNAVAILABLE',
    summary:
      'The model is known and cannot be served now: unloaded, not loadable (the text says why), or no room for it. Retry after `retryAfterMs` where that is given.',
  },
  INF_ERR_MODEL_SIGNATURE: {
    category: 'FAILED_PRECONDITION',
    summary:
      'A version does not fit the schemas of a handler that uses the model. It is refused, and the version before it goes on serving.',
  },
  INF_ERR_ALIAS: {
    category: 'INVALID_ARGUMENT',
    summary:
      'An alias begins with a letter, has up to 64 letters, digits, dots, dashes and underscores, and is not the name of a version.',
  },
  INF_ERR_ROLLBACK: {
    category: 'FAILED_PRECONDITION',
    summary: 'There is no version to go back to, or the one before could not be loaded again. The text says which.',
  },
  INF_ERR_REPOSITORY_STATE: {
    category: 'INTERNAL',
    summary:
      'The file that keeps aliases and rollbacks over a restart cannot be read or written. At boot: mend it or delete it.',
  },
  INF_ERR_LOAD_OVERRIDE: {
    category: 'INVALID_ARGUMENT',
    summary: 'A load was given files or a configuration that cannot be used. The text says which, and why.',
  },
} as const satisfies ErrorTable;

export type RepositoryErrorCode = keyof typeof REPOSITORY_ERRORS;

/** An error of the repository's table. */
export function repositoryError(code: RepositoryErrorCode, message: string, options?: WitanErrorOptions): WitanError {
  return new WitanError(code, REPOSITORY_ERRORS[code], message, options);
}
