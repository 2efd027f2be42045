import type { Output } from './output.js';

/** The DATA of one call that is not sent yet, as references to what the handler gave. */
export class Outbox {
  bytes = 0;
  private readonly pieces: Buffer[] = [];
  /** How much of the first piece is sent. */
  private offset = 0;

  push(piece: Buffer): void {
    this.pieces.push(piece);
    this.bytes += piece.length;
  }

  /** Moves `size` bytes, of those that are there, to the output. */
  take(size: number, output: Output): void {
    this.bytes -= size;
    let done = 0;
    while (size > 0) {
      const piece = this.pieces[done]!;
      const count = Math.min(size, piece.length - this.offset);
      output.append(piece, this.offset, this.offset + count);
      size -= count;
      this.offset += count;
      if (this.offset === piece.length) {
        this.offset = 0;
        done++;
      }
    }
    if (done > 0) this.pieces.splice(0, done);
  }

  clear(): void {
    this.bytes = 0;
    this.offset = 0;
    this.pieces.length = 0;
  }
}
