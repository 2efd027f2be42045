/** What waits for a shadow. */
export interface Waiting {
  readonly rows: number;
  readonly bytes: number;
  /** Clock milliseconds at which it came. */
  readonly at: number;
}

export interface QueueLimits {
  readonly maxQueue: number;
  readonly maxQueueBytes: number;
  readonly maxAgeMs: number;
}

/** A queue that holds so much and no more: the oldest makes room. */
export class ShadowQueue<T extends Waiting> {
  private items: T[] = [];
  private bytes = 0;

  constructor(
    private readonly limits: QueueLimits,
    /** Told of everything that is let go unseen. */
    private readonly drop: (item: T) => void,
  ) {}

  get length(): number {
    return this.items.length;
  }

  push(item: T): void {
    if (item.bytes > this.limits.maxQueueBytes) return this.drop(item);
    this.items.push(item);
    this.bytes += item.bytes;
    while (this.items.length > this.limits.maxQueue || this.bytes > this.limits.maxQueueBytes) this.drop(this.shift());
  }

  /** The next ones, of up to so many rows and at least one; what is too old is dropped. */
  take(maxRows: number, now: number): T[] {
    this.dropOld(now);
    const taken: T[] = [];
    let rows = 0;
    while (this.items.length > 0 && (taken.length === 0 || rows + this.items[0]!.rows <= maxRows)) {
      const item = this.shift();
      rows += item.rows;
      taken.push(item);
    }
    return taken;
  }

  dropOld(now: number): void {
    while (this.items.length > 0 && now - this.items[0]!.at > this.limits.maxAgeMs) this.drop(this.shift());
  }

  /** Lets everything go, unseen and uncounted. */
  clear(): void {
    this.items = [];
    this.bytes = 0;
  }

  private shift(): T {
    const item = this.items.shift()!;
    this.bytes -= item.bytes;
    return item;
  }
}
