/** Time, injected so that tests turn it by hand. */
export interface Clock {
  /** Milliseconds on a monotonic clock; only differences mean anything. */
  now(): number;
  /** Milliseconds since the Unix epoch. */
  epochMs(): number;
  /** Calls `fn` once after `ms` milliseconds; the timer does not keep the process alive. */
  setTimer(fn: () => void, ms: number): { cancel(): void };
}

/** The clock of the running process. */
export const systemClock: Clock = {
  now: () => performance.now(),
  epochMs: () => Date.now(),
  setTimer(fn, ms) {
    const timer = setTimeout(fn, ms);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
