import type { Socket } from 'node:net';
import type { BaseCall } from '../call/base-call.js';
import { AnswerEncoder, literalBytes, REPEATED } from '../hpack/answer-encoder.js';
import { DEFAULT_WINDOW_BYTES, FLAG, FRAME, FRAME_HEADER_BYTES, MIN_MAX_FRAME_BYTES } from './codes.js';
import { Output, writeHead } from './output.js';
import { PeerSettings } from './peer-settings.js';

/** Larger DATA frames than this are not sent, whatever the caller takes: one call must not hold up the others. */
const MAX_SEND_FRAME_BYTES = 64 * 1024;
/** With so much given to the socket and not sent, nothing more is; and nothing more is read. */
const CONGESTED_BYTES = 256 * 1024;
/** Answers up to this size are written in one piece with their headers and trailers. */
const WHOLE_BYTES = 8 * 1024;
/** The most that the fixed header blocks of an answer take, each with its frame's head. */
const FIXED_BLOCK_BYTES = 96;
const PREFIX_BYTES = 5;

/** Everything that one connection sends, and the windows that it must keep to. */
export class Sender {
  readonly peer = new PeerSettings();
  readonly encoder = new AnswerEncoder();
  readonly output: Output;
  /** What the caller takes over all calls. */
  window = DEFAULT_WINDOW_BYTES;
  /** The socket has enough: wait for it. */
  congested = false;
  /** Calls that have something to send. */
  private readonly ready = new Set<BaseCall>();

  constructor(
    private readonly socket: Socket,
    tls: boolean,
  ) {
    this.output = new Output(socket, tls);
  }

  /** Answers a unary call: headers, message, trailers. */
  answer(call: BaseCall, message: Buffer): void {
    const size = message.length + PREFIX_BYTES;
    const fits = size <= call.sendWindow && size <= this.window && size <= WHOLE_BYTES && !this.congested;
    if (!fits || call.answerFields !== undefined || call.endFields.length > 0) {
      this.data(call, 0, message);
      return this.end(call);
    }
    call.sendWindow -= size;
    this.window -= size;
    const out = this.output.room(size + FRAME_HEADER_BYTES + 2 * FIXED_BLOCK_BYTES);
    let at = this.output.at;
    const { encoder } = this;
    const block = at + FRAME_HEADER_BYTES;
    at = encoder.repeated(call.answerType, out, encoder.ok(out, block));
    writeHead(out, block - FRAME_HEADER_BYTES, at - block, FRAME.headers, FLAG.endHeaders, call.id);
    at = writeHead(out, at, size, FRAME.data, 0, call.id);
    out[at] = 0;
    out[at + 1] = message.length >>> 24;
    out[at + 2] = message.length >>> 16;
    out[at + 3] = message.length >>> 8;
    out[at + 4] = message.length;
    out.set(message, at + PREFIX_BYTES);
    const trailers = at + size + FRAME_HEADER_BYTES;
    at = encoder.repeated(REPEATED.statusOk, out, trailers);
    writeHead(
      out,
      trailers - FRAME_HEADER_BYTES,
      at - trailers,
      FRAME.headers,
      FLAG.endHeaders | FLAG.endStream,
      call.id,
    );
    this.output.advance(at);
    call.sent();
  }

  /** One message of an answer. */
  data(call: BaseCall, flag: number, message: Buffer): void {
    this.headers(call);
    const prefix = Buffer.allocUnsafe(PREFIX_BYTES);
    prefix[0] = flag;
    prefix.writeUInt32BE(message.length, 1);
    call.outbox.push(prefix);
    if (message.length > 0) call.outbox.push(message);
    this.offer(call);
  }

  /** A body that is no message; for answers to what is no gRPC. */
  text(call: BaseCall, status: string, fields: readonly (readonly [string, string])[], body: Buffer): void {
    call.headersSent = true;
    this.block(call.id, FLAG.endHeaders, 64 + fieldsBytes(fields), (out, at) => {
      at = this.encoder.literal(':status', status, out, this.encoder.begin(out, at));
      return this.fields(fields, out, at);
    });
    call.outbox.push(body);
    call.endsWithData = true;
    this.end(call);
  }

  /** Ends a call once what it has to send is sent. */
  end(call: BaseCall): void {
    call.ending = true;
    this.offer(call);
  }

  private offer(call: BaseCall): void {
    this.ready.add(call);
    this.pump();
  }

  /** The call is over. */
  forget(call: BaseCall): void {
    this.ready.delete(call);
  }

  /** Its window has grown. */
  wake(call: BaseCall): void {
    if (call.ending || call.outbox.bytes > 0) this.offer(call);
  }

  /** Sends what may be sent: a frame of every call in turn. */
  pump(): void {
    for (const call of this.ready) {
      if (this.congested) return;
      this.ready.delete(call);
      if (this.sendSome(call)) this.ready.add(call);
      this.mindCongestion();
      if (this.window <= 0 && !this.hasUnblocked()) return;
    }
  }

