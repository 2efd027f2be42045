import { setTimeout as delay } from 'node:timers/promises';
import type { ShutdownOptions } from './listen-options.js';

/** How an orderly end came out. */
export type DrainResult = 'drained' | 'timed-out';

/** Waits for `work`, but no longer than `timeoutMs`. */
export async function within(work: Promise<unknown>, timeoutMs: number): Promise<DrainResult> {
  const bound = new AbortController();
  const late = delay(timeoutMs, 'timed-out' as const, { signal: bound.signal }).catch(() => 'timed-out' as const);
  const result = await Promise.race([work.then(() => 'drained' as const), late]);
  bound.abort();
  return result;
}

/**
 * Ends the process on SIGTERM and SIGINT: `close` drains; exit code 0 if it did so in time, 1 if not. A second signal
 * ends the process at once.
 */
export function endOnSignals(close: () => Promise<DrainResult>, options: ShutdownOptions = {}): void {
  if (options.signals === false) return;
  let ending = false;
  const end = (): void => {
    if (ending) process.exit(1);
    ending = true;
    close().then(
      (result) => process.exit(result === 'drained' ? 0 : 1),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
}
