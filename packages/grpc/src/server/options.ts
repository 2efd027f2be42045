import type { SecureContextOptions } from 'node:tls';
import type { Clock } from './clock.js';
import type { GrpcMethod } from './grpc-server.js';

/** What one caller may use. Every limit has a default; a connection that goes beyond ends, the others do not notice. */
export interface GrpcLimits {
  /** Bytes of one request message after decompression. @default 16_777_216 (16 MiB) */
  readonly maxReceiveMessageBytes?: number;
  /** Bytes of request messages that are not complete, or wait for their handler, over one connection. @default 4 x maxReceiveMessageBytes */
  readonly maxBufferedBytes?: number;
  /** Calls that one connection may have open. @default 1000 */
  readonly maxConcurrentStreams?: number;
  /** Header fields of one request, as HPACK counts them: names, values and 32 bytes each. @default 16_384 */
  readonly maxHeaderListBytes?: number;
  /** Connections at once; more are closed as they come. @default without bound */
  readonly maxConnections?: number;
  /** How long the one message of a unary call, or a message begun on a stream, may take to arrive whole. Milliseconds. @default 30_000 */
  readonly requestTimeoutMs?: number;
  /** How long TLS and HTTP/2's first exchange, and then any single frame but DATA, may take. Milliseconds. @default 10_000 */
  readonly handshakeTimeoutMs?: number;
  /** How long a caller may take none of an answer that is ready. Milliseconds. @default 60_000 */
  readonly stallTimeoutMs?: number;
}

export interface GrpcConnectionOptions {
  /** Pings an idle connection this often. @default off */
  readonly keepaliveTimeMs?: number;
  /** Closes a connection whose ping is not answered in this time. @default 20_000 */
  readonly keepaliveTimeoutMs?: number;
  /**
   * Asks clients to reconnect after this time, so that they spread over processes; for each connection up to a tenth
   * more or less, so that those that came together do not come again together. @default off
   */
  readonly maxConnectionAgeMs?: number;
  /** How long calls under way may go on after that. @default without bound */
  readonly maxConnectionAgeGraceMs?: number;
  /** Closes connections without calls after this time. @default off */
  readonly maxConnectionIdleMs?: number;
}

/** Where it listens. */
export interface GrpcBindOptions {
  /** @default '0.0.0.0' */
  readonly host?: string;
  /** 0: any free port. Ignored with {@link path}. @default 0 */
  readonly port?: number;
  /** Path of a unix socket instead of host and port. */
  readonly path?: string;
  readonly tls?: GrpcTlsOptions;
}

export interface GrpcTlsOptions {
  /** The server's private key, PEM. */
  readonly key: string | Buffer;
  /** The server's certificate chain, PEM. */
  readonly cert: string | Buffer;
  /** Who may sign clients' certificates, PEM; needed for {@link requireClientCertificate}. */
  readonly ca?: string | Buffer;
  /** mTLS: refuse connections without a certificate that {@link ca} signed. @default false */
  readonly requireClientCertificate?: boolean;
  /** @default 'TLSv1.2', the least that HTTP/2 allows */
  readonly minVersion?: SecureContextOptions['minVersion'];
  /** Calls `listener` when new connections are to get other certificates. */
  onChange?(listener: (tls: Pick<GrpcTlsOptions, 'key' | 'cert' | 'ca'>) => void): void;
}

/** How answers are compressed, for callers that accept it. */
export interface GrpcCompressionOptions {
  readonly algorithm: 'gzip' | 'deflate' | 'zstd';
  /** Shorter messages are sent as they are. Bytes. @default 1024 */
  readonly minBytes?: number;
}

export interface GrpcServerOptions extends GrpcLimits, GrpcConnectionOptions, GrpcBindOptions {
  /** Methods by service, as if given to `addMethods`. @default none */
  readonly services?: Readonly<Record<string, Readonly<Record<string, GrpcMethod>>>>;
  /** @default answers are sent as they are; compressed requests are understood either way */
  readonly compression?: GrpcCompressionOptions;
  /** @default the process's */
  readonly clock?: Clock;
  /** A number from 0 to below 1: what {@link maxConnectionAgeMs} varies by. @default Math.random */
  readonly random?: () => number;
  /**
   * Told of what methods throw (their callers get INTERNAL without the text) and of faults of the server itself; must
   * not throw. `path` is the method's. @default nobody is told
   */
  readonly onError?: (error: unknown, path: string | undefined) => void;
  /**
   * Told of each call that ended before a method saw it: there is no such method (`path` is then `undefined`), its message
   * was too large, its caller left. `code` is gRPC's; must not throw. @default nobody is told
   */
  readonly onRefused?: (path: string | undefined, code: number) => void;
}
