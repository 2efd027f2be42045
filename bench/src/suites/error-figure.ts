import type { LoadResult } from '../load/load-result.js';
import { atMost, type Figure, plainFigure } from '../report/figure.js';

/** Failed requests over all bursts: above 0, the other figures of those bursts mean nothing. */
export function errorFigure(suite: string, when: string, bursts: readonly Pick<LoadResult, 'errors'>[]): Figure {
  const errors = bursts.reduce((sum, burst) => sum + burst.errors, 0);
  return plainFigure({ suite, name: `failed requests, ${when}`, unit: '' }, errors, atMost(0, 'value'));
}
