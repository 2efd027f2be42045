import { WitanError } from '@witan/core';
import type { StallGuard } from '../remote/stall-guard.js';
import { storeError } from '../store.errors.js';

/** Whether opendal says that there is no such file: its errors have a kind as the first word of their text only. */
export function isNotFound(error: unknown): boolean {
  return kindOf(error) === 'NotFound';
}

/** What opendal threw for `what`, as an error of the store table; the caller's own reason when it was the caller who gave up. */
export function opendalFault(error: unknown, what: string, guard: StallGuard): unknown {
  if (WitanError.is(error)) return error;
  try {
    guard.throwIfCalledOff();
  } catch (reason) {
    return reason;
  }
  const options = { cause: error };
  if (guard.stalled) {
    return storeError('INF_ERR_STORE_UNAVAILABLE', `${what}: no answer within ${guard.timeoutMs} ms`, options);
  }
  const message = (error as Error).message;
  const text = `${what}: ${brief(message)}`;
  if (isNotFound(error)) return storeError('INF_ERR_STORE_ANSWER', text, options);
  if (/^\w+ \((temporary|persistent)\)/.test(message)) return storeError('INF_ERR_STORE_UNAVAILABLE', text, options);
  const isDenied = kindOf(error) === 'PermissionDenied' || /loading credential|status: 40[13]/.test(message);
  return storeError(isDenied ? 'INF_ERR_STORE_DENIED' : 'INF_ERR_STORE_ANSWER', text, options);
}

function kindOf(error: unknown): string | undefined {
  return /^(\w+) \(/.exec((error as Error).message)?.[1];
}

/** The kind and what lies behind it, without the request in between: its URL may hold a signature. */
function brief(message: string): string {
  const [kind = ''] = message.split(',', 1);
  const said = message.slice(message.indexOf('} => ') + 5).replace(/[?&]\S*/g, '');
  return `${kind}: ${said.replace(/\s+/g, ' ').slice(0, 200)}`;
}
