import type { LoadReport } from './runner.js';

/** What may run on the main thread under `execution: 'auto'`: less than a worker's way there and back costs others. */
export const INLINE_LIMITS = {
  /** At the largest batch. A hop to a worker and back costs 0.02-0.1 ms of latency and 0.04 ms of CPU. */
  runMs: 0.3,
  loadMs: 20,
} as const;

/** Whether a model, as it was measured outside of the main thread, is cheap enough to run between two of its events. */
export function isCheapInline({ warmUp, loadMs }: Pick<LoadReport, 'warmUp' | 'loadMs'>): boolean {
  const largest = warmUp.at(-1);
  return largest !== undefined && largest.ms <= INLINE_LIMITS.runMs && loadMs <= INLINE_LIMITS.loadMs;
}
