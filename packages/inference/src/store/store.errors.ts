import { type ErrorDefinition, WitanError, type WitanErrorOptions } from '@witan/core';

/** The error table of model stores; docs/errors.md lists the same rows. */
export const STORE_ERRORS = {
  INF_ERR_STORE_URI: {
    category: 'INVALID_ARGUMENT',
    summary:
      'Where models live was given in a form that no store has. A folder, `file://`, `http(s)://` or `s3://bucket/prefix` will do.',
  },
  INF_ERR_STORE_PATH: {
    category: 'INVALID_ARGUMENT',
    summary:
      "A path that leaves its store, or could: `..`, absolute, a backslash, a control character, a link to outside. Paths are relative and have '/' between their segments.",
  },
  INF_ERR_STORE_UNAVAILABLE: {
    category: 'UNAVAILABLE',
    summary:
      'The store did not answer, answered 5xx or 429, or the connection was cut, after every attempt. What is cached is served on; it is asked again at the next refresh.',
  },
  INF_ERR_STORE_DENIED: {
    category: 'PERMISSION_DENIED',
    summary: 'The store refused: credentials are missing, wrong, or may not read this. The text says which were used.',
  },
  INF_ERR_STORE_ANSWER: {
    category: 'FAILED_PRECONDITION',
    summary:
      'The store answered something it should not: no manifest, a manifest of another form, an unexpected status. The text says what was asked and what came.',
  },
  INF_ERR_STORE_CHANGED: {
    category: 'ABORTED',
    summary: 'A file is another than the listing said, or is gone. The next refresh lists it anew.',
  },
  INF_ERR_STORE_CHECKSUM: {
    category: 'FAILED_PRECONDITION',
    summary:
      'The bytes of a file do not have the SHA-256 that its manifest or configuration gives. The file is not used.',
  },
  INF_ERR_STORE_FULL: {
    category: 'RESOURCE_EXHAUSTED',
    summary:
      'The disk of the model cache is full, or its `maxBytes` leaves no room beside the models in use. Free space or raise `maxBytes`.',
  },
  INF_ERR_STORE_CACHE: {
    category: 'FAILED_PRECONDITION',
    summary:
      'The folder of the model cache cannot be read or written. Name another with `cacheDir`, or mend its rights.',
  },
} as const satisfies Readonly<Record<string, ErrorDefinition>>;

export type StoreErrorCode = keyof typeof STORE_ERRORS;

/** An error of the store table. */
export function storeError(code: StoreErrorCode, message: string, options?: WitanErrorOptions): WitanError {
  return new WitanError(code, STORE_ERRORS[code], message, options);
}

/** Whether `error` is this one of the store table. */
export function isStoreError(error: unknown, code: StoreErrorCode): error is WitanError {
  return WitanError.is(error) && error.code === code;
}
