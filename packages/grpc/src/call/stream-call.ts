import type { Connection } from '../http2/connection.js';
import type { RequestHeaders } from '../http2/request-headers.js';
import type { GrpcStatus, GrpcStreamCall, GrpcStreamMethod } from '../server/grpc-server.js';
import { BaseCall } from './base-call.js';
import { compressAnswer, decompressMessage } from './call-compression.js';
import { MessageAssembler, type MessageSink, PREFIX_BYTES } from './message-assembler.js';
import { STATUS } from './status-code.js';

/** A handler waits once so much of its answer is not sent. */
const BACKLOG_BYTES = 64 * 1024;

interface Queued {
  readonly compressed: boolean;
  readonly message: Buffer;
}

interface Waiting {
  promise?: Promise<unknown>;
  resolve(result: IteratorResult<Buffer, undefined>): void;
  reject(error: Error): void;
}

const DONE: IteratorResult<Buffer, undefined> = { done: true, value: undefined };

/** Any number of messages each way. */
export class StreamCall extends BaseCall implements GrpcStreamCall, MessageSink, AsyncIterable<Buffer> {
  private readonly assembler: MessageAssembler;
  private readonly queue: Queued[] = [];
  private queuedBytes = 0;
  private waiting: Waiting | undefined;
  private inputBroken = false;
  private backlogWaiters: (() => void)[] | undefined;
  /** Messages that are being compressed, in order. */
  private compressing: Promise<void> | undefined;

  constructor(
    connection: Connection,
    id: number,
    headers: RequestHeaders,
    private readonly method: GrpcStreamMethod,
  ) {
    super(connection, id, headers);
    this.assembler = new MessageAssembler(connection.options.maxReceiveMessageBytes, this);
  }

  override onOpen(): void {
    this.seen = true;
    try {
      this.method.handle(this);
    } catch (error) {
      this.thrown(error);
    }
  }

  get messages(): AsyncIterable<Buffer> {
    return this;
  }

  get awaitsBytes(): boolean {
    return !this.remoteEnded && !this.done && this.assembler.midMessage && this.queue.length === 0;
  }

  /** What waits for the handler is not let in again; a message that it waits for is. */
  get windowGoal(): number {
    const { initialReceiveWindow, maxWindowAhead } = this.connection;
    if (this.done) return 0;
    if (this.queue.length > 0) return initialReceiveWindow - this.queuedBytes;
    return Math.max(initialReceiveWindow, Math.min(this.assembler.lacking, maxWindowAhead));
  }

  onData(bytes: Buffer, start: number, end: number, last: boolean): void {
    if (this.done) return;
    if (!this.connection.hold(this, end - start)) return;
    if (!this.assembler.midMessage) this.since = this.connection.now;
    this.assembler.push(bytes, start, end);
    if (last) this.onEnd();
  }

  onMessage(compressed: boolean, message: Buffer): void {
    this.since = this.connection.now;
    this.queue.push({ compressed, message });
    this.queuedBytes += message.length + PREFIX_BYTES;
    this.serve();
  }

  onBadMessage(code: number, message: string): void {
    this.breakInput();
    this.cancelWith({ code, message });
  }

  onEnd(): void {
    if (this.done) return;
    if (this.assembler.midMessage) return this.onBadMessage(STATUS.internal, 'the request ends within a message');
    this.serve();
  }

  [Symbol.asyncIterator](): AsyncIterator<Buffer, undefined> {
    return { next: () => this.next() };
  }

  private next(): Promise<IteratorResult<Buffer, undefined>> {
    let waiting!: Waiting;
    const promise = new Promise<IteratorResult<Buffer, undefined>>((resolve, reject) => {
      waiting = { resolve, reject };
    });
    waiting.promise = promise;
    this.waiting = waiting;
    this.serve();
    return promise;
  }

  /** Gives the next message, or the end, to who waits. */
  private serve(): void {
    const { waiting } = this;
    if (waiting === undefined) return;
    if (this.inputBroken) {
      this.waiting = undefined;
      return refuse(waiting, 'the caller broke off');
    }
    const first = this.queue.shift();
    if (first === undefined) {
      if (!this.remoteEnded) return;
      this.waiting = undefined;
      return waiting.resolve(DONE);
    }
    this.waiting = undefined;
    this.taken(first.message.length + PREFIX_BYTES);
    if (!first.compressed) return waiting.resolve({ done: false, value: first.message });
    void decompressMessage(this, first.message).then((value) => {
      if (value === undefined) this.breakInput();
      if (value === undefined) refuse(waiting, 'a message cannot be decompressed');
      else waiting.resolve({ done: false, value });
    });
  }

  private taken(bytes: number): void {
    this.queuedBytes -= bytes;
    this.connection.release(this, bytes);
    if (!this.remoteEnded) this.connection.replenish(this);
  }

  private breakInput(): void {
    this.inputBroken = true;
    this.queue.length = 0;
    this.queuedBytes = 0;
    this.serve();
  }

  write(message: Buffer): Promise<void> | undefined {
    if (this.done || this.closed) return undefined;
    const compression = this.connection.compressionFor(this.requestHeaders);
    if (compression === undefined) return this.send(0, message);
    return (this.compressing = (this.compressing ?? Promise.resolve()).then(async () => {
      const { flag, bytes } = await compressAnswer(this, compression, message);
      if (!this.closed) await this.send(flag, bytes);
    }));
  }

  private send(flag: number, message: Buffer): Promise<void> | undefined {
    const { sender } = this.connection;
    if (!this.ending && this.outbox.bytes === 0) this.progressed();
    sender.data(this, flag, message);
    this.connection.touch();
    const { bytes } = this.outbox;
    if (bytes <= BACKLOG_BYTES && !(bytes > 0 && sender.congested)) return undefined;
    return new Promise((resolve) => (this.backlogWaiters ??= []).push(resolve));
  }

  end(): void {
    if (this.done) return;
    this.done = true;
    this.finish(undefined);
  }

  protected override finish(status: GrpcStatus | undefined): void {
    if (this.compressing === undefined) return super.finish(status);
    void this.compressing.then(() => super.finish(status));
  }

  override abort(): void {
    this.breakInput();
    super.abort();
  }

  override expire(): void {
    this.breakInput();
    super.expire();
    this.caughtUp();
  }

  override sent(): void {
    super.sent();
    this.breakInput();
    this.caughtUp();
  }

  override caughtUp(): void {
    const waiters = this.backlogWaiters;
    if (waiters === undefined) return;
    this.backlogWaiters = undefined;
    for (const resolve of waiters) resolve();
  }
}

/** A handler that looks at the promise later must not bring the process down until then. */
function refuse(waiting: Waiting, text: string): void {
  waiting.promise?.catch(() => undefined);
  waiting.reject(new Error(text));
}
