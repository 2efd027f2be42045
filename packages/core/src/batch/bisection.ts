import type { ErrorCategory } from '../errors/category.js';
import { toWitanError } from '../errors/from-unknown.js';
import { Share } from './batch.js';

/** Failures that hit whoever runs now, whatever the rows: running again only adds load. The others may be one row's. */
const WHATEVER_THE_ROWS: ReadonlySet<ErrorCategory> = new Set<ErrorCategory>([
  'UNAVAILABLE',
  'RESOURCE_EXHAUSTED',
  'DEADLINE_EXCEEDED',
  'CANCELLED',
]);

/** Whether running parts of a batch that failed so may save some of its requests. */
export function canBisect(error: unknown): boolean {
  return !WHATEVER_THE_ROWS.has(toWitanError(error).category);
}

/**
 * The way of a failed batch through its parts, until every poisoned request has failed alone and every other one was
 * answered. By halves, level by level, so that a good half answers early. When run after run has failed, nearly every
 * request is poisoned or the model is broken, and halving only adds runs: then one request at a time, until a run
 * succeeds. Whatever the mix, `n` requests cost at most `2n - 1` runs with the first, and none its answer.
 */
export class Bisection<C> {
  private readonly groups: (readonly Share<C>[])[] = [];
  /** As many failed runs in a row as would find one poisoned request twice over. */
  private readonly patience: number;

  constructor(requests: number) {
    this.patience = 2 * Math.ceil(Math.log2(requests)) + 1;
  }

  /** Everything has run. */
  get isOver(): boolean {
    return this.groups.length === 0;
  }

  /** Queues the halves of a failed group. */
  split(group: readonly Share<C>[]): void {
    const middle = group.length >>> 1;
    this.groups.push(group.slice(0, middle), group.slice(middle));
  }

  /**
   * The next group to run, its rows counted from 0; requests that are settled or gone are left out. `failedInARow`:
   * how many runs have failed since one succeeded.
   */
  next(failedInARow: number, isWanted: (share: Share<C>) => boolean): Share<C>[] | undefined {
    for (let group = this.groups.shift(); group; group = this.groups.shift()) {
      const wanted = group.filter(isWanted);
      if (wanted.length === 0) continue;
      if (wanted.length === 1 || failedInARow < this.patience) return renumber(wanted);
      this.groups.unshift(wanted.slice(1));
      return renumber(wanted.slice(0, 1));
    }
    return undefined;
  }
}

function renumber<C>(group: readonly Share<C>[]): Share<C>[] {
  let start = 0;
  return group.map((share) => {
    const rows = share.end - share.start;
    const moved = new Share(share.waiting, share.from, start, start + rows);
    start += rows;
    return moved;
  });
}
