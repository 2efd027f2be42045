import { type ErrorTable, WitanError, type WitanErrorOptions } from '../errors/witan-error.js';

/** What asking for keys raises. No text ever has a key in it. */
export const ACCESS_ERRORS = {
  CORE_ERR_ACCESS_KEY: {
    category: 'UNAUTHENTICATED',
    summary:
      'The request brings no key, or one that is not known. Send `authorization: Bearer KEY` or `x-api-key: KEY`.',
  },
  CORE_ERR_ACCESS_CONTROL: {
    category: 'PERMISSION_DENIED',
    summary:
      'The call would change the server (load, unload, aliases, rollback): that is switched off, or not open to this caller. The text says which, and what would open it.',
  },
  CORE_ERR_ACCESS_OPTION: {
    category: 'INVALID_ARGUMENT',
    summary:
      'At boot: an option of `access` makes no sense, such as a key that is too short or a name that stands twice.',
  },
  CORE_ERR_ACCESS_KEY_FILE: {
    category: 'FAILED_PRECONDITION',
    summary:
      'A key file cannot be read, is empty, or has a line that is not `name:key`. At boot this ends the start; later it is logged, and the keys that were read last stay.',
  },
} as const satisfies ErrorTable;

export function accessError(
  code: keyof typeof ACCESS_ERRORS,
  message: string,
  options?: WitanErrorOptions,
): WitanError {
  return new WitanError(code, ACCESS_ERRORS[code], message, options);
}
