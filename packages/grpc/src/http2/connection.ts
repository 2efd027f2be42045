import type { Socket } from 'node:net';
import type { BaseCall } from '../call/base-call.js';
import { type Compression, accepts } from '../call/compression.js';
import { openCall } from '../call/open-call.js';
import { STATUS } from '../call/status-code.js';
import { Unpacking } from '../call/unpacking.js';
import { BlockDecoder } from '../hpack/block-decoder.js';
import { HpackError } from '../hpack/hpack-error.js';
import type { Clock } from '../server/clock.js';
import type { GrpcPeer } from '../server/grpc-server.js';
import type { MethodTable } from '../server/method-table.js';
import { peerOf } from '../server/peer.js';
import type { SettledOptions } from '../server/settled-options.js';
import { BlockCache } from './block-cache.js';
import { CLOSED, ClosedStreams } from './closed-streams.js';
import { CODE, DEFAULT_WINDOW_BYTES, FLAG, FRAME, MAX_STREAM_ID, MAX_WINDOW_BYTES, SETTING } from './codes.js';
import { ConnectionError } from './connection-error.js';
import { FloodBudget } from './flood-budget.js';
import { type FrameHandler, FrameReader } from './frame-reader.js';
import { HeaderBlocks } from './header-blocks.js';
import { RequestHeaders, RequestTrailers } from './request-headers.js';
import { ResetBudget } from './reset-budget.js';
import { Sender } from './sender.js';

/** What all connections of a server share. */
export interface ConnectionHost {
  readonly options: SettledOptions;
  readonly clock: Clock;
  readonly methods: MethodTable;
  readonly unixPath: string | undefined;
  /** The call has a deadline. */
  watchDeadline(call: BaseCall): void;
  /** Something was written outside of a chunk: {@link Connection.flush} is called before the turn ends. */
  flushSoon(connection: Connection): void;
  closed(connection: Connection): void;
}

const CONNECTION_WINDOW_BYTES = 1024 * 1024;
const STREAM_WINDOW_BYTES = 256 * 1024;
const MAX_WINDOW_AHEAD_BYTES = 4 * 1024 * 1024;

const SETTINGS_COST = 10;
const PING_BYTES = 8;
/** PINGs of ours, by their payload. */
const KEEPALIVE_PING = Buffer.from('keepaliv', 'latin1');
const DRAIN_PING = Buffer.from('draining', 'latin1');

/** One HTTP/2 connection: RFC 9113 from the server's side. */
export class Connection implements FrameHandler {
  readonly sender: Sender;
  readonly initialReceiveWindow = STREAM_WINDOW_BYTES;
  readonly maxWindowAhead = MAX_WINDOW_AHEAD_BYTES;
  readonly methods: MethodTable;
  readonly options: SettledOptions;
  readonly clock: Clock;
  /** The time when the chunk came that is being worked on. */
  now: number;
  readonly calls = new Map<number, BaseCall>();
  readonly openedAt: number;
  /** Since when there is no call. */
  idleSince: number;
  /** When something came from the caller last. */
  heardAt: number;
  /** A frame or a header block is there in part since then. */
  midFrameSince: number | undefined;
  /** The socket takes nothing since then. */
  congestedSince: number | undefined;
  pingSentAt: number | undefined;
  settingsAcked = false;
  /** Graceful GOAWAY: 1, the first is sent; 2, the last. */
  goawayStep: 0 | 1 | 2 = 0;
  goawayAt = 0;
  ended = false;
  flushPlanned = false;

  private readonly reader = new FrameReader(this);
  private readonly decoder = new BlockDecoder();
  private readonly cache = new BlockCache();
  private readonly blocks: HeaderBlocks;
  private readonly closedStreams = new ClosedStreams();
  private readonly flood = new FloodBudget();
  private readonly resets = new ResetBudget();
  private settingsSeen = false;
  private lastId = 0;
  /** Streams above this are not answered after the last GOAWAY. */
  private lastAcceptedId = MAX_STREAM_ID;
  private receiveWindow = DEFAULT_WINDOW_BYTES;
  private heldBytes = 0;
  private inChunk = false;
  private recent: BaseCall | undefined;
  /** The call that a DATA frame in pieces belongs to, and what of the frame is left. */
  private dataCall: BaseCall | undefined;
  private dataFlags = 0;
  private dataPadding = -1;
  private dataLeft = 0;
  private lazyPeer: GrpcPeer | undefined;
  private lazyUnpacking: Unpacking | undefined;

