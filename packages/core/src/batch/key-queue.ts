import { Coalescer } from './coalescer.js';
import type { Waiting } from './waiting.js';

/** What waits in all queues of a gate together. */
export interface QueueTotal {
  weight: number;
  requests: number;
}

/** The waiting requests of one key, in the order in which they go. */
export class KeyQueue<C> {
  readonly coalescer = new Coalescer();
  /** Rows that wait (requests, for the queue of requests without rows). */
  weight = 0;
  /** Rows of this key in flight. */
  flying = 0;
  /** It is among its gate's active queues. */
  active = false;
  /** Waiting requests that came from another gate. */
  urgent = 0;
  private entries: Waiting<C>[] = [];
  private head = 0;

  constructor(
    readonly key: string,
    /** Its requests have no rows: they share runs of no rows. */
    readonly rowless: boolean,
    private readonly total: QueueTotal,
  ) {}

  get length(): number {
    return this.entries.length - this.head;
  }

  get first(): Waiting<C> | undefined {
    return this.entries[this.head];
  }

  /** Adds behind all that go before or tie. */
  insert(waiting: Waiting<C>): void {
    const { entries } = this;
    this.count(waiting, 1);
    let at = entries.length;
    if (at === this.head || entries[at - 1]!.order <= waiting.order) {
      entries.push(waiting);
      return;
    }
    at = this.placeOf(waiting.order);
    entries.splice(at, 0, waiting);
  }

  shift(): Waiting<C> {
    const first = this.entries[this.head]!;
    this.entries[this.head++] = undefined as never;
    if (this.head === this.entries.length) {
      this.entries.length = 0;
      this.head = 0;
    } else if (this.head >= 64 && this.head * 2 >= this.entries.length) {
      this.entries.splice(0, this.head);
      this.head = 0;
    }
    this.count(first, -1);
    return first;
  }

  /** Takes out one that is somewhere in the queue. */
  remove(waiting: Waiting<C>): boolean {
    const at = this.entries.indexOf(waiting, this.head);
    if (at < 0) return false;
    this.entries.splice(at, 1);
    this.count(waiting, -1);
    return true;
  }

  /** Rows that would go before a request of this order. */
  weightBefore(order: number): number {
    const { entries } = this;
    if (entries.length === this.head || entries[entries.length - 1]!.order <= order) return this.weight;
    const end = this.placeOf(order);
    let sum = 0;
    for (let i = this.head; i < end; i++) sum += entries[i]!.left;
    return sum;
  }

  oldestArrival(): number {
    let oldest = Infinity;
    for (let i = this.head; i < this.entries.length; i++) oldest = Math.min(oldest, this.entries[i]!.arrivedAt);
    return oldest;
  }

  earliestDeadline(): number {
    let earliest = Infinity;
    for (let i = this.head; i < this.entries.length; i++) earliest = Math.min(earliest, this.entries[i]!.deadline);
    return earliest;
  }

  /** Takes out all that match, in order. */
  takeOut(matches: (waiting: Waiting<C>) => boolean): Waiting<C>[] {
    const out: Waiting<C>[] = [];
    const kept = this.entries.slice(this.head).filter((waiting) => !matches(waiting) || !out.push(waiting));
    for (const waiting of out) this.count(waiting, -1);
    this.entries = kept;
    this.head = 0;
    return out;
  }

  private count(waiting: Waiting<C>, sign: 1 | -1): void {
    const weight = sign * waiting.left;
    this.weight += weight;
    this.total.weight += weight;
    this.total.requests += sign;
    if (waiting.item.immediate) this.urgent += sign;
  }

  /** The first place whose request goes after `order`. */
  private placeOf(order: number): number {
    let low = this.head;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.entries[middle]!.order <= order) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
