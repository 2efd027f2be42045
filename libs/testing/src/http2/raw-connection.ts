import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import {
  data,
  Flag,
  type Frame,
  FrameReader,
  FrameType,
  grpcMessage,
  grpcMessagesOf,
  headers,
  ping,
  PREFACE,
  settings,
  settingsAck,
  windowUpdate,
} from './frames.js';
import { headerBlock, type HeaderPair, HpackReader, requestHeaders } from './hpack.js';

/** What a server sent on one stream. */
export class RawStream {
  /** Of the answer, then of the trailers. */
  readonly headers: Record<string, string>[] = [];
  readonly chunks: Buffer[] = [];
  /** The code of RST_STREAM. */
  reset: number | undefined;
  isEnded = false;
  /** DATA, padding included, that came. */
  dataBytes = 0;
  /** What WINDOW_UPDATE granted to us. */
  grantedBytes = 0;

  get isOver(): boolean {
    return this.isEnded || this.reset !== undefined;
  }

  get body(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get messages(): Buffer[] {
    return grpcMessagesOf(this.body).messages;
  }

  /** `grpc-status`, from wherever it stands. */
  get status(): number | undefined {
    const text = this.headers.at(-1)?.['grpc-status'];
    return text === undefined ? undefined : Number(text);
  }

  get statusMessage(): string {
    return decodeURIComponent(this.headers.at(-1)?.['grpc-message'] ?? '');
  }
}

export interface RawOptions {
  /** Sends the preface and SETTINGS at once. @default true */
  readonly preface?: boolean;
  readonly settings?: readonly (readonly [number, number])[];
  /** Acknowledges the server's SETTINGS and PINGs. @default true */
  readonly polite?: boolean;
  /** Gives back what arrives, so that the server can go on sending. @default true */
  readonly giveBack?: boolean;
}

/** One TCP connection that says what the test says, and reads strictly what comes. */
export class RawConnection {
  readonly streams = new Map<number, RawStream>();
  readonly frames: Omit<Frame, 'payload'>[] = [];
  readonly serverSettings = new Map<number, number>();
  goaway: { lastStream: number; code: number; text: string } | undefined;
  isClosed = false;
  grantedBytes = 0;
  settingsAcks = 0;
  pingAcks = 0;
  receivedBytes = 0;
  /** What the server did that no server may. */
  readonly faults: string[] = [];
  private readonly reader = new FrameReader();
  private readonly hpack = new HpackReader();
  private block: { stream: number; parts: Buffer[]; isEnd: boolean } | undefined;
  private waiting: (() => void)[] = [];
  private nextStream = 1;