  constructor(
    readonly socket: Socket,
    private readonly host: ConnectionHost,
    readonly tls: boolean,
    /** Every read of the socket overwrites the last one: what is kept must be copied. */
    readonly overwritten: boolean,
  ) {
    this.sender = new Sender(socket, tls);
    this.methods = host.methods;
    this.options = host.options;
    this.clock = host.clock;
    this.blocks = new HeaderBlocks(host.options.maxHeaderListBytes);
    this.now = this.openedAt = this.idleSince = this.heardAt = host.clock.now();
    socket.on('data', (chunk: Buffer) => this.onRead(chunk, chunk.length));
    socket.on('drain', () => this.onDrain());
    socket.on('end', () => this.onSocketEnd());
    socket.on('error', () => undefined);
    socket.on('close', () => this.onClose());
    this.greet();
  }

  private greet(): void {
    const { maxConcurrentStreams, maxHeaderListBytes } = this.options;
    const settings = Buffer.alloc(18);
    settings.writeUInt16BE(SETTING.maxConcurrentStreams, 0);
    settings.writeUInt32BE(maxConcurrentStreams, 2);
    settings.writeUInt16BE(SETTING.initialWindowSize, 6);
    settings.writeUInt32BE(STREAM_WINDOW_BYTES, 8);
    settings.writeUInt16BE(SETTING.maxHeaderListSize, 12);
    settings.writeUInt32BE(maxHeaderListBytes, 14);
    this.sender.frame(FRAME.settings, 0, 0, settings);
    this.sender.word(FRAME.windowUpdate, 0, CONNECTION_WINDOW_BYTES - DEFAULT_WINDOW_BYTES);
    this.receiveWindow = CONNECTION_WINDOW_BYTES;
    this.flush();
  }

  get peer(): GrpcPeer {
    return (this.lazyPeer ??= peerOf(this.socket, this.tls, this.host.unixPath));
  }

  /** Compressed messages that are decompressed now. */
  get unpacking(): Unpacking {
    return (this.lazyUnpacking ??= new Unpacking(this.options.maxBufferedBytes));
  }

  compressionFor(headers: RequestHeaders): Compression | undefined {
    const { compression } = this.options;
    if (compression === undefined) return undefined;
    return accepts(headers.acceptEncoding, compression.name) ? compression : undefined;
  }

  /** The socket has read the first `length` bytes of `chunk`. */
  onRead(chunk: Buffer, length: number): void {
    if (this.ended) return;
    this.now = this.heardAt = this.clock.now();
    this.inChunk = true;
    try {
      this.reader.push(chunk, length);
    } catch (error) {
      this.inChunk = false;
      return this.failWith(error);
    }
    this.inChunk = false;
    if (this.reader.midFrame || this.blocks.open) this.midFrameSince ??= this.now;
    else this.midFrameSince = undefined;
    this.flush();
  }

  /** Something was written: it goes out with the rest of the turn. */
  touch(): void {
    if (!this.inChunk && !this.flushPlanned) this.host.flushSoon(this);
  }

  flush(): void {
    if (this.ended) return;
    const { sender } = this;
    const eaten = CONNECTION_WINDOW_BYTES - this.receiveWindow;
    if (eaten >= CONNECTION_WINDOW_BYTES / 2) {
      this.receiveWindow += eaten;
      sender.word(FRAME.windowUpdate, 0, eaten);
    }
    sender.flush();
    if (sender.congested && this.congestedSince === undefined) {
      this.congestedSince = this.now;
      this.socket.pause();
    }
    if (this.goawayStep === 2 && this.calls.size === 0) this.endSocket();
  }

  private onDrain(): void {
    if (this.ended || this.congestedSince === undefined) return;
    this.now = this.clock.now();
    this.congestedSince = undefined;
    this.sender.drained();
    this.flush();
    if (this.congestedSince === undefined) this.socket.resume();
  }

