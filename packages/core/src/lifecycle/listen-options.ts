import type { SecureContextOptions } from 'node:tls';

/** A TCP port (0: any free one), or the path of a unix socket. */
export type ListenTarget = number | string;

/** Certificates for both ports. */
export interface TlsOptions {
  readonly key: string | Buffer;
  readonly cert: string | Buffer;
  /** Certificate authorities whose clients are trusted; with `requestCert` this is mTLS. */
  readonly ca?: string | Buffer;
  /** Refuse clients without a certificate that `ca` signed. @default false */
  readonly requestCert?: boolean;
  /** @default Node's */
  readonly minVersion?: SecureContextOptions['minVersion'];
}

/** Certificates for both ports, as files. They are read again when they change: new connections get the new ones. */
export interface TlsFiles extends Pick<TlsOptions, 'requestCert' | 'minVersion'> {
  /** The server's private key, PEM. */
  readonly keyFile: string;
  /** The server's certificate chain, PEM. */
  readonly certFile: string;
  /** As `ca` of {@link TlsOptions}. */
  readonly caFile?: string;
}

export function isTlsFiles(tls: TlsOptions | TlsFiles): tls is TlsFiles {
  return 'certFile' in tls;
}

export interface ShutdownOptions {
  /**
   * After SIGTERM, keep answering for so long with readiness off, so that load balancers notice. Milliseconds.
   * @default 0
   */
  readonly delayMs?: number;
  /**
   * How long requests in flight may take to finish; then the process says how many are left and ends by force, with
   * exit code 1. Milliseconds.
   * @default 10000
   */
  readonly timeoutMs?: number;
  /**
   * End the process on SIGTERM and SIGINT after draining.
   * @default true
   */
  readonly signals?: boolean;
}

/** Where and how an application listens. */
export interface ListenOptions {
  /** HTTP port or socket path; `false`: no HTTP. @default 3000 */
  readonly http?: ListenTarget | false;
  /** gRPC port or socket path; `false`: no gRPC. @default 5000 */
  readonly grpc?: ListenTarget | false;
  /** The address to bind. @default '0.0.0.0' */
  readonly host?: string;
  readonly tls?: TlsOptions | TlsFiles;
  /**
   * Server processes that share the ports, under one supervisor; `'auto'`: one for each CPU. With more than one, this
   * process becomes the supervisor and serves nothing itself: write `WitanFactory.create(App).listen(...)`, without
   * awaiting `create`, so that it loads no model either.
   * @default 1
   */
  readonly processes?: number | 'auto';
  readonly shutdown?: ShutdownOptions;
  /** Print what is served, and where. @default true */
  readonly banner?: boolean;
}

/** Where an application came to listen. */
export interface ListenAddresses {
  /** `http://127.0.0.1:3000`, or `unix:/path`. */
  readonly http?: string;
  /** `127.0.0.1:5000`, or `unix:/path`. */
  readonly grpc?: string;
}
