import type { Clock } from '@witan/core';

const FOR_EVER_MS = 2 ** 30;

/** Resolves after `ms` on the clock; keeps the process alive meanwhile. @throws the signal's reason */
export function wait(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    // A clock's timers let the process end, and a boot that waits for its store has nothing else to stay for.
    const alive = setInterval(() => undefined, FOR_EVER_MS);
    const settle = (done: () => void): void => {
      clearInterval(alive);
      signal?.removeEventListener('abort', abort);
      done();
    };
    const timer = clock.setTimer(() => settle(resolve), ms);
    const abort = (): void => {
      timer.cancel();
      settle(() => reject(signal!.reason as Error));
    };
    signal?.addEventListener('abort', abort, { once: true });
  });
}
