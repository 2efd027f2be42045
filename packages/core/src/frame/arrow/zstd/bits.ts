import { malformed } from '../limits.js';

export function broken(what: string): Error {
  return malformed(`a ZSTD buffer ${what}`);
}

/** The place of the highest set bit of a positive integer below 2 ** 31. */
export function highestBit(value: number): number {
  return 31 - Math.clz32(value);
}

/** Reads bits from the end of `bytes` to their beginning; beyond it there are zeros, and {@link left} is negative. */
export class BackwardBits {
  /** How many bits are unread. */
  left: number;

  constructor(private readonly bytes: Uint8Array) {
    const last = bytes[bytes.length - 1];
    if (!last) throw broken('has a bit stream without an end mark');
    this.left = 8 * (bytes.length - 1) + highestBit(last);
  }

  /** The next `count` (at most 16) bits, which stay unread. */
  peek(count: number): number {
    const start = this.left - count;
    if (start >= 0) return this.at(start) & ((1 << count) - 1);
    return this.left <= 0 ? 0 : (this.at(0) & ((1 << this.left) - 1)) << -start;
  }

  /** The next `count` (at most 31) bits. */
  read(count: number): number {
    if (count > 16) return this.read(count - 16) * 0x1_0000 + this.read(16);
    const value = this.peek(count);
    this.left -= count;
    return value;
  }

  /** At least 17 bits from a position on. */
  private at(bit: number): number {
    const byte = bit >> 3;
    const { bytes } = this;
    const word = bytes[byte]! | ((bytes[byte + 1] ?? 0) << 8) | ((bytes[byte + 2] ?? 0) << 16);
    return word >>> (bit & 7);
  }
}

/** Reads bits from the beginning of `bytes` on. */
export class ForwardBits {
  bit = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** The next `count` (at most 16) bits. */
  read(count: number): number {
    const byte = this.bit >> 3;
    const { bytes } = this;
    const word = (bytes[byte] ?? 0) | ((bytes[byte + 1] ?? 0) << 8) | ((bytes[byte + 2] ?? 0) << 16);
    const value = (word >>> (this.bit & 7)) & ((1 << count) - 1);
    this.bit += count;
    if (this.bit > 8 * bytes.length) throw broken('ends within a table');
    return value;
  }
}
