import type { SecureContextOptions } from 'node:tls';

export type RpcServerKind = 'witan' | 'grpc-js';

/** Limits and behaviour of the gRPC side, wherever it listens. */
export interface RpcOptions {
  /** What speaks HTTP/2: Witan's own server for gRPC, or `@grpc/grpc-js`. @default 'witan' */
  readonly server?: RpcServerKind;
  /** Bytes of one message after decompression. @default 16_777_216 (16 MiB) */
  readonly maxReceiveMessageBytes?: number;
  /** Rows of one request. @default 1_000_000 */
  readonly maxRows?: number;
  /** Bytes that one request's columns may take once decoded. @default 268_435_456 (256 MiB) */
  readonly maxDecodedBytes?: number;
  /** Messages of one `PredictStream` that are worked on at once. @default 16 */
  readonly streamWindow?: number;
  /** Tells callers that send `x-witan-timing: 1` in `server-timing` trailing metadata where their call's time went. @default true */
  readonly timings?: boolean;
  /**
   * How answers are compressed, for callers that accept it; not with `server: 'grpc-js'`, which cannot.
   * @default answers are sent as they are; compressed requests are read either way
   */
  readonly compression?: RpcCompressionOptions;
  /** Serves the .proto by server reflection, v1 and v1alpha. @default true */
  readonly reflection?: boolean;
  /** How long the one message of a unary call may take to arrive whole. Milliseconds. @default 30_000 */
  readonly requestTimeoutMs?: number;
  /** Calls that one connection may have open. @default 1000 */
  readonly maxConcurrentStreams?: number;
  /** Pings an idle connection this often. @default off */
  readonly keepaliveTimeMs?: number;
  /** Closes a connection whose ping is not answered in this time. @default 20_000 */
  readonly keepaliveTimeoutMs?: number;
  /** Asks clients to reconnect after this time, so that they spread over processes. @default off */
  readonly maxConnectionAgeMs?: number;
  /** How long calls under way may go on after that. @default without bound */
  readonly maxConnectionAgeGraceMs?: number;
  /** Closes connections without calls after this time. @default off */
  readonly maxConnectionIdleMs?: number;
}

export interface RpcCompressionOptions {
  /** zstd: from Node 22.15 on. */
  readonly algorithm: 'gzip' | 'deflate' | 'zstd';
  /** Shorter messages are sent as they are. Bytes. @default 1024 */
  readonly minBytes?: number;
}

/** Where the gRPC side listens. */
export interface RpcBindOptions {
  /** @default '0.0.0.0' */
  readonly host?: string;
  /** 0: any free port. Ignored with {@link path}. @default 0 */
  readonly port?: number;
  /** Path of a unix socket instead of host and port. */
  readonly path?: string;
  readonly tls?: RpcTlsOptions;
}

export interface RpcTlsOptions {
  /** The server's private key, PEM. */
  readonly key: string | Buffer;
  /** The server's certificate chain, PEM. */
  readonly cert: string | Buffer;
  /** Who may sign clients' certificates, PEM; needed for {@link requireClientCertificate}. */
  readonly ca?: string | Buffer;
  /** mTLS: refuse connections without a certificate that {@link ca} signed. @default false */
  readonly requireClientCertificate?: boolean;
  /** @default Node's */
  readonly minVersion?: SecureContextOptions['minVersion'];
  /** Calls `listener` when new connections are to get other certificates. @internal */
  onChange?(listener: (tls: Pick<RpcTlsOptions, 'key' | 'cert' | 'ca'>) => void): void;
}
