import { type Clock, systemClock, type WitanError } from '@witan/core';
import type { StoreOptions } from '../store-options.js';
import { isStoreError, storeError } from '../store.errors.js';
import { wait } from './wait.js';

const DEFAULTS = { attempts: 4, backoffMs: 200, maxBackoffMs: 10_000 } as const;

/** Asks again what was unavailable, a few times, at growing and scattered intervals. */
export class Retry {
  private readonly clock: Clock;
  private readonly random: () => number;
  private readonly attempts: number;
  private readonly backoffMs: number;
  private readonly maxBackoffMs: number;

  constructor({ clock = systemClock, random = Math.random, retry = {} }: StoreOptions) {
    this.clock = clock;
    this.random = random;
    this.attempts = Math.max(1, retry.attempts ?? DEFAULTS.attempts);
    this.backoffMs = retry.backoffMs ?? DEFAULTS.backoffMs;
    this.maxBackoffMs = retry.maxBackoffMs ?? DEFAULTS.maxBackoffMs;
  }

  /** @throws what `ask` threw last */
  async run<T>(ask: () => Promise<T>, signal: AbortSignal | undefined, failed = 0): Promise<T> {
    for (let failures = failed; ;) {
      try {
        return await ask();
      } catch (error) {
        await this.pause(error, ++failures, signal);
      }
    }
  }

  /** Waits before the next attempt; throws `error` when there is none: it was the last, or asking again is no help. */
  async pause(error: unknown, failures: number, signal: AbortSignal | undefined): Promise<void> {
    if (!isStoreError(error, 'INF_ERR_STORE_UNAVAILABLE')) throw error;
    if (failures >= this.attempts || (error.retryAfterMs ?? 0) > this.maxBackoffMs) throw given(error, failures);
    const backoffMs = Math.min(this.maxBackoffMs, this.backoffMs * 2 ** (failures - 1));
    await wait(this.clock, Math.max(error.retryAfterMs ?? 0, backoffMs * (0.5 + this.random() / 2)), signal);
  }
}

function given(error: WitanError, failures: number): WitanError {
  if (failures === 1) return error;
  const { retryAfterMs } = error;
  const text = `${error.message} (asked ${failures} times)`;
  return storeError('INF_ERR_STORE_UNAVAILABLE', text, { cause: error, retryAfterMs });
}
