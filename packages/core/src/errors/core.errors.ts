import { type ErrorTable, WitanError, type WitanErrorOptions } from './witan-error.js';

/** The error table of `@witan/core`; docs/errors.md lists the same rows. */
export const CORE_ERRORS = {
  CORE_ERR_INTERNAL: {
    category: 'INTERNAL',
    summary:
      'A handler, guard, interceptor or Witan itself threw something unexpected. The stack is in the log under the request id.',
  },
  CORE_ERR_HTTP_EXCEPTION: {
    category: 'INVALID_ARGUMENT',
    summary:
      "Nest's HttpException, thrown by a guard, pipe or handler: its status and message are kept; the category follows the status.",
  },
  CORE_ERR_RPC_EXCEPTION: {
    category: 'INVALID_ARGUMENT',
    summary: "Nest's RpcException, or what a gRPC filter threw: its gRPC status and text are kept.",
  },
  CORE_ERR_CANCELLED: {
    category: 'CANCELLED',
    summary: 'The caller went away or cancelled before the answer was ready.',
  },
  CORE_ERR_DEADLINE: {
    category: 'DEADLINE_EXCEEDED',
    summary:
      'The deadline of the request (gRPC deadline, `x-request-timeout-ms`) passed, or could not be met. Allow more time or send fewer rows.',
  },
} as const satisfies ErrorTable;

export type CoreErrorCode = keyof typeof CORE_ERRORS;

/** An error of the core table. */
export function coreError(code: CoreErrorCode, message: string, options?: WitanErrorOptions): WitanError {
  return new WitanError(code, CORE_ERRORS[code], message, options);
}
