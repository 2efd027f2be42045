import type { Socket } from 'node:net';
import { FRAME_HEADER_BYTES } from './codes.js';

/** For what most connections write in a turn: an answer or two. */
const SMALL_SLAB_BYTES = 4 * 1024;
const LARGE_SLAB_BYTES = 64 * 1024;
/** Longer pieces are not copied. */
const COPY_BYTES = 8 * 1024;
/** Hundreds of connections may be answered in the same turn; the spare slabs of each size take 4 MiB at most. */
const MAX_SPARE_BYTES = 4 * 1024 * 1024;

/** Slabs that nobody uses: connections hold one only while they have something to write. */
const spareSmall: Buffer[] = [];
const spareLarge: Buffer[] = [];

/**
 * What a connection writes until the end of the turn, collected for one `socket.write`. A slab is used again at once
 * when the operating system took all of it, which is the usual case without TLS.
 */
export class Output {
  private slab: Buffer | undefined;
  /** Where in the slab that which is not yet in {@link parts} begins. */
  private from = 0;
  private to = 0;
  private parts: Buffer[] | undefined;
  /** The last turn's bytes did not fit a small slab: begin with a large one. */
  private large = false;
  /** Bytes since the last flush. */
  bytes = 0;

  constructor(
    private readonly socket: Socket,
    /** TLS takes long to be done with a slab: it gets a copy of the bytes. */
    private readonly copies: boolean,
  ) {}

  /** A buffer with room for `size` bytes at {@link at}; the caller writes there and then calls {@link advance}. */
  room(size: number): Buffer {
    const slab = this.slab;
    if (slab !== undefined && slab.length - this.to >= size) return slab;
    return this.nextSlab(size);
  }

  get at(): number {
    return this.to;
  }

  advance(to: number): void {
    this.bytes += to - this.to;
    this.to = to;
  }

  private nextSlab(size: number): Buffer {
    const first = this.slab === undefined;
    if (!first) this.cut(this.slab!);
    this.from = this.to = 0;
    return (this.slab = first && !this.large && size <= SMALL_SLAB_BYTES ? smallSlab() : largeSlab(size));
  }

  private cut(slab: Buffer): void {
    if (this.to > this.from) (this.parts ??= []).push(slab.subarray(this.from, this.to));
    this.from = this.to;
  }

  /** Bytes that must not change any more. */
  append(bytes: Buffer, start: number, end: number): void {
    if (end - start <= COPY_BYTES) {
      const out = this.room(end - start);
      this.advance(this.to + bytes.copy(out, this.to, start, end));
      return;
    }
    if (this.slab !== undefined) this.cut(this.slab);
    (this.parts ??= []).push(bytes.subarray(start, end));
    this.bytes += end - start;
  }

  /** The head of a frame. */
  head(length: number, type: number, flags: number, id: number): void {
    const out = this.room(FRAME_HEADER_BYTES);
    this.advance(writeHead(out, this.to, length, type, flags, id));
  }

  /** Gives everything to the socket. */
  flush(): void {
    if (this.bytes === 0) return;
    this.large = this.bytes > SMALL_SLAB_BYTES;
    this.bytes = 0;
    const { slab, parts, socket } = this;
    if (parts !== undefined) {
      if (slab !== undefined) this.cut(slab);
      this.parts = undefined;
      this.slab = undefined;
      socket.cork();
      for (const part of parts) socket.write(part);
      socket.uncork();
      return;
    }
    const piece = slab!.subarray(this.from, this.to);
    if (this.copies) {
      socket.write(Buffer.from(piece));
    } else {
      socket.write(piece);
      // The operating system has not taken all of it: the slab is the socket's until it has.
      if (socket.writableLength > 0) {
        this.slab = undefined;
        return;
      }
    }
    this.release(slab!);
  }

  private release(slab: Buffer): void {
    this.slab = undefined;
    this.from = this.to = 0;
    if (slab.length === SMALL_SLAB_BYTES) keep(spareSmall, slab);
    else if (slab.length === LARGE_SLAB_BYTES) keep(spareLarge, slab);
  }
}

const smallSlab = (): Buffer => spareSmall.pop() ?? Buffer.allocUnsafeSlow(SMALL_SLAB_BYTES);

const largeSlab = (size: number): Buffer =>
  size > LARGE_SLAB_BYTES
    ? Buffer.allocUnsafeSlow(size)
    : (spareLarge.pop() ?? Buffer.allocUnsafeSlow(LARGE_SLAB_BYTES));

function keep(spare: Buffer[], slab: Buffer): void {
  if ((spare.length + 1) * slab.length <= MAX_SPARE_BYTES) spare.push(slab);
}

/** RFC 9113, 4.1; gives where it ends. */
export function writeHead(out: Buffer, at: number, length: number, type: number, flags: number, id: number): number {
  out[at] = length >>> 16;
  out[at + 1] = length >>> 8;
  out[at + 2] = length;
  out[at + 3] = type;
  out[at + 4] = flags;
  out[at + 5] = id >>> 24;
  out[at + 6] = id >>> 16;
  out[at + 7] = id >>> 8;
  out[at + 8] = id;
  return at + FRAME_HEADER_BYTES;
}
