import type { Connection } from '../http2/connection.js';
import { CODE } from '../http2/codes.js';
import { Outbox } from '../http2/outbox.js';
import type { RequestHeaders } from '../http2/request-headers.js';
import { REPEATED } from '../hpack/answer-encoder.js';
import type { GrpcCall, GrpcPeer, GrpcStatus } from '../server/grpc-server.js';
import { trailerFields } from './answer-fields.js';
import { parseTimeoutMs } from './grpc-timeout.js';
import { isOwned, metadataOf, wireValue } from './metadata.js';
import { STATUS } from './status-code.js';

const NO_FIELDS: readonly (readonly [string, string])[] = [];

/**
 * A call and its stream in one record: its windows, how far both sides are, and what a method sees of it. Made for every
 * call and never used again, so that a handler that answers late can only ever answer its own.
 */
export abstract class BaseCall implements GrpcCall {
  sendWindow: number;
  receiveWindow: number;
  /** Bytes of DATA that came, padding apart. */
  received = 0;
  /** Bytes that count against the connection's bound until they are handed on. */
  held = 0;
  /** The caller has sent all. */
  remoteEnded = false;
  /** Nothing more is sent or told. */
  closed = false;
  /** The method has answered, or must not any more. */
  done = false;
  cancelled = false;
  /** Its method was called. */
  protected seen = false;
  headersSent = false;
  /** Waits for what is in the outbox, then ends. */
  ending = false;
  endsWithData = false;
  endCode = 0;
  endFields: readonly (readonly [string, string])[] = NO_FIELDS;
  answerFields: [string, string][] | undefined;
  /** When the message that is awaited began to be. */
  since: number;
  /** When something of the answer was sent last. */
  progressAt = 0;
  /** On the connection's clock; Infinity without one. */
  readonly deadline: number;
  readonly deadlineEpochMs: number | undefined;
  private lazyOutbox: Outbox | undefined;
  private listener: (() => void) | undefined;
  private listeners: (() => void)[] | undefined;

  constructor(
    readonly connection: Connection,
    readonly id: number,
    readonly requestHeaders: RequestHeaders,
  ) {
    this.sendWindow = connection.sender.peer.initialWindow;
    this.receiveWindow = connection.initialReceiveWindow;
    this.since = connection.now;
    const timeoutMs = requestHeaders.timeout === undefined ? undefined : parseTimeoutMs(requestHeaders.timeout);
    if (timeoutMs === undefined) {
      this.deadline = Infinity;
      this.deadlineEpochMs = undefined;
    } else {
      this.deadline = connection.now + timeoutMs;
      this.deadlineEpochMs = connection.clock.epochMs() + timeoutMs;
    }
  }

  /** DATA that came, without padding; `last`: it ended the request. `bytes` is only valid during the call. */
  abstract onData(bytes: Buffer, start: number, end: number, last: boolean): void;
  /** The request ended without further DATA. */
  abstract onEnd(): void;
  /** Whether the caller owes bytes that it must send in time. */
  abstract readonly awaitsBytes: boolean;
  /** The bytes that the caller should be allowed to send from now on. */
  abstract readonly windowGoal: number;

  /** The call is on the connection's list. */
  onOpen(): void {}

  get outbox(): Outbox {
    return (this.lazyOutbox ??= new Outbox());
  }

  get path(): string {
    return this.requestHeaders.path!;
  }

  get answerType(): number {
    return this.requestHeaders.contentType === 'application/grpc+proto'
      ? REPEATED.contentTypeProto
      : REPEATED.contentType;
  }

  get peer(): GrpcPeer {
    return this.connection.peer;
  }

  header(name: string): string | undefined {
    return name === ':authority' ? this.requestHeaders.authority : this.requestHeaders.get(name);
  }

  headers(): Iterable<readonly [string, string | Buffer]> {
    return metadataOf(this.requestHeaders);
  }

  setHeader(name: string, value: string): void {
    const lower = name.toLowerCase();
    if (isOwned(lower)) return;
    const text = wireValue(lower, value);
    const fields = (this.answerFields ??= []);
    const before = fields.find(([known]) => known === lower);
    if (before) before[1] = text;
    else fields.push([lower, text]);
  }

  onCancel(fn: () => void): void {
    if (this.cancelled) return fn();
    if (this.done) return;
    if (this.listener === undefined) this.listener = fn;
    else (this.listeners ??= []).push(fn);
  }

  fail(status: GrpcStatus): void {
    if (this.done) return;
    this.done = true;
    if (!this.seen) this.tellRefused(status.code);
    this.finish(status);
  }

  /** It ends, and no method has seen it. */
  protected tellRefused(code: number): void {
    const { onRefused } = this.connection.options;
    if (onRefused === undefined) return;
    onRefused(this.requestHeaders.route?.method === undefined ? undefined : this.path, code);
  }

  /** The method threw, which it must not. */
  protected thrown(error: unknown): void {
    this.connection.options.onError(error, this.path);
    this.fail({ code: STATUS.internal, message: 'the method failed' });
  }

  /** Ends the call, with what was written before. */
  protected finish(status: GrpcStatus | undefined): void {
    if (this.closed) return;
    this.progressAt = this.connection.now;
    if (status !== undefined) this.setStatus(status);
    this.connection.sender.end(this);
    this.connection.touch();
  }

  protected setStatus(status: GrpcStatus): void {
    this.endCode = status.code;
    try {
      this.endFields = trailerFields(status);
    } catch (error) {
      this.endCode = STATUS.internal;
      this.endFields = trailerFields({ code: STATUS.internal, message: (error as Error).message });
    }
  }

  /** The deadline has passed: the caller is told, and so is the method. */
  expire(): void {
    if (this.done) return this.connection.resetStream(this, CODE.cancel);
    this.lazyOutbox?.clear();
    this.cancelWith({ code: STATUS.deadlineExceeded, message: 'the deadline has passed' });
  }

  /** Ends a call that its method may be working on: the caller is told, then the method. */
  cancelWith(status: GrpcStatus): void {
    if (this.done) return;
    this.cancelled = true;
    const tell = this.takeListeners();
    this.fail(status);
    tell();
  }

  /** The caller is gone. */
  abort(): void {
    this.closed = true;
    this.lazyOutbox?.clear();
    if (!this.done) {
      this.done = true;
      this.cancelled = true;
      if (!this.seen) this.tellRefused(STATUS.cancelled);
      this.takeListeners()();
    }
    this.caughtUp();
  }

  private takeListeners(): () => void {
    const { listener, listeners } = this;
    this.listener = this.listeners = undefined;
    return () => {
      if (listener !== undefined) callSafely(listener);
      for (const one of listeners ?? []) callSafely(one);
    };
  }

  /** All of the answer is sent. */
  sent(): void {
    this.listener = this.listeners = undefined;
    this.connection.callSent(this);
  }

  /** A part of the answer is sent. */
  progressed(): void {
    this.progressAt = this.connection.now;
    this.connection.useful();
  }

  /** The outbox is empty. */
  caughtUp(): void {}
}

/** What a listener throws is its own affair: the connection has other calls. */
function callSafely(fn: () => void): void {
  try {
    fn();
  } catch {
    // There is nobody to tell: the caller is gone.
  }
}