  /** Calls that only have their end to send need no window. */
  private hasUnblocked(): boolean {
    for (const call of this.ready) if (call.outbox.bytes === 0) return true;
    return false;
  }

  /** Whether there is more that may be sent. */
  private sendSome(call: BaseCall): boolean {
    const { outbox } = call;
    if (outbox.bytes > 0) {
      const most = Math.min(call.sendWindow, this.window, this.peer.maxFrame, MAX_SEND_FRAME_BYTES);
      // Its own window is woken by WINDOW_UPDATE, the connection's by staying in the queue.
      if (most <= 0) return call.sendWindow > 0;
      this.dataFrame(call, Math.min(most, outbox.bytes));
      if (outbox.bytes > 0) return true;
      if (!call.ending) {
        call.caughtUp();
        return false;
      }
    }
    if (!call.endsWithData) this.trailers(call);
    call.sent();
    return false;
  }

  private dataFrame(call: BaseCall, size: number): void {
    call.sendWindow -= size;
    this.window -= size;
    const last = call.endsWithData && size === call.outbox.bytes;
    this.output.head(size, FRAME.data, last ? FLAG.endStream : 0, call.id);
    call.outbox.take(size, this.output);
    call.progressed();
  }

  private mindCongestion(): void {
    if (this.output.bytes < CONGESTED_BYTES) return;
    this.flush();
  }

  flush(): void {
    this.output.flush();
    if (this.socket.writableLength > CONGESTED_BYTES) this.congested = true;
  }

  /** The socket has sent what it had. */
  drained(): void {
    this.congested = false;
    this.pump();
  }

  /** Initial metadata, once. */
  private headers(call: BaseCall): void {
    if (call.headersSent) return;
    call.headersSent = true;
    const fields = call.answerFields ?? [];
    this.block(call.id, FLAG.endHeaders, FIXED_BLOCK_BYTES + fieldsBytes(fields), (out, at) => {
      at = this.encoder.repeated(call.answerType, out, this.encoder.ok(out, at));
      return this.fields(fields, out, at);
    });
  }

  private trailers(call: BaseCall): void {
    const { endCode, endFields } = call;
    // Metadata of an answer without messages goes with its trailers only when there is none of its own.
    if (call.answerFields !== undefined) this.headers(call);
    const alone = !call.headersSent;
    call.headersSent = true;
    const bound = 2 * FIXED_BLOCK_BYTES + fieldsBytes(endFields);
    this.block(call.id, FLAG.endHeaders | FLAG.endStream, bound, (out, at) => {
      if (alone) at = this.encoder.repeated(call.answerType, out, this.encoder.ok(out, at));
      else at = this.encoder.begin(out, at);
      if (endCode === 0) at = this.encoder.repeated(REPEATED.statusOk, out, at);
      else at = this.encoder.literal('grpc-status', String(endCode), out, at);
      return this.fields(endFields, out, at);
    });
  }

  private fields(fields: readonly (readonly [string, string])[], out: Buffer, at: number): number {
    for (const [name, value] of fields) at = this.encoder.literal(name, value, out, at);
    return at;
  }

  /** One header block of at most `bound` bytes, in one frame where it fits. */
  private block(id: number, flags: number, bound: number, write: (out: Buffer, at: number) => number): void {
    const out = this.output.room(bound + FRAME_HEADER_BYTES);
    const head = this.output.at;
    const start = head + FRAME_HEADER_BYTES;
    const end = write(out, start);
    if (end - start <= MIN_MAX_FRAME_BYTES) {
      writeHead(out, head, end - start, FRAME.headers, flags, id);
      return this.output.advance(end);
    }
    this.splitBlock(id, flags, Buffer.from(out.subarray(start, end)));
  }

  private splitBlock(id: number, flags: number, block: Buffer): void {
    for (let at = 0; at < block.length; at += MIN_MAX_FRAME_BYTES) {
      const end = Math.min(block.length, at + MIN_MAX_FRAME_BYTES);
      const first = at === 0;
      const endHeaders = end === block.length ? FLAG.endHeaders : 0;
      const endStream = first ? flags & FLAG.endStream : 0;
      this.output.head(end - at, first ? FRAME.headers : FRAME.continuation, endHeaders | endStream, id);
      this.output.append(block, at, end);
    }
  }

  /** A frame with up to eight bytes of payload: RST_STREAM, WINDOW_UPDATE. */
  word(type: number, id: number, value: number): void {
    const out = this.output.room(FRAME_HEADER_BYTES + 4);
    const at = writeHead(out, this.output.at, 4, type, 0, id);
    out.writeUInt32BE(value, at);
    this.output.advance(at + 4);
  }

  /** Any other frame. */
  frame(type: number, flags: number, id: number, payload: Buffer): void {
    this.output.head(payload.length, type, flags, id);
    if (payload.length > 0) this.output.append(payload, 0, payload.length);
  }
}

function fieldsBytes(fields: readonly (readonly [string, string])[]): number {
  let bytes = 0;
  for (const [name, value] of fields) bytes += literalBytes(name, value);
  return bytes;
}
