import { WitanError } from '@witan/core';
import { storeError } from '../store.errors.js';
import type { StallGuard } from '../remote/stall-guard.js';

/** What a request threw, as an error of the store table; the caller's own reason when it was the caller who gave up. */
export function requestFault(error: unknown, what: string, guard: StallGuard): unknown {
  if (WitanError.is(error)) return error;
  try {
    guard.throwIfCalledOff();
  } catch (reason) {
    return reason;
  }
  if (guard.stalled) {
    const text = `${what}: nothing came for ${guard.timeoutMs} ms`;
    return storeError('INF_ERR_STORE_UNAVAILABLE', text, { cause: error });
  }
  return storeError('INF_ERR_STORE_UNAVAILABLE', `${what}: ${causeText(error)}`, { cause: error });
}

/** fetch says 'fetch failed', or 'terminated', and keeps what happened as the cause. */
function causeText(error: unknown): string {
  const { cause, message } = error as Error;
  const inner = cause as NodeJS.ErrnoException | undefined;
  const text = inner?.message || inner?.code || message;
  return text.replace(/\s+/g, ' ').slice(0, 300);
}

/** What a status that is no success means. `absent` is what 404 and 410 mean here. */
export function statusFault(response: Response, what: string, absent: () => Error): Error {
  const { status } = response;
  const text = `${what}: HTTP ${status}`;
  if (status === 404 || status === 410) return absent();
  if (status === 401 || status === 403) return storeError('INF_ERR_STORE_DENIED', `${text}: check the credentials`);
  if (status === 407) return storeError('INF_ERR_STORE_DENIED', `${text}: a proxy asks for credentials`);
  if (status === 412 || status === 416) return storeError('INF_ERR_STORE_CHANGED', `${text}: list the store anew`);
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    const retryAfterMs = retryAfterOf(response.headers.get('retry-after'));
    return storeError('INF_ERR_STORE_UNAVAILABLE', text, { retryAfterMs });
  }
  return storeError('INF_ERR_STORE_ANSWER', `${text}: 200, 206 or 304 was expected`);
}

/** Seconds only: a date would be compared with a clock that may be wrong. */
function retryAfterOf(header: string | null): number | undefined {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}
