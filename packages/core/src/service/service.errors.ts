import { type ErrorTable, WitanError, type WitanErrorOptions } from '../errors/witan-error.js';

/** What services and chains raise; most of it at boot. */
export const SERVICE_ERRORS = {
  CORE_ERR_SERVICE_CHAIN: {
    category: 'FAILED_PRECONDITION',
    summary:
      'At boot: the handlers of a service do not form a chain (none, several without `handlers`, a name without a method, or one that gives what the next does not take). The text prints both schemas.',
  },
  CORE_ERR_SERVICE_PATH: {
    category: 'FAILED_PRECONDITION',
    summary:
      'At boot: the path or the parameters of a service cannot be served (duplicate path or parameter, more than 15 parameters).',
  },
  CORE_ERR_SERVICE_BATCHED: {
    category: 'FAILED_PRECONDITION',
    summary:
      'At boot: a batched handler has something that belongs to one request (guard, interceptor, pipe, filter or request scope). Put it on the service class, or un-batch the handler.',
  },
  CORE_ERR_PARAMS: {
    category: 'INVALID_ARGUMENT',
    http: 422,
    summary:
      'A path or query parameter breaks the rules of the service’s `params` class. `details.violations` lists all of them.',
  },
} as const satisfies ErrorTable;

export function serviceError(
  code: keyof typeof SERVICE_ERRORS,
  message: string,
  options?: WitanErrorOptions,
): WitanError {
  return new WitanError(code, SERVICE_ERRORS[code], message, options);
}
