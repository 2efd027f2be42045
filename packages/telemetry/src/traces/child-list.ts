import type { ChildRecord } from './child-records.js';

/**
 * What happened in a request, the newest first. It is never changed, so that the many requests of one batch, of which
 * hardly any is kept, share one list instead of having an array each.
 */
export class ChildList {
  readonly count: number;

  constructor(
    readonly record: ChildRecord,
    readonly before: ChildList | undefined,
  ) {
    this.count = before ? before.count + 1 : 1;
  }

  /** Oldest first. */
  toArray(): ChildRecord[] {
    const records = [this.record];
    for (let list = this.before; list; list = list.before) records.push(list.record);
    return records.reverse();
  }
}
