import type { Clock } from '@witan/core';

/** Values of the counter: 12 bits and 14 bits, the places between UUIDv7's version and its random end. */
const COUNTS = 1 << 26;

/**
 * UUIDs of version 7 (RFC 9562): time, a counter within the millisecond, and 48 random bits of the process. Ascending
 * within the process, also when the clock goes back; costs about 0.1 us.
 */
export class RecordIds {
  private ms = -1;
  private count = 0;
  private time = '';
  private readonly node: string;

  /** @param random gives numbers from 0 to below 1 */
  constructor(
    private readonly clock: Pick<Clock, 'epochMs'>,
    random: () => number,
  ) {
    const half = (): string => hex(Math.floor(random() * 2 ** 24), 6);
    this.node = half() + half();
  }

  next(): string {
    const now = Math.floor(this.clock.epochMs());
    if (now > this.ms) this.begin(now);
    else if (++this.count === COUNTS) this.begin(this.ms + 1);
    const { count } = this;
    return `${this.time}-7${hex(count >>> 14, 3)}-${hex(0x8000 | (count & 0x3fff), 4)}-${this.node}`;
  }

  private begin(ms: number): void {
    this.ms = ms;
    this.count = 0;
    const digits = hex(ms, 12);
    this.time = `${digits.slice(0, 8)}-${digits.slice(8)}`;
  }
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
