import type { ErrorCategory } from '../errors/category.js';
import { toWitanError } from '../errors/from-unknown.js';
import { Share } from './batch.js';

/** Failures that one request's rows can cause. The others hit the neighbours too, or running again only adds load. */
const CAUSED_BY_ROWS: ReadonlySet<ErrorCategory> = new Set<ErrorCategory>([
  'INTERNAL',
  'INVALID_ARGUMENT',
  'OUT_OF_RANGE',
]);

/** Whether running the halves of a batch that failed so may save some of its requests. */
export function canBisect(error: unknown): boolean {
  return CAUSED_BY_ROWS.has(toWitanError(error).category);
}

/**
 * The way of a failed batch through its halves, level by level, so that a good half answers early. When no run has
 * succeeded after as many as would find one poisoned request twice over, it is not the rows: the rest fails unrun.
 */
export class Bisection<C> {
  private readonly groups: (readonly Share<C>[])[] = [];
  private readonly patience: number;
  private fruitless = 0;

  constructor(requests: number) {
    this.patience = 2 * Math.ceil(Math.log2(requests)) + 1;
  }

  /** Queues the halves of a failed group. */
  split(group: readonly Share<C>[]): void {
    const middle = group.length >>> 1;
    this.groups.push(group.slice(0, middle), group.slice(middle));
  }

  succeeded(): void {
    this.fruitless = -Infinity;
  }

  failed(): void {
    this.fruitless++;
  }

  get isHopeless(): boolean {
    return this.fruitless >= this.patience;
  }

  /** The next group to run, its rows counted from 0; requests that are settled or gone are left out. */
  next(isWanted: (share: Share<C>) => boolean): Share<C>[] | undefined {
    for (let group = this.groups.shift(); group; group = this.groups.shift()) {
      const wanted = group.filter(isWanted);
      if (wanted.length > 0) return renumber(wanted);
    }
    return undefined;
  }

  /** What has not run yet. */
  rest(): Share<C>[] {
    return this.groups.flat();
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