  onHead(type: number, flags: number, id: number, length: number): void {
    if (!this.settingsSeen && (type !== FRAME.settings || flags & FLAG.ack)) wrong('the first frame is not SETTINGS');
    this.blocks.expect(type, id);
    switch (type) {
      case FRAME.data:
      case FRAME.headers:
      case FRAME.continuation:
        if (id === 0) wrong('a frame of a stream is on stream 0');
        return;
      case FRAME.priority:
        if (id === 0) wrong('PRIORITY is on stream 0');
        return;
      case FRAME.rstStream:
        if (id === 0) wrong('RST_STREAM is on stream 0');
        return expectSize(length === 4, 'RST_STREAM');
      case FRAME.settings:
        if (id !== 0) wrong('SETTINGS are on a stream');
        return expectSize(length % 6 === 0, 'SETTINGS');
      case FRAME.pushPromise:
        return wrong('a client pushes');
      case FRAME.ping:
        if (id !== 0) wrong('PING is on a stream');
        return expectSize(length === PING_BYTES, 'PING');
      case FRAME.goaway:
        if (id !== 0) wrong('GOAWAY is on a stream');
        return expectSize(length >= 8, 'GOAWAY');
      case FRAME.windowUpdate:
        return expectSize(length === 4, 'WINDOW_UPDATE');
      default:
        return;
    }
  }

  onFrame(type: number, flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    switch (type) {
      case FRAME.headers:
        return this.onHeaders(flags, id, bytes, start, end);
      case FRAME.continuation:
        return this.onContinuation(flags, id, bytes, start, end);
      case FRAME.settings:
        return this.onSettings(flags, bytes, start, end);
      case FRAME.windowUpdate:
        return this.onWindowUpdate(id, bytes.readUInt32BE(start) & 0x7fff_ffff);
      case FRAME.rstStream:
        return this.onReset(id);
      case FRAME.ping:
        return this.onPing(flags, bytes, start, end);
      case FRAME.priority:
        return this.onPriority(id, bytes, start, end);
      default:
        // GOAWAY: its calls go on, and it opens no more. Other types are ignored.
        return this.spend(1);
    }
  }

  private onSettings(flags: number, bytes: Buffer, start: number, end: number): void {
    this.settingsSeen = true;
    if (flags & FLAG.ack) {
      expectSize(start === end, 'the acknowledgement of SETTINGS');
      this.settingsAcked = true;
      return this.spend(1);
    }
    this.spend(SETTINGS_COST);
    const { peer } = this.sender;
    const before = peer.initialWindow;
    peer.read(bytes, start, end);
    this.sender.encoder.setTableSize(peer.headerTable);
    // What the larger windows let out comes behind the acknowledgement.
    this.sender.frame(FRAME.settings, FLAG.ack, 0, EMPTY);
    this.shiftWindows(peer.initialWindow - before);
  }

  /** RFC 9113, 6.9.2. */
  private shiftWindows(by: number): void {
    if (by === 0) return;
    for (const call of this.calls.values()) {
      if (call.sendWindow + by > MAX_WINDOW_BYTES) {
        throw new ConnectionError(CODE.flowControlError, 'INITIAL_WINDOW_SIZE makes a window too large');
      }
      call.sendWindow += by;
      if (by > 0) this.sender.wake(call);
    }
  }

  private onPing(flags: number, bytes: Buffer, start: number, end: number): void {
    this.spend(1);
    if ((flags & FLAG.ack) === 0) return this.sender.frame(FRAME.ping, FLAG.ack, 0, bytes.subarray(start, end));
    this.pingSentAt = undefined;
    if (this.goawayStep === 1 && bytes.compare(DRAIN_PING, 0, PING_BYTES, start, end) === 0) this.lastGoaway();
  }

  private onPriority(id: number, bytes: Buffer, start: number, end: number): void {
    this.spend(1);
    if (end - start !== 5) return this.streamError(id, CODE.frameSizeError);
    if ((bytes.readUInt32BE(start) & 0x7fff_ffff) === id) this.streamError(id, CODE.protocolError);
  }

  private onWindowUpdate(id: number, increment: number): void {
    this.spend(1);
    const { sender } = this;
    if (id === 0) {
      if (increment === 0) wrong('WINDOW_UPDATE is by 0');
      if (sender.window + increment > MAX_WINDOW_BYTES) {
        throw new ConnectionError(CODE.flowControlError, "the connection's window is too large");
      }
      sender.window += increment;
      return sender.pump();
    }
    const call = this.calls.get(id);
    if (call === undefined) {
      if (id > this.lastId || (id & 1) === 0) wrong('WINDOW_UPDATE is on an idle stream');
      return;
    }
    if (increment === 0) return this.streamError(id, CODE.protocolError);
    if (call.sendWindow + increment > MAX_WINDOW_BYTES) return this.streamError(id, CODE.flowControlError);
    call.sendWindow += increment;
    sender.wake(call);
  }

