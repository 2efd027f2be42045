import type { ServerDuplexStream, ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { Metadata } from '@grpc/grpc-js';
import type { Peer } from '../../handler/context.js';
import { AnswerHeaders } from './answer-headers.js';
import type { RpcCall, RpcStatus, RpcStreamCall, RpcUnaryCall } from './rpc-server.js';

type Unary = ServerUnaryCall<Buffer, Buffer>;
type Duplex = ServerDuplexStream<Buffer, Buffer>;

/** What all calls of one server share. */
export interface CallSurroundings {
  readonly tls: boolean;
  /** Stands for the peer's address on a unix socket. */
  readonly unixPath: string | undefined;
}

/** Headers that the transport owns; a handler written for HTTP may set them without harm. */
const OWNED =
  /^(:|grpc-|content-|transfer-encoding$|connection$|keep-alive$|te$|upgrade$|host$|trailer$|date$|server$)/;

abstract class GrpcJsCall<C extends Unary | Duplex> implements RpcCall {
  protected done = false;
  protected out: AnswerHeaders | undefined;
  private listeners: (() => void)[] | undefined;

  constructor(
    protected readonly call: C,
    private readonly surroundings: CallSurroundings,
  ) {}

  abstract fail(status: RpcStatus): void;

  get path(): string {
    return this.call.getPath();
  }

  get cancelled(): boolean {
    return !this.done && this.call.cancelled;
  }

  get peer(): Peer {
    const { tls, unixPath } = this.surroundings;
    const address = unixPath === undefined ? this.call.getPeer() : `unix:${unixPath}`;
    const subject = tls ? this.call.getAuthContext().sslPeerCertificate?.subject : undefined;
    return {
      address,
      tls,
      ...(subject && { certificateSubject: subjectText(subject as unknown as Record<string, unknown>) }),
    };
  }

  get deadlineEpochMs(): number | undefined {
    const deadline = this.call.getDeadline();
    const epochMs = typeof deadline === 'number' ? deadline : deadline.getTime();
    return epochMs === Infinity ? undefined : epochMs;
  }

  header(name: string): string | undefined {
    const values = this.call.metadata.get(name);
    if (values.length === 0) return undefined;
    if (values.length === 1 && typeof values[0] === 'string') return values[0];
    return values.map((value) => (typeof value === 'string' ? value : value.toString('base64'))).join(', ');
  }

  *headers(): Iterable<readonly [string, string | Buffer]> {
    for (const name of Object.keys(this.call.metadata.getMap())) {
      for (const value of this.call.metadata.get(name)) yield [name, value] as const;
    }
  }

  setHeader(name: string, value: string): void {
    const lower = name.toLowerCase();
    if (OWNED.test(lower)) return;
    (this.out ??= new AnswerHeaders()).set(lower, value);
  }

  onCancel(fn: () => void): void {
    if (this.cancelled) return fn();
    if (this.listeners) return void this.listeners.push(fn);
    this.listeners = [fn];
    // The event also comes after a normal end.
    this.call.once('cancelled', () => {
      if (!this.done) for (const listener of this.listeners!) listener();
    });
  }

  protected statusOf({ code, message, details, trailers }: RpcStatus): {
    code: number;
    details: string;
    metadata?: Metadata;
  } {
    const metadata = metadataOf(trailers ?? []);
    if (details) metadata.set('grpc-status-details-bin', details);
    return { code, details: headerSafe(message), metadata };
  }

  protected sendHeaders(): void {
    if (!this.out) return;
    this.call.sendMetadata(this.out.asMetadata());
    this.out = undefined;
  }
}

function metadataOf(entries: Iterable<readonly [string, string | Buffer]>): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of entries) metadata.add(name, value);
  return metadata;
}

/** Half a surrogate pair cannot be percent-encoded; a message too long for a header is cut. */
const MAX_MESSAGE_CHARS = 1024;
function headerSafe(message: string): string {
  const cut = message.length > MAX_MESSAGE_CHARS ? `${message.slice(0, MAX_MESSAGE_CHARS)}…` : message;
  return cut.replace(/\p{Surrogate}/gu, '\uFFFD');
}

function subjectText(subject: Record<string, unknown>): string {
  return Object.entries(subject)
    .map(([name, value]) => `${name}=${Array.isArray(value) ? value.join('+') : String(value)}`)
    .join(', ');
}

export class GrpcJsUnaryCall extends GrpcJsCall<Unary> implements RpcUnaryCall {
  constructor(
    call: Unary,
    private readonly callback: sendUnaryData<Buffer>,
    surroundings: CallSurroundings,
  ) {
    super(call, surroundings);
  }

  answer(message: Buffer, trailers?: RpcStatus['trailers']): void {
    if (this.done || this.call.cancelled) return;
    this.done = true;
    this.sendHeaders();
    this.callback(null, message, trailers && metadataOf(trailers));
  }

  fail(status: RpcStatus): void {
    if (this.done || this.call.cancelled) return;
    this.done = true;
    this.sendHeaders();
    this.callback(this.statusOf(status));
  }
}

export class GrpcJsStreamCall extends GrpcJsCall<Duplex> implements RpcStreamCall {
  private failure: RpcStatus | undefined;
  private readonly written = (): void => {
    if (this.failure && this.call.writableLength === 0) this.call.emit('error', this.statusOf(this.failure));
  };

  get messages(): AsyncIterable<Buffer> {
    return this.call.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  }

  write(message: Buffer): Promise<void> | undefined {
    if (this.done || this.call.cancelled || this.call.destroyed) return undefined;
    this.sendHeaders();
    return this.call.write(message, this.written) ? undefined : this.caughtUp();
  }

  private caughtUp(): Promise<void> {
    return new Promise((resolve) => {
      const settle = () => {
        this.call.off('drain', settle);
        this.call.off('cancelled', settle);
        this.call.off('close', settle);
        resolve();
      };
      this.call.once('drain', settle);
      this.call.once('cancelled', settle);
      this.call.once('close', settle);
    });
  }

  end(): void {
    if (this.done || this.call.cancelled) return;
    this.done = true;
    this.sendHeaders();
    this.call.end();
  }

  /**
   * An error ends the iterator of the messages, and that destroys the stream: what is still being written, and the
   * status behind it, would never go out. So the error waits for it.
   */
  fail(status: RpcStatus): void {
    if (this.done || this.call.cancelled) return;
    this.done = true;
    this.sendHeaders();
    this.failure = status;
    this.written();
  }
}
