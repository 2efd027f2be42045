import type { Clock } from '@witan/core';

/** Kinds that are told apart; beyond them the one that was there first is forgotten. */
const MAX_KEYS = 1000;

interface Bucket {
  tokens: number;
  at: number;
  suppressed: number;
}

/** So many lines of one kind in a time, and a count of those that were too many. */
export class RateLimit {
  private readonly buckets = new Map<string, Bucket>();
  /** Of kinds that were forgotten. */
  private forgotten = 0;

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    private readonly clock: Clock,
  ) {}

  /** How many of its kind were suppressed before this one; `undefined`: this one is too. */
  take(key: string): number | undefined {
    const bucket = this.refilled(key);
    if (bucket.tokens < 1) {
      bucket.suppressed++;
      return undefined;
    }
    bucket.tokens--;
    const { suppressed } = bucket;
    bucket.suppressed = 0;
    return suppressed;
  }

  /** All that were suppressed and not told of yet; they are told of now. */
  drain(): number {
    let count = this.forgotten;
    this.forgotten = 0;
    for (const bucket of this.buckets.values()) {
      count += bucket.suppressed;
      bucket.suppressed = 0;
    }
    return count;
  }

  private refilled(key: string): Bucket {
    const now = this.clock.now();
    const known = this.buckets.get(key);
    if (!known) return this.added(key, now);
    // A clock that goes backwards gives nothing, and takes nothing.
    const passedMs = Math.max(0, now - known.at);
    known.tokens = Math.min(this.burst, known.tokens + (passedMs * this.perSecond) / 1000);
    known.at = now;
    return known;
  }

  private added(key: string, at: number): Bucket {
    if (this.buckets.size >= MAX_KEYS) {
      const [first, bucket] = this.buckets.entries().next().value!;
      this.forgotten += bucket.suppressed;
      this.buckets.delete(first);
    }
    const bucket = { tokens: this.burst, at, suppressed: 0 };
    this.buckets.set(key, bucket);
    return bucket;
  }
}
