import { CODE, FRAME } from './codes.js';
import { ConnectionError } from './connection-error.js';

/** CONTINUATION frames of one header block. */
const MAX_CONTINUATIONS = 32;

/** A header block in several frames: nothing else may come in between, and it is bounded while it grows. */
export class HeaderBlocks {
  private id = 0;
  private endStream = false;
  private selfDependent = false;
  private pieces: Buffer[] = [];
  private bytes = 0;

  constructor(private readonly maxBytes: number) {}

  get open(): boolean {
    return this.id !== 0;
  }

  /** RFC 9113, 6.10: what may come next. @throws {ConnectionError} */
  expect(type: number, id: number): void {
    if (this.id === 0) {
      if (type === FRAME.continuation) throw new ConnectionError(CODE.protocolError, 'CONTINUATION follows nothing');
    } else if (type !== FRAME.continuation || id !== this.id) {
      throw new ConnectionError(CODE.protocolError, 'a header block is interrupted');
    }
  }

  begin(id: number, endStream: boolean, selfDependent: boolean, bytes: Buffer, start: number, end: number): void {
    this.id = id;
    this.endStream = endStream;
    this.selfDependent = selfDependent;
    this.add(bytes, start, end);
  }

  /** @throws {ConnectionError} beyond the bounds, before anything is decoded */
  add(bytes: Buffer, start: number, end: number): void {
    this.bytes += end - start;
    // Huffman's code may make text longer, and what is too long is still read to keep the table: twice the list's bound.
    if (this.pieces.length > MAX_CONTINUATIONS || this.bytes > 2 * this.maxBytes + 16_384) {
      throw new ConnectionError(CODE.enhanceYourCalm, 'a header block is too long');
    }
    this.pieces.push(Buffer.from(bytes.subarray(start, end)));
  }

  finish(): { block: Buffer; endStream: boolean; selfDependent: boolean } {
    const block = Buffer.concat(this.pieces, this.bytes);
    this.id = 0;
    this.pieces = [];
    this.bytes = 0;
    return { block, endStream: this.endStream, selfDependent: this.selfDependent };
  }
}
