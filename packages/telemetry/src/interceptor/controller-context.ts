import { Context, type Peer, type RawRequest } from '@witan/core';

const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze({});
const NO_BODY = new Uint8Array(0);

/** What an HTTP request of Nest's looks like here, on Fastify and on Express. */
export interface NestRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly ip?: string;
}

/** What a gRPC call's metadata looks like here. */
export interface NestMetadata {
  get(name: string): readonly (string | Buffer)[];
}

/** A request of an ordinary Nest controller, as telemetry sees requests. It is only watched, not controlled. */
export class ControllerContext extends Context {
  readonly params = NO_PARAMS;
  readonly deadline = undefined;
  readonly aborted = false;
  readonly priority = 0;
  readonly raw: RawRequest = { contentType: '', body: NO_BODY };
  private lazySignal: AbortSignal | undefined;

  constructor(
    readonly transport: 'http' | 'grpc',
    /** `CatsController.find`. */
    readonly service: string,
    private readonly lookUp: (name: string) => string | undefined,
    private readonly address: string,
  ) {
    super();
  }

  static ofHttp(service: string, { headers, ip }: NestRequest): ControllerContext {
    const lookUp = (name: string): string | undefined => {
      const value = headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    };
    return new ControllerContext('http', service, lookUp, ip ?? 'unknown');
  }

  static ofRpc(service: string, metadata: NestMetadata | undefined): ControllerContext {
    const lookUp = (name: string): string | undefined => {
      const values = metadata?.get(name) ?? [];
      return values.length === 0 ? undefined : values.map(String).join(', ');
    };
    return new ControllerContext('grpc', service, lookUp, 'unknown');
  }

  /** What the caller calls it; `''`: nothing. */
  get requestId(): string {
    const id = this.lookUp('x-request-id');
    return id !== undefined && id.length <= 128 ? id : '';
  }

  get peer(): Peer {
    return { address: this.address, tls: false };
  }

  get signal(): AbortSignal {
    return (this.lazySignal ??= new AbortController().signal);
  }

  header(name: string): string | undefined {
    return this.lookUp(name);
  }

  /** Nothing: a controller sets its headers itself. */
  setHeader(): void {}
}
