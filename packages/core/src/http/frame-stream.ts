import { Readable } from 'node:stream';
import type { WitanError } from '../errors/witan-error.js';
import type { Frame } from '../frame/frame.js';
import { releaseIterator } from '../service/stream.js';
import type { StreamForm } from './stream-forms.js';

/** A handler that never waits for anything would otherwise hold the event loop until the socket is full. */
const FRAMES_A_TURN = 16;

/** What a stream tells when it is over. */
export interface FrameStreamEvents {
  /** The iterator threw, or the request was aborted, after the first bytes went out. Gives the error to tell the caller. */
  failed(thrown: unknown): WitanError;
  /** Nothing more will be read or written. */
  closed(): void;
}

/**
 * An answer that is written while its Frames come. The next Frame is asked for when the socket has taken the last
 * (nothing is read ahead); when the caller goes away, the iterator's `return()` is called.
 */
export class FrameStream extends Readable {
  private pulling = false;
  private over = false;
  private framesThisTurn = 0;
  /** Bytes of the body so far. */
  bytes = 0;

  constructor(
    private readonly frames: AsyncIterator<Frame>,
    private first: IteratorResult<Frame> | undefined,
    private readonly form: StreamForm,
    private readonly events: FrameStreamEvents,
  ) {
    super({ highWaterMark: 0 });
  }

  /** Ends the answer with an error, in the way of its form. */
  fail(thrown: unknown): void {
    if (this.over) return;
    this.over = true;
    const last = this.form.failure(this.events.failed(thrown));
    // A form without a place for errors ends abruptly: the caller's parser sees the cut.
    if (last === undefined) this.destroy(new Error('the stream failed', { cause: thrown }));
    else {
      this.push(last);
      this.push(null);
    }
    releaseIterator(this.frames);
  }

  override push(chunk: string | Uint8Array | null): boolean {
    if (chunk !== null) this.bytes += typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.length;
    return super.push(chunk);
  }

  override _read(): void {
    if (this.pulling || this.over) return;
    this.pulling = true;
    void this.pull();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.over) {
      this.over = true;
      releaseIterator(this.frames);
    }
    this.events.closed();
    done(error);
  }

  private async pull(): Promise<void> {
    try {
      let chunk: string | Uint8Array = '';
      while (chunk.length === 0 && !this.over) chunk = await this.next();
      this.pulling = false;
      if (chunk.length > 0 && !this.destroyed) this.push(chunk);
    } catch (thrown) {
      this.pulling = false;
      this.fail(thrown);
    }
  }

  /** The next bytes; empty for a Frame that leaves no trace in this form. At the end it pushes them itself. */
  private async next(): Promise<string | Uint8Array> {
    if (++this.framesThisTurn > FRAMES_A_TURN) {
      this.framesThisTurn = 0;
      await new Promise(setImmediate);
    }
    const result = this.first ?? (await this.frames.next());
    this.first = undefined;
    if (this.over) return '';
    if (!result.done) return this.form.frame(result.value);
    this.over = true;
    const last = this.form.end();
    if (last.length > 0) this.push(last);
    this.push(null);
    return '';
  }
}