  private onReset(id: number): void {
    this.spend(1);
    const call = this.calls.get(id);
    if (call === undefined) {
      if (id > this.lastId || (id & 1) === 0) wrong('RST_STREAM is on an idle stream');
      return;
    }
    this.drop(call, CLOSED.byPeer);
    call.abort();
    this.countReset();
  }

  private countReset(): void {
    if (this.resets.spend(this.now) && this.goawayStep < 2) this.lastGoaway();
  }

  private onHeaders(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    let from = start;
    let to = end;
    if (flags & FLAG.padded) {
      expectSize(end > start, 'HEADERS');
      to -= bytes[from++]!;
    }
    let selfDependent = false;
    if (flags & FLAG.priority) {
      expectSize(end - from >= 5, 'HEADERS');
      selfDependent = (bytes.readUInt32BE(from) & 0x7fff_ffff) === id;
      from += 5;
    }
    if (from > to) wrong('the padding of HEADERS is longer than the frame');
    if ((id & 1) === 0) wrong('a client opens a stream with an even number');
    const endStream = (flags & FLAG.endStream) !== 0;
    if (flags & FLAG.endHeaders) return this.onBlock(id, endStream, selfDependent, bytes, from, to);
    this.blocks.begin(id, endStream, selfDependent, bytes, from, to);
  }

  private onContinuation(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    this.blocks.add(bytes, start, end);
    if ((flags & FLAG.endHeaders) === 0) return;
    const { block, endStream, selfDependent } = this.blocks.finish();
    this.onBlock(id, endStream, selfDependent, block, 0, block.length);
  }

  private onBlock(
    id: number,
    endStream: boolean,
    selfDependent: boolean,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    if (id <= this.lastId) return this.onLaterBlock(id, endStream, bytes, start, end);
    const headers = this.readHeaders(bytes, start, end);
    this.lastId = id;
    if (id > this.lastAcceptedId) return this.refuse(id, CODE.refusedStream);
    this.flood.use();
    if (headers.wrong !== undefined || selfDependent) return this.streamError(id, CODE.protocolError);
    if (endStream && headers.contentLength > 0) return this.streamError(id, CODE.protocolError);
    if (this.calls.size >= this.options.maxConcurrentStreams) return this.streamError(id, CODE.refusedStream);
    const call = openCall(this, id, headers);
    this.calls.set(id, call);
    this.recent = call;
    call.remoteEnded = endStream;
    if (call.deadline !== Infinity) this.host.watchDeadline(call);
    call.onOpen();
    if (endStream && !call.closed) call.onEnd();
  }

  private readHeaders(bytes: Buffer, start: number, end: number): RequestHeaders {
    const { table } = this.decoder;
    const { version } = table;
    const known = this.cache.find(version, bytes, start, end);
    if (known !== undefined) return known;
    const headers = new RequestHeaders(this.options.maxHeaderListBytes);
    this.decoder.decode(bytes, start, end, headers);
    headers.finish();
    if (table.version === version) this.cache.keep(version, bytes, start, end, headers);
    return headers;
  }

  /** Trailing fields, or what comes too late. */
  private onLaterBlock(id: number, endStream: boolean, bytes: Buffer, start: number, end: number): void {
    const trailers = new RequestTrailers();
    this.decoder.decode(bytes, start, end, trailers);
    const call = this.calls.get(id);
    if (call === undefined) return this.onLate(id, true);
    if (call.remoteEnded) return this.streamError(id, CODE.streamClosed);
    if (!endStream || trailers.wrong !== undefined || this.lengthDiffers(call)) {
      return this.streamError(id, CODE.protocolError);
    }
    call.remoteEnded = true;
    call.onEnd();
  }

  private lengthDiffers({ requestHeaders, received }: BaseCall): boolean {
    return requestHeaders.contentLength >= 0 && requestHeaders.contentLength !== received;
  }

