import { randomFillSync } from 'node:crypto';

/** Where ids and chances come from; tests bring their own. */
export interface TraceIds {
  /** 32 lower-case hexadecimal digits, not all zero. */
  traceId(): string;
  /** 16 of them. */
  spanId(): string;
  /** From 0 to 1, 1 excluded. */
  chance(): number;
}

const POOL_BYTES = 4096;

/** Random ids; the random bytes are drawn for many at once. */
export class RandomIds implements TraceIds {
  private readonly pool = Buffer.allocUnsafe(POOL_BYTES);
  private at = POOL_BYTES;

  traceId(): string {
    return this.hex(16);
  }

  spanId(): string {
    return this.hex(8);
  }

  chance(): number {
    return Math.random();
  }

  private hex(bytes: number): string {
    if (this.at + bytes > POOL_BYTES) {
      randomFillSync(this.pool);
      this.at = 0;
    }
    const text = this.pool.toString('hex', this.at, this.at + bytes);
    this.at += bytes;
    return text;
  }
}
