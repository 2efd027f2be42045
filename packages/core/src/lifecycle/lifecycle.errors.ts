import { type ErrorTable, WitanError, type WitanErrorOptions } from '../errors/witan-error.js';

/** What starting and stopping raises. */
export const LIFECYCLE_ERRORS = {
  CORE_ERR_BOOT_ADAPTER: {
    category: 'FAILED_PRECONDITION',
    summary:
      'At boot: Witan is mounted into a Nest application that does not run on Fastify. Create it with `new FastifyAdapter()`.',
  },
  CORE_ERR_BOOT_LISTEN: {
    category: 'UNAVAILABLE',
    summary:
      'At boot: a port or socket cannot be listened on (in use, no permission, no such address). The text names it.',
  },
  CORE_ERR_BOOT_OPTION: {
    category: 'INVALID_ARGUMENT',
    summary:
      'At boot: an option of `listen` or `forRoot` has a value that makes no sense. The text names the option, the value and what is allowed.',
  },
} as const satisfies ErrorTable;

export function lifecycleError(
  code: keyof typeof LIFECYCLE_ERRORS,
  message: string,
  options?: WitanErrorOptions,
): WitanError {
  return new WitanError(code, LIFECYCLE_ERRORS[code], message, options);
}
