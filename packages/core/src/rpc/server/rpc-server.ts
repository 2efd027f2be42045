import type { Context, Peer } from '../../handler/context.js';

/**
 * The seam between Witan and a gRPC server: raw message bytes in and out, statuses, metadata, cancellation. Anything
 * that speaks HTTP/2 can stand behind it; services, health, reflection and Nest's controllers only know this.
 */
export interface RpcServer {
  /** Adds methods under `/<service>/`; before or after {@link start}. A path that exists already is refused. */
  addMethods(service: string, methods: Readonly<Record<string, RpcMethod>>): void;
  /** Takes the methods of a service away: new calls are UNIMPLEMENTED, those under way go on. */
  removeMethods(service: string): void;
  /**
   * Binds and accepts calls.
   * @throws {CORE_ERR_GRPC_OPTION}
   * @throws {CORE_ERR_GRPC_LISTEN}
   */
  start(): Promise<RpcAddress>;
  /** Where it listens; `undefined` before {@link start}. */
  readonly address: RpcAddress | undefined;
  /** Takes no more calls, lets those under way end for at most `boundMs`, then ends them by force. True: none was forced. */
  drain(boundMs: number): Promise<boolean>;
  /** Ends everything now. */
  close(): void;
}

export interface RpcAddress {
  /** `host:port`, or `unix:<path>`. */
  readonly text: string;
  /** 0 for a unix socket. */
  readonly port: number;
}

export type RpcMethod = RpcUnaryMethod | RpcStreamMethod;

/** One message in, one out. */
export interface RpcUnaryMethod {
  readonly kind: 'unary';
  /** Answers once, by `call.answer` or `call.fail`, now or later; must not throw. `message` is only valid until then. */
  handle(call: RpcUnaryCall, message: Buffer): void;
}

/** Any number of messages each way; also serves methods that stream one way only. */
export interface RpcStreamMethod {
  readonly kind: 'stream';
  /** Ends by `call.end` or `call.fail`; must not throw. */
  handle(call: RpcStreamCall): void;
}

/** What a method sees of any call. */
export interface RpcCall {
  /** `/package.Service/Method`. */
  readonly path: string;
  /** True once the caller is gone or the deadline has passed, and the call was not answered before. */
  readonly cancelled: boolean;
  readonly peer: Peer;
  /** Milliseconds since the Unix epoch by the system's clock. */
  readonly deadlineEpochMs: number | undefined;
  /** A metadata entry by its lower-case name: several values joined by `, `; base64 text where the name ends in `-bin`. */
  header(name: string): string | undefined;
  /** All metadata, as pairs. */
  headers(): Iterable<readonly [string, string | Buffer]>;
  /** Initial metadata of the answer; too late once a message was written. */
  setHeader(name: string, value: string): void;
  /** Calls `fn` once when the caller goes away or the deadline passes before the call was answered. */
  onCancel(fn: () => void): void;
  fail(status: RpcStatus): void;
  /** Whom it was answered for, told to what watches; absent while nobody does. */
  answeredFor?(context: Context): void;
}

export interface RpcUnaryCall extends RpcCall {
  /** `trailers`: trailing metadata beside the status. */
  answer(message: Buffer, trailers?: RpcStatus['trailers']): void;
}

export interface RpcStreamCall extends RpcCall {
  /** The caller's messages; holding back the next `next()` holds back the caller. */
  readonly messages: AsyncIterable<Buffer>;
  /** Writes a message; a promise when the caller must catch up first. Never rejects: after a cancel it resolves. */
  write(message: Buffer): Promise<void> | undefined;
  end(): void;
}

/** How a call ended. */
export interface RpcStatus {
  /** gRPC's status code. */
  readonly code: number;
  readonly message: string;
  /** Of an error: its code, e.g. `CORE_ERR_BATCH_QUEUE_FULL`; for what watches, callers find it in {@link details}. */
  readonly errorCode?: string;
  /** `google.rpc.Status` for `grpc-status-details-bin`. */
  readonly details?: Buffer;
  /** Further trailing metadata. */
  readonly trailers?: Iterable<readonly [string, string | Buffer]>;
}
