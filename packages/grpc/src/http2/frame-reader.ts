import { CODE, FRAME, FRAME_HEADER_BYTES, MIN_MAX_FRAME_BYTES, PREFACE } from './codes.js';
import { ConnectionError } from './connection-error.js';

/** What is told of a connection's bytes, in their order. Methods may throw a {@link ConnectionError}. */
export interface FrameHandler {
  /** The head of every frame, before its payload is there: what is wrong by then ends the connection at once. */
  onHead(type: number, flags: number, id: number, length: number): void;
  /** A whole frame other than DATA. `bytes` is only valid during the call. */
  onFrame(type: number, flags: number, id: number, bytes: Buffer, start: number, end: number): void;
  /** A DATA frame that lies in one chunk as a whole. `bytes` is only valid during the call. */
  onData(flags: number, id: number, bytes: Buffer, start: number, end: number): void;
  /** A DATA frame that does not: its head, its payload (with padding) in pieces, its end. */
  onDataBegin(flags: number, id: number, length: number): void;
  onDataPiece(bytes: Buffer, start: number, end: number): void;
  onDataEnd(): void;
}

/**
 * Cuts the chunks of a socket into frames. Nothing is copied but frames other than DATA that lie in two chunks; nothing
 * of a chunk is kept, since the next read may overwrite it.
 */
export class FrameReader {
  private prefaceBytes = 0;
  private readonly head = Buffer.allocUnsafe(FRAME_HEADER_BYTES);
  private headBytes = 0;
  /** A frame other than DATA that is not there as a whole. */
  private partial: Buffer | undefined;
  private partialBytes = 0;
  private type = 0;
  private flags = 0;
  private id = 0;
  /** Bytes that a DATA frame still lacks. */
  private dataLeft = 0;

  constructor(private readonly handler: FrameHandler) {}

  get prefaceSeen(): boolean {
    return this.prefaceBytes === PREFACE.length;
  }

  /** Whether a frame has begun that is not there as a whole, DATA apart. */
  get midFrame(): boolean {
    return this.headBytes > 0 || this.partial !== undefined;
  }

  /** The first `length` bytes of `chunk`. @throws {ConnectionError} */
  push(chunk: Buffer, length: number): void {
    let at = this.prefaceSeen ? 0 : this.preface(chunk, length);
    if (this.headBytes > 0 || this.partial !== undefined || this.dataLeft > 0) at = this.resume(chunk, at, length);
    const { handler } = this;
    while (length - at >= FRAME_HEADER_BYTES) {
      const size = (chunk[at]! << 16) | (chunk[at + 1]! << 8) | chunk[at + 2]!;
      const type = chunk[at + 3]!;
      const flags = chunk[at + 4]!;
      const id = ((chunk[at + 5]! & 0x7f) << 24) | (chunk[at + 6]! << 16) | (chunk[at + 7]! << 8) | chunk[at + 8]!;
      if (size > MIN_MAX_FRAME_BYTES) tooLarge(size);
      handler.onHead(type, flags, id, size);
      at += FRAME_HEADER_BYTES;
      const end = at + size;
      if (end > length) return this.suspend(chunk, at, length, type, flags, id, size);
      if (type === FRAME.data) handler.onData(flags, id, chunk, at, end);
      else handler.onFrame(type, flags, id, chunk, at, end);
      at = end;
    }
    this.keepHead(chunk, at, length);
  }

  /** RFC 9113, 3.4: anything else is noticed at its first byte. */
  private preface(chunk: Buffer, length: number): number {
    const end = Math.min(length, PREFACE.length - this.prefaceBytes);
    if (chunk.compare(PREFACE, this.prefaceBytes, this.prefaceBytes + end, 0, end) !== 0) {
      throw new ConnectionError(CODE.protocolError, 'this is not HTTP/2');
    }
    this.prefaceBytes += end;
    return end;
  }

  private keepHead(chunk: Buffer, at: number, length: number): void {
    for (; at < length; at++) this.head[this.headBytes++] = chunk[at]!;
  }

  /** The chunk ends within a payload. */
  private suspend(
    chunk: Buffer,
    at: number,
    length: number,
    type: number,
    flags: number,
    id: number,
    size: number,
  ): void {
    if (type === FRAME.data) {
      this.handler.onDataBegin(flags, id, size);
      this.dataLeft = size - (length - at);
      if (at < length) this.handler.onDataPiece(chunk, at, length);
      return;
    }
    this.type = type;
    this.flags = flags;
    this.id = id;
    this.partial = Buffer.allocUnsafeSlow(size);
    this.partialBytes = chunk.copy(this.partial, 0, at, length);
  }

  /** Goes on with what the last chunk has begun. */
  private resume(chunk: Buffer, at: number, length: number): number {
    if (this.headBytes > 0) at = this.resumeHead(chunk, at, length);
    if (this.dataLeft > 0) return this.resumeData(chunk, at, length);
    return this.partial === undefined ? at : this.resumeFrame(chunk, at, length, this.partial);
  }

  private resumeHead(chunk: Buffer, at: number, length: number): number {
    const { head } = this;
    while (this.headBytes < FRAME_HEADER_BYTES && at < length) head[this.headBytes++] = chunk[at++]!;
    if (this.headBytes < FRAME_HEADER_BYTES) return at;
    this.headBytes = 0;
    const size = head.readUIntBE(0, 3);
    if (size > MIN_MAX_FRAME_BYTES) tooLarge(size);
    this.type = head[3]!;
    this.flags = head[4]!;
    this.id = head.readUInt32BE(5) & 0x7fff_ffff;
    this.handler.onHead(this.type, this.flags, this.id, size);
    if (this.type !== FRAME.data) {
      this.partial = Buffer.allocUnsafeSlow(size);
      this.partialBytes = 0;
      return at;
    }
    if (size <= length - at) {
      this.handler.onData(this.flags, this.id, chunk, at, at + size);
      return at + size;
    }
    this.handler.onDataBegin(this.flags, this.id, size);
    this.dataLeft = size;
    return at;
  }

  private resumeData(chunk: Buffer, at: number, length: number): number {
    const end = Math.min(length, at + this.dataLeft);
    if (end > at) this.handler.onDataPiece(chunk, at, end);
    this.dataLeft -= end - at;
    if (this.dataLeft === 0) this.handler.onDataEnd();
    return end;
  }

  private resumeFrame(chunk: Buffer, at: number, length: number, partial: Buffer): number {
    const copied = chunk.copy(partial, this.partialBytes, at, length);
    this.partialBytes += copied;
    if (this.partialBytes === partial.length) {
      this.partial = undefined;
      this.handler.onFrame(this.type, this.flags, this.id, partial, 0, partial.length);
    }
    return at + copied;
  }
}

function tooLarge(size: number): never {
  throw new ConnectionError(CODE.frameSizeError, `a frame of ${size} bytes is larger than ${MIN_MAX_FRAME_BYTES}`);
}