  /** HEADERS or DATA on a stream that is closed. */
  private onLate(id: number, headers: boolean): void {
    const how = this.closedStreams.how(id);
    this.spend(1);
    // It was under way when we reset the stream.
    if (how === CLOSED.byUs) return;
    if (how === CLOSED.byPeer) return this.streamError(id, CODE.streamClosed);
    if (how === CLOSED.both) throw new ConnectionError(CODE.streamClosed, 'a frame is on a stream that has ended');
    if (headers) wrong('a stream is opened whose number is not above all others');
    this.streamError(id, CODE.streamClosed);
  }

  onData(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    const call = this.receive(flags, id, length);
    let to = end;
    let from = start;
    if (flags & FLAG.padded) {
      expectSize(length > 0, 'DATA');
      to -= bytes[from++]!;
      if (from > to) wrong('the padding of DATA is longer than the frame');
    }
    if (call !== undefined) this.take(call, bytes, from, to, (flags & FLAG.endStream) !== 0);
  }

  /** Counts a DATA frame against the windows; gives the call that it is for. */
  private receive(flags: number, id: number, length: number): BaseCall | undefined {
    this.receiveWindow -= length;
    if (this.receiveWindow < 0) throw new ConnectionError(CODE.flowControlError, "the connection's window is exceeded");
    if (length === 0 && (flags & FLAG.endStream) === 0) this.spend(1);
    const call = this.recent?.id === id && !this.recent.closed ? this.recent : this.calls.get(id);
    if (call === undefined) {
      if (id > this.lastId || (id & 1) === 0) wrong('DATA is on an idle stream');
      this.onLate(id, false);
      return undefined;
    }
    if (call.remoteEnded) {
      this.streamError(id, CODE.streamClosed);
      return undefined;
    }
    call.receiveWindow -= length;
    // RFC 9113, 6.9.1 leaves the choice; who does not keep to one window will not keep to others.
    if (call.receiveWindow < 0) throw new ConnectionError(CODE.flowControlError, "a stream's window is exceeded");
    return call;
  }

  /** DATA without padding. */
  private take(call: BaseCall, bytes: Buffer, start: number, end: number, last: boolean): void {
    call.received += end - start;
    if (last) {
      if (this.lengthDiffers(call)) return this.streamError(call.id, CODE.protocolError);
      call.remoteEnded = true;
    }
    if (start < end) call.onData(bytes, start, end, last);
    else if (last) call.onEnd();
    if (!last && !call.closed) this.replenish(call);
  }

  onDataBegin(flags: number, id: number, length: number): void {
    this.dataCall = this.receive(flags, id, length);
    this.dataFlags = flags;
    this.dataLeft = length;
    this.dataPadding = flags & FLAG.padded ? -1 : 0;
  }

  onDataPiece(bytes: Buffer, start: number, end: number): void {
    const left = (this.dataLeft -= end - start);
    let from = start;
    if (this.dataPadding < 0) {
      this.dataPadding = bytes[from++]!;
      if (this.dataPadding > left + end - from) wrong('the padding of DATA is longer than the frame');
    }
    const to = Math.min(end, end + left - this.dataPadding);
    const call = this.dataCall;
    if (call !== undefined && !call.closed && to > from) this.take(call, bytes, from, to, false);
  }

  onDataEnd(): void {
    const call = this.dataCall;
    this.dataCall = undefined;
    if (call === undefined || call.closed || (this.dataFlags & FLAG.endStream) === 0) return;
    this.take(call, EMPTY, 0, 0, true);
  }

  /** Lets the caller send more, once it is worth a frame. */
  replenish(call: BaseCall): void {
    const more = call.windowGoal - call.receiveWindow;
    if (more < STREAM_WINDOW_BYTES / 2) return;
    call.receiveWindow += more;
    this.sender.word(FRAME.windowUpdate, call.id, more);
    this.touch();
  }

  /** Something useful was done, which warrants a few frames that carry nothing. */
  useful(): void {
    this.flood.use();
  }

  /** Counts bytes that a call keeps; false when they are too many and the call has failed for it. */
  hold(call: BaseCall, bytes: number): boolean {
    this.flood.use();
    if (this.heldBytes + bytes > this.options.maxBufferedBytes) {
      call.fail({
        code: STATUS.resourceExhausted,
        message: `the requests of this connection take more than ${this.options.maxBufferedBytes} bytes that wait`,
      });
      return false;
    }
    call.held += bytes;
    this.heldBytes += bytes;
    return true;
  }

  release(call: BaseCall, bytes: number): void {
    const count = Math.min(bytes, call.held);
    call.held -= count;
    this.heldBytes -= count;
  }

