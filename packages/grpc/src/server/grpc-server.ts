/**
 * The gRPC server as others see it: raw message bytes in and out, statuses, metadata, cancellation. What lies below
 * (HTTP/2, HPACK, flow control) shows nowhere.
 */
export interface GrpcServer {
  /**
   * Adds methods under `/<service>/`; before or after {@link start}.
   * @throws {GRPC_ERR_OPTION} for a path that exists already
   */
  addMethods(service: string, methods: Readonly<Record<string, GrpcMethod>>): void;
  /** Takes the methods of a service away: new calls are UNIMPLEMENTED, those under way go on. */
  removeMethods(service: string): void;
  /**
   * Binds and accepts calls.
   * @throws {GRPC_ERR_LISTEN}
   */
  start(): Promise<GrpcAddress>;
  /** Where it listens; `undefined` before {@link start}. */
  readonly address: GrpcAddress | undefined;
  /** Takes no more calls, lets those under way end for at most `boundMs`, then ends them by force. True: none was forced. */
  drain(boundMs: number): Promise<boolean>;
  /** Ends everything now. */
  close(): void;
}

export interface GrpcAddress {
  /** `host:port`, or `unix:<path>`. */
  readonly text: string;
  /** 0 for a unix socket. */
  readonly port: number;
}

export type GrpcMethod = GrpcUnaryMethod | GrpcStreamMethod;

/** One message in, one out. */
export interface GrpcUnaryMethod {
  readonly kind: 'unary';
  /**
   * Answers once, by `call.answer` or `call.fail`, now or later; must not throw. `message` never changes, but may keep
   * up to 64 KiB alive: copy what must long outlive the call.
   */
  handle(call: GrpcUnaryCall, message: Buffer): void;
}

/** Any number of messages each way; also serves methods that stream one way only. */
export interface GrpcStreamMethod {
  readonly kind: 'stream';
  /** Ends by `call.end` or `call.fail`; must not throw. */
  handle(call: GrpcStreamCall): void;
}

/** Who calls. */
export interface GrpcPeer {
  /** `address:port`, or `unix:<path>` of the socket. */
  readonly address: string;
  readonly tls: boolean;
  /** The subject of the client's certificate under mTLS. */
  readonly certificateSubject?: string;
}

/** What a method sees of any call. */
export interface GrpcCall {
  /** `/package.Service/Method`. */
  readonly path: string;
  /** True once the caller is gone or the deadline has passed, and the call was not answered before. */
  readonly cancelled: boolean;
  readonly peer: GrpcPeer;
  /** Milliseconds since the Unix epoch by the system's clock. */
  readonly deadlineEpochMs: number | undefined;
  /** A metadata entry by its lower-case name: several values joined by `, `; base64 text where the name ends in `-bin`. */
  header(name: string): string | undefined;
  /** All metadata, as pairs; bytes where the name ends in `-bin`. Headers of the protocol itself are not among them. */
  headers(): Iterable<readonly [string, string | Buffer]>;
  /**
   * Initial metadata of the answer; too late once a message was written. The value of a name that ends in `-bin` is
   * base64 text. Headers that the protocol owns are left as they are.
   * @throws {GRPC_ERR_METADATA}
   */
  setHeader(name: string, value: string): void;
  /** Calls `fn` once when the caller goes away or the deadline passes before the call was answered. */
  onCancel(fn: () => void): void;
  /** Ends the call with a status; does nothing once it has ended. */
  fail(status: GrpcStatus): void;
}

export interface GrpcUnaryCall extends GrpcCall {
  /**
   * The answer, and trailing metadata with its status; does nothing once the call has ended. `message` must not be
   * changed afterwards.
   */
  answer(message: Buffer, trailers?: GrpcStatus['trailers']): void;
}

export interface GrpcStreamCall extends GrpcCall {
  /** The caller's messages; holding back the next `next()` holds back the caller. */
  readonly messages: AsyncIterable<Buffer>;
  /**
   * Writes a message, which must not be changed afterwards; a promise when the caller must catch up first. Never rejects:
   * after a cancel it resolves.
   */
  write(message: Buffer): Promise<void> | undefined;
  /** Ends the call with OK. */
  end(): void;
}

/** How a call ended. */
export interface GrpcStatus {
  /** gRPC's status code. */
  readonly code: number;
  readonly message: string;
  /** `google.rpc.Status` for `grpc-status-details-bin`. */
  readonly details?: Buffer;
  /** Further trailing metadata. */
  readonly trailers?: Iterable<readonly [string, string | Buffer]>;
}
