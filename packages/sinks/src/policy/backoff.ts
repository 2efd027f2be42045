/** Waits between tries. */
export interface RetryOptions {
  /** Longest wait before the first further try; it doubles each time. @default 100 */
  readonly firstMs?: number;
  /** @default 30_000 */
  readonly maxMs?: number;
}

/**
 * The wait before try `attempt` (from 1): anything from half of the longest wait to all of it, and as long as the
 * destination asked for (`askedMs`), up to `maxMs`.
 */
export function waitMs(
  attempt: number,
  { firstMs = 100, maxMs = 30_000 }: RetryOptions,
  random: () => number,
  askedMs = 0,
): number {
  const longest = Math.min(maxMs, firstMs * 2 ** Math.min(attempt - 1, 30));
  return Math.max(longest * (0.5 + random() / 2), Math.min(askedMs, maxMs));
}
