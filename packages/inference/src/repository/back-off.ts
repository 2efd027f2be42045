import type { Clock } from '@witan/core';
import { WitanError } from '@witan/core';

/** The same file fails the same way again: looked at rarely, in case that the machine was to blame. */
const OF_THE_FILE: ReadonlySet<string> = new Set([
  'INF_ERR_MODEL_LOAD',
  'INF_ERR_MODEL_TRIAL',
  'INF_ERR_MODEL_SIGNATURE',
  'INF_ERR_EXTERNAL_DATA',
  'INF_ERR_OPTIONS',
]);
const FILE_MS = { first: 30_000, most: 30 * 60_000 };
const OTHER_MS = { first: 1_000, most: 60_000 };

/** Remembers that something failed, so that it is not tried again at every request: each failure doubles the rest. */
export class BackOff {
  private failures = 0;
  private until = 0;
  private failedWith: Error | undefined;

  constructor(private readonly clock: Clock) {}

  /** What failed last; `undefined` after a success. */
  get error(): Error | undefined {
    return this.failedWith;
  }

  /** Until it may be tried again, in milliseconds; 0: now. */
  get waitMs(): number {
    return this.failedWith ? Math.max(0, this.until - this.clock.now()) : 0;
  }

  failed(error: unknown): void {
    const { first, most } = WitanError.is(error) && OF_THE_FILE.has(error.code) ? FILE_MS : OTHER_MS;
    this.failedWith = error instanceof Error ? error : new Error(String(error));
    this.until = this.clock.now() + Math.min(most, first * 2 ** this.failures++);
  }

  /** It worked, or somebody asks for another try. */
  reset(): void {
    this.failures = 0;
    this.failedWith = undefined;
  }

  /** The next try is now; how often it failed stays known. */
  retryNow(): void {
    this.until = 0;
  }
}