  /** A call's answer is sent. */
  callSent(call: BaseCall): void {
    call.closed = true;
    if (!call.remoteEnded) this.sender.word(FRAME.rstStream, call.id, CODE.noError);
    this.drop(call, call.remoteEnded ? CLOSED.both : CLOSED.byUs);
  }

  private drop(call: BaseCall, how: 1 | 2 | 3): void {
    call.closed = true;
    if (call.held > 0) this.release(call, call.held);
    this.calls.delete(call.id);
    this.sender.forget(call);
    this.closedStreams.add(call.id, how);
    if (this.calls.size === 0) this.idleSince = this.now;
  }

  /** Ends a call by RST_STREAM. */
  resetStream(call: BaseCall, code: number): void {
    if (call.closed) return;
    this.sender.word(FRAME.rstStream, call.id, code);
    this.drop(call, CLOSED.byUs);
    call.abort();
    this.touch();
  }

  /** RFC 9113, 5.4.2. */
  private streamError(id: number, code: number): void {
    const call = this.calls.get(id);
    if (call !== undefined) this.resetStream(call, code);
    else this.refuse(id, code);
    // A caller that makes us reset its calls costs as much as one that resets them.
    if (code !== CODE.refusedStream) this.countReset();
  }

  private refuse(id: number, code: number): void {
    this.spend(1);
    this.sender.word(FRAME.rstStream, id, code);
    this.closedStreams.add(id, CLOSED.byUs);
  }

  private spend(cost: number): void {
    if (this.flood.spend(cost)) throw new ConnectionError(CODE.enhanceYourCalm, 'too many frames that carry nothing');
  }

  refill(ms: number): void {
    this.flood.refill(ms);
  }

  ping(): void {
    this.pingSentAt = this.now;
    this.sender.frame(FRAME.ping, 0, 0, KEEPALIVE_PING);
    this.touch();
  }

  /** Asks the client to open no more calls: a first GOAWAY, and when it must have been read, one with the last call. */
  goaway(): void {
    if (this.goawayStep > 0 || this.ended) return;
    this.goawayStep = 1;
    this.goawayAt = this.now;
    this.sendGoaway(MAX_STREAM_ID, CODE.noError, '');
    this.sender.frame(FRAME.ping, 0, 0, DRAIN_PING);
    this.touch();
  }

  lastGoaway(): void {
    this.goawayStep = 2;
    this.lastAcceptedId = this.lastId;
    this.sendGoaway(this.lastId, CODE.noError, '');
    this.touch();
  }

  private sendGoaway(lastId: number, code: number, text: string): void {
    const payload = Buffer.alloc(8 + text.length);
    payload.writeUInt32BE(lastId, 0);
    payload.writeUInt32BE(code, 4);
    payload.write(text, 8, 'latin1');
    this.sender.frame(FRAME.goaway, 0, 0, payload);
  }

  private failWith(error: unknown): void {
    if (error instanceof ConnectionError) return this.fail(error.code, error.message);
    if (error instanceof HpackError) return this.fail(CODE.compressionError, error.message);
    this.options.onError(error, undefined);
    this.fail(CODE.internalError, 'internal error');
  }

  /** RFC 9113, 5.4.1. */
  fail(code: number, text: string): void {
    this.sendGoaway(this.lastId, code, text);
    this.endSocket();
    this.abortCalls();
  }

  private endSocket(): void {
    this.sender.output.flush();
    this.ended = true;
    this.socket.end();
    // What still comes is read and thrown away: unread bytes would make the system reset the connection, GOAWAY with it.
    this.socket.resume();
  }

  private onSocketEnd(): void {
    if (!this.ended) this.endSocket();
    this.abortCalls();
  }

  private onClose(): void {
    this.ended = true;
    this.abortCalls();
    this.host.closed(this);
  }

  private abortCalls(): void {
    for (const call of [...this.calls.values()]) {
      this.drop(call, CLOSED.byUs);
      call.abort();
    }
  }

  destroy(): void {
    this.socket.destroy();
  }
}

const EMPTY = Buffer.alloc(0);

function wrong(text: string): never {
  throw new ConnectionError(CODE.protocolError, text);
}

function expectSize(right: boolean, what: string): void {
  if (!right) throw new ConnectionError(CODE.frameSizeError, `${what} has a wrong length`);
}
