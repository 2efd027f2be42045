import { STATUS } from './status-code.js';

/** Length-prefixed messages: one byte of flags, four of length. */
export const PREFIX_BYTES = 5;
/** A message's buffer has this, or so many times what has come of it: a stated length costs nothing. */
const FIRST_BYTES = 4096;
const GROWTH = 16;

/** What is told of a call's messages. */
export interface MessageSink {
  onMessage(compressed: boolean, message: Buffer): void;
  /** The bytes are not messages, or one is too large; nothing more is told. */
  onBadMessage(code: number, text: string): void;
}

/** Puts messages together that do not lie in one DATA frame each. Everything is copied: chunks are not kept alive. */
export class MessageAssembler {
  private prefixBytes = 0;
  private flag = 0;
  private length = 0;
  private body: Buffer | undefined;
  private have = 0;
  private broken = false;

  constructor(
    private readonly maxBytes: number,
    private readonly sink: MessageSink,
  ) {}

  /** Whether a message has begun and is not there as a whole. */
  get midMessage(): boolean {
    return this.prefixBytes > 0;
  }

  /** Bytes that the message still lacks, as far as its length is known. */
  get lacking(): number {
    return this.prefixBytes === PREFIX_BYTES ? this.length - this.have : 0;
  }

  push(bytes: Buffer, at: number, end: number): void {
    while (at < end && !this.broken) {
      if (this.prefixBytes < PREFIX_BYTES) {
        this.prefix(bytes[at++]!);
      } else {
        const take = Math.min(end - at, this.length - this.have);
        this.take(bytes, at, take);
        at += take;
      }
      if (this.prefixBytes === PREFIX_BYTES && this.have === this.length && !this.broken) this.complete();
    }
  }

  private prefix(byte: number): void {
    if (this.prefixBytes++ === 0) {
      this.flag = byte;
      this.length = 0;
      if (byte > 1) this.fail(STATUS.internal, `a message has the flags ${byte}, of which only 0 and 1 are known`);
      return;
    }
    this.length = this.length * 256 + byte;
    if (this.prefixBytes === PREFIX_BYTES && this.length > this.maxBytes) {
      this.fail(
        STATUS.resourceExhausted,
        `a message of ${this.length} bytes is larger than the ${this.maxBytes} that are allowed`,
      );
    }
  }

  private take(bytes: Buffer, at: number, count: number): void {
    const needed = this.have + count;
    if (this.body === undefined || this.body.length < needed) {
      const size = Math.max(needed * GROWTH, FIRST_BYTES);
      // A buffer that would have to grow once more by less than itself is made as long as the message.
      const grown = Buffer.allocUnsafeSlow(size * 2 >= this.length ? this.length : size);
      this.body?.copy(grown, 0, 0, this.have);
      this.body = grown;
    }
    bytes.copy(this.body, this.have, at, at + count);
    this.have = needed;
  }

  private complete(): void {
    const message = this.body ?? Buffer.alloc(0);
    const compressed = this.flag === 1;
    this.prefixBytes = 0;
    this.have = 0;
    this.body = undefined;
    this.sink.onMessage(compressed, message);
  }

  private fail(code: number, text: string): void {
    this.broken = true;
    this.body = undefined;
    this.sink.onBadMessage(code, text);
  }
}
