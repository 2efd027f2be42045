import type { Connection } from '../http2/connection.js';
import type { RequestHeaders } from '../http2/request-headers.js';
import type { GrpcStatus, GrpcUnaryCall, GrpcUnaryMethod } from '../server/grpc-server.js';
import { BaseCall } from './base-call.js';
import { compressAnswer, decompressMessage } from './call-compression.js';
import { MessageAssembler, type MessageSink, PREFIX_BYTES } from './message-assembler.js';
import { STATUS } from './status-code.js';

/** One message in, one out. */
export class UnaryCall extends BaseCall implements GrpcUnaryCall, MessageSink {
  private assembler: MessageAssembler | undefined;
  private message: Buffer | undefined;
  private compressed = false;

  constructor(
    connection: Connection,
    id: number,
    headers: RequestHeaders,
    private readonly method: GrpcUnaryMethod,
  ) {
    super(connection, id, headers);
  }

  get awaitsBytes(): boolean {
    return !this.remoteEnded && !this.done;
  }

  /** All that came is taken at once; a long message is let in without waiting for each window. */
  get windowGoal(): number {
    const { initialReceiveWindow, maxWindowAhead } = this.connection;
    if (this.done) return 0;
    return Math.max(initialReceiveWindow, Math.min(this.assembler?.lacking ?? 0, maxWindowAhead));
  }

  onData(bytes: Buffer, start: number, end: number, last: boolean): void {
    if (this.done) return;
    const length = end - start - PREFIX_BYTES;
    // The usual case: the message lies in one frame as a whole, and needs not be put together.
    if (
      last &&
      this.assembler === undefined &&
      length >= 0 &&
      bytes[start] === 0 &&
      ((bytes[start + 1]! << 24) | (bytes[start + 2]! << 16) | (bytes[start + 3]! << 8) | bytes[start + 4]!) ===
        length &&
      length <= this.connection.options.maxReceiveMessageBytes
    ) {
      const message = bytes.subarray(start + PREFIX_BYTES, end);
      return this.dispatch(this.connection.overwritten ? Buffer.from(message) : message);
    }
    this.assembler ??= new MessageAssembler(this.connection.options.maxReceiveMessageBytes, this);
    if (!this.connection.hold(this, end - start)) return;
    this.assembler.push(bytes, start, end);
    if (last) this.onEnd();
  }

  onMessage(compressed: boolean, message: Buffer): void {
    if (this.message !== undefined) {
      this.fail({ code: STATUS.unimplemented, message: 'this method takes one message, and the request has more' });
      return;
    }
    this.message = message;
    this.compressed = compressed;
  }

  onBadMessage(code: number, message: string): void {
    this.fail({ code, message });
  }

  onEnd(): void {
    if (this.done) return;
    if (this.assembler?.midMessage) {
      return this.fail({ code: STATUS.internal, message: 'the request ends within a message' });
    }
    const { message } = this;
    if (message === undefined) {
      return this.fail({
        code: STATUS.unimplemented,
        message: 'this method takes one message, and the request has none',
      });
    }
    this.message = undefined;
    this.assembler = undefined;
    if (!this.compressed) return this.dispatch(message);
    void decompressMessage(this, message).then((plain) => plain && !this.done && this.dispatch(plain));
  }

  private dispatch(message: Buffer): void {
    this.seen = true;
    if (this.held > 0) this.connection.release(this, this.held);
    try {
      this.method.handle(this, message);
    } catch (error) {
      this.thrown(error);
    }
  }

  answer(message: Buffer, trailers?: GrpcStatus['trailers']): void {
    if (this.done) return;
    this.done = true;
    if (this.closed) return;
    if (trailers !== undefined) this.setStatus({ code: STATUS.ok, message: '', trailers });
    const compression = this.connection.compressionFor(this.requestHeaders);
    if (compression === undefined) return this.send(message);
    void compressAnswer(this, compression, message).then(({ flag, bytes }) => {
      if (this.closed) return;
      this.connection.sender.data(this, flag, bytes);
      this.finish(undefined);
    });
  }

  private send(message: Buffer): void {
    this.progressAt = this.connection.now;
    this.connection.sender.answer(this, message);
    this.connection.touch();
  }
}