  private constructor(
    readonly socket: Socket,
    private readonly options: RawOptions,
  ) {
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
      this.wake();
    });
    if (options.preface !== false) this.send(PREFACE, settings(options.settings));
  }

  static async open(
    target: NetConnectOpts | { port: number; tls: ConnectionOptions },
    options: RawOptions = {},
  ): Promise<RawConnection> {
    const socket =
      'tls' in target
        ? connectTls({ host: '127.0.0.1', port: target.port, ALPNProtocols: ['h2'], ...target.tls })
        : connect(target);
    await new Promise<void>((resolve, reject) => {
      socket.once('tls' in target ? 'secureConnect' : 'connect', () => resolve());
      socket.once('error', reject);
    });
    socket.setNoDelay(true);
    return new RawConnection(socket, options);
  }

  /** Connections that are closed take no more; that is no error here. */
  send(...frames: readonly Uint8Array[]): void {
    if (!this.socket.destroyed && this.socket.writable) this.socket.write(Buffer.concat(frames));
  }

  /** Sends, and waits until the system took the bytes or the connection is closed. */
  async sent(...frames: readonly Uint8Array[]): Promise<void> {
    if (this.isClosed || !this.socket.writable) return;
    await new Promise<void>((resolve) => {
      this.socket.once('close', resolve);
      this.socket.write(Buffer.concat(frames), () => {
        this.socket.off('close', resolve);
        resolve();
      });
    });
  }

  sendSettings(entries: readonly (readonly [number, number])[]): void {
    this.send(settings(entries));
  }

  newStreamId(): number {
    const id = this.nextStream;
    this.nextStream += 2;
    return id;
  }

  stream(id: number): RawStream {
    let stream = this.streams.get(id);
    if (!stream) this.streams.set(id, (stream = new RawStream()));
    return stream;
  }

  /** Opens a call; gives the stream's id. */
  open(path: string, more: readonly HeaderPair[] = [], flags: number = Flag.END_HEADERS): number {
    const id = this.newStreamId();
    this.send(headers(id, headerBlock(requestHeaders(path, more)), flags));
    return id;
  }

  /** A whole unary call. */
  async call(path: string, message: Uint8Array, more: readonly HeaderPair[] = []): Promise<RawStream> {
    const id = this.open(path, more);
    this.send(data(id, grpcMessage(message), Flag.END_STREAM));
    return this.over(id);
  }

  /** Once the stream has ended, or the connection. */
  async over(id: number): Promise<RawStream> {
    const stream = this.stream(id);
    await this.until(() => stream.isOver);
    return stream;
  }

  /** Waits for what comes; ends at the latest when the connection is closed. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition() && !this.isClosed) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  closed(): Promise<void> {
    return this.until(() => this.isClosed);
  }

  destroy(): void {
    this.socket.destroy();
  }

  private wake(): void {
    for (const resume of this.waiting.splice(0)) resume();
  }

  private receive(chunk: Buffer): void {
    this.receivedBytes += chunk.length;
    try {
      for (const frame of this.reader.push(chunk)) this.take(frame);
    } catch (error) {
      this.faults.push((error as Error).message);
      this.socket.destroy();
    }
    this.wake();
  }

  private take(frame: Frame): void {
    const { type, flags, stream, payload } = frame;
    this.frames.push({ type, flags, stream });
    if (this.block && type !== FrameType.CONTINUATION) throw new Error(`frame ${type} within a header block`);
    switch (type) {
      case FrameType.DATA:
        return this.takeData(stream, payload, (flags & Flag.END_STREAM) !== 0);
      case FrameType.HEADERS:
        this.block = { stream, parts: [payload], isEnd: (flags & Flag.END_STREAM) !== 0 };
        return this.takeBlock(flags);
      case FrameType.CONTINUATION:
        if (this.block?.stream !== stream) throw new Error('CONTINUATION without HEADERS');
        this.block.parts.push(payload);
        return this.takeBlock(flags);
      case FrameType.RST_STREAM:
        this.stream(stream).reset ??= payload.readUInt32BE();
        return;
      case FrameType.SETTINGS:
        return this.takeSettings(flags, payload);
      case FrameType.PING:
        if (flags & Flag.ACK) this.pingAcks++;
        else if (this.options.polite !== false) this.send(ping(Flag.ACK, payload));
        return;
      case FrameType.GOAWAY:
        this.goaway = {
          lastStream: payload.readUInt32BE() & 0x7fff_ffff,
          code: payload.readUInt32BE(4),
          text: payload.toString('latin1', 8),
        };
        return;
      case FrameType.WINDOW_UPDATE:
        if (stream === 0) this.grantedBytes += payload.readUInt32BE();
        else this.stream(stream).grantedBytes += payload.readUInt32BE();
        return;
      default:
        throw new Error(`a frame of type ${type}`);
    }
  }

  private takeData(id: number, payload: Buffer, isEnd: boolean): void {
    const stream = this.stream(id);
    if (stream.isEnded) throw new Error(`DATA on stream ${id}, which has ended`);
    if (stream.headers.length === 0) throw new Error(`DATA before HEADERS on stream ${id}`);
    stream.dataBytes += payload.length;
    stream.chunks.push(payload);
    stream.isEnded = isEnd;
    if (this.options.giveBack === false || payload.length === 0) return;
    this.send(windowUpdate(0, payload.length), ...(isEnd ? [] : [windowUpdate(id, payload.length)]));
  }

  private takeBlock(flags: number): void {
    if (!(flags & Flag.END_HEADERS)) return;
    const { stream: id, parts, isEnd } = this.block!;
    this.block = undefined;
    const stream = this.stream(id);
    if (stream.isEnded) throw new Error(`HEADERS on stream ${id}, which has ended`);
    stream.headers.push(joined(this.hpack.read(Buffer.concat(parts))));
    stream.isEnded = isEnd;
  }

  private takeSettings(flags: number, payload: Buffer): void {
    if (flags & Flag.ACK) return void this.settingsAcks++;
    for (let at = 0; at < payload.length; at += 6)
      this.serverSettings.set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
    if (this.options.polite !== false) this.send(settingsAck());
  }
}

function joined(pairs: readonly HeaderPair[]): Record<string, string> {
  const all: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of pairs) all[name] = name in all ? `${all[name]}, ${value}` : value;
  return all;
}
