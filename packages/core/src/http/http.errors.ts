import { type ErrorTable, WitanError, type WitanErrorOptions } from '../errors/witan-error.js';

/** The errors that only the HTTP transport raises. */
export const HTTP_ERRORS = {
  CORE_ERR_HTTP_NOT_FOUND: {
    category: 'NOT_FOUND',
    summary: 'No service and no route has this path. `/openapi.json` lists the paths that exist.',
  },
  CORE_ERR_HTTP_METHOD: {
    category: 'UNIMPLEMENTED',
    http: 405,
    summary: 'The path is a service, and services answer POST only. The `allow` header says so too.',
  },
  CORE_ERR_HTTP_CONTENT_TYPE: {
    category: 'INVALID_ARGUMENT',
    http: 415,
    summary: 'The request body is of a content type or charset that is not read. The text lists those that are.',
  },
  CORE_ERR_HTTP_CONTENT_ENCODING: {
    category: 'INVALID_ARGUMENT',
    http: 415,
    summary:
      'The request body is compressed in a way that is not read. The text and `accept-encoding` list those that are.',
  },
  CORE_ERR_HTTP_NOT_ACCEPTABLE: {
    category: 'INVALID_ARGUMENT',
    http: 406,
    summary: 'The `accept` header names no form that an answer can take. The text lists the forms.',
  },
  CORE_ERR_HTTP_BODY_TOO_LARGE: {
    category: 'RESOURCE_EXHAUSTED',
    http: 413,
    summary:
      'The request body, as sent or after decompression, is larger than `bodyLimitBytes`. Send fewer rows, or raise the limit.',
  },
  CORE_ERR_HTTP_BODY: {
    category: 'INVALID_ARGUMENT',
    summary: 'The request body ended early, has another length than `content-length` says, or does not decompress.',
  },
  CORE_ERR_HTTP_HEADER: {
    category: 'INVALID_ARGUMENT',
    summary: 'The request header `x-request-timeout-ms` is not whole milliseconds, or longer than a day.',
  },
  CORE_ERR_HTTP_URL: {
    category: 'INVALID_ARGUMENT',
    summary: 'The path is not valid percent-encoding, or one of its parameters is longer than allowed.',
  },
  CORE_ERR_HTTP_REQUEST: {
    category: 'INVALID_ARGUMENT',
    summary: 'The HTTP request itself is malformed, too slow (408), or its headers are too large (431).',
  },
  CORE_ERR_HTTP_RESULT: {
    category: 'INTERNAL',
    summary:
      'A handler gave something that is no Frame, no stream of Frames and no Answer, or set a header that HTTP does not allow.',
  },
  CORE_ERR_HTTP_DOCS_MISSING: {
    category: 'UNIMPLEMENTED',
    summary:
      'The page at `/docs` needs `@nestjs/swagger` (or `swagger-ui-dist`), which is not installed. `/openapi.json` works without it.',
  },
} as const satisfies ErrorTable;

export type HttpErrorCode = keyof typeof HTTP_ERRORS;

/** An error of the HTTP table; `httpStatus` overrides the row's for the codes that cover several statuses. */
export function httpError(
  code: HttpErrorCode,
  message: string,
  options?: WitanErrorOptions & { httpStatus?: number },
): WitanError {
  const definition = HTTP_ERRORS[code];
  const status = options?.httpStatus;
  return new WitanError(code, status === undefined ? definition : { ...definition, http: status }, message, options);
}
