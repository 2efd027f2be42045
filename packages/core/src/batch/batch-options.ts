import { batchError } from './batch.errors.js';

/** How a gate forms batches. Every option can be changed while the gate runs ({@link BatchGate.configure}). */
export interface BatchOptions {
  /** Most rows in one batch. A request with more is split over several batches and put together again. @default 64 */
  readonly maxRows?: number;
  /**
   * How long the oldest waiting row may be held back for a fuller batch, in milliseconds, although a runner is idle.
   * 0 is work-conserving: what waits at the end of the event-loop turn goes at once. @default 0
   */
  readonly maxDelayMs?: number;
  /**
   * `'auto'`: just after a batch was answered, hold on for its callers to come back, but only where the measured
   * fixed cost of a run makes that pay, and never for longer than half of it. `'off'`: never. @default 'auto'
   */
  readonly coalesce?: 'auto' | 'off';
  /**
   * Most rows that may wait; beyond it a request is answered RESOURCE_EXHAUSTED at once. A request larger than the
   * limit is still taken when nothing else waits. @default 64 times `maxRows`
   */
  readonly maxQueueRows?: number;
  /** Batches in flight at once: the number of runners behind the gate. @default 1 */
  readonly concurrency?: number;
  /**
   * Whether a failed batch of several requests is run again in parts, so that exactly the poisoned ones fail; at most
   * `2n - 1` runs for `n` requests. Switch it off where running a request twice does harm. @default true
   */
  readonly bisect?: boolean;
}

export type ResolvedBatchOptions = Readonly<Required<BatchOptions>>;

const DEFAULTS = { maxRows: 64, maxDelayMs: 0, coalesce: 'auto', concurrency: 1, bisect: true } as const;
const QUEUE_BATCHES = 64;

/**
 * The options with defaults filled in; properties that are `undefined` count as absent.
 * @throws {CORE_ERR_BATCH_OPTIONS} when one is out of range.
 */
export function resolveBatchOptions(options: BatchOptions): ResolvedBatchOptions {
  const maxRows = wholeNumber('maxRows', options.maxRows ?? DEFAULTS.maxRows);
  return {
    maxRows,
    maxDelayMs: delay(options.maxDelayMs ?? DEFAULTS.maxDelayMs),
    coalesce: oneOf('coalesce', options.coalesce ?? DEFAULTS.coalesce, ['auto', 'off']),
    maxQueueRows: wholeNumber('maxQueueRows', options.maxQueueRows ?? maxRows * QUEUE_BATCHES),
    concurrency: wholeNumber('concurrency', options.concurrency ?? DEFAULTS.concurrency),
    bisect: oneOf('bisect', options.bisect ?? DEFAULTS.bisect, [true, false]),
  };
}

function wholeNumber(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw refuse(name, value, 'a whole number from 1 on');
}

/** Timers cannot run longer than 2^31 - 1 ms. */
const MAX_DELAY_MS = 2 ** 31 - 1;

function delay(value: number): number {
  if (typeof value === 'number' && value >= 0 && value <= MAX_DELAY_MS) return value;
  throw refuse('maxDelayMs', value, `a number of milliseconds from 0 to ${MAX_DELAY_MS}`);
}

function oneOf<T>(name: string, value: T, allowed: readonly T[]): T {
  if (allowed.includes(value)) return value;
  throw refuse(name, value, allowed.map((one) => JSON.stringify(one)).join(' or '));
}

function refuse(name: string, value: unknown, allowed: string): Error {
  return batchError('CORE_ERR_BATCH_OPTIONS', `batch.${name} is ${String(value)}: it must be ${allowed}`);
}
