import { type ErrorTable, WitanError, type WitanErrorOptions } from '../errors/witan-error.js';

/** What calling a handler raises: at boot when its arguments cannot be found, later when its answer is none. */
export const HANDLER_ERRORS = {
  CORE_ERR_HANDLER_INJECT: {
    category: 'FAILED_PRECONDITION',
    summary:
      'At boot: a handler class or a parameter of a handler (`@UseModel`) has no provider, or a guard, interceptor, pipe or filter of one was not made by Nest. Add it to `providers`, or import the module that exports it.',
  },
  CORE_ERR_HANDLER_RESULT: {
    category: 'INTERNAL',
    summary:
      'A handler gave something that cannot be an answer: neither a Frame, records, an async iterable of Frames nor an Answer; or a batched one streamed or answered early.',
  },
} as const satisfies ErrorTable;

export function handlerError(
  code: keyof typeof HANDLER_ERRORS,
  message: string,
  options?: WitanErrorOptions,
): WitanError {
  return new WitanError(code, HANDLER_ERRORS[code], message, options);
}
