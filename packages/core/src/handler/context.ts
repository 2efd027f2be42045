import type { ModelUse } from './model-use.js';
import { PhaseTimes, type RequestPhases } from './request-phases.js';

declare module '../frame/frame.js' {
  interface FrameSource {
    /** In the order of the rows. */
    readonly contexts: readonly Context[];
    /** Of those requests that want to know where their time goes. */
    readonly phases: readonly RequestPhases[];
  }
}

const NO_MODELS: readonly ModelUse[] = [];

/** Who is calling. */
export interface Peer {
  /** `address:port`, or the path of a unix socket. Behind a proxy, the proxy's unless `trustProxy` is set. */
  readonly address: string;
  readonly tls: boolean;
  /** The subject of the client's certificate under mTLS. */
  readonly certificateSubject?: string;
}

/** The request as it came, before anything was decoded. */
export interface RawRequest {
  readonly contentType: string;
  /** The body's bytes after decompression: over HTTP the body, over gRPC the message. */
  readonly body: Uint8Array;
}

export type TransportName = 'http' | 'grpc' | 'memory';

/**
 * One request, as handlers see it; the same on both protocols. `P` is the class of the parameters.
 * Each transport has its own subclass; handlers only know this one. Getters that cost something are lazy.
 */
export abstract class Context<P extends object = Record<string, string>> {
  abstract readonly transport: TransportName;
  /** `x-request-id` if the caller sent one, otherwise made here; echoed on the answer. */
  abstract readonly requestId: string;
  /** The service's path, e.g. `predictions/iris/:run/:model`. */
  abstract readonly service: string;
  /** Path and query parameters (gRPC: the request's fields 1-15), validated when the service declares a class. */
  abstract readonly params: Readonly<P>;
  abstract readonly peer: Peer;
  /** When the caller stops waiting: {@link Clock.now} milliseconds. `undefined`: no deadline. */
  abstract readonly deadline: number | undefined;
  /** Fires when the caller disconnects, cancels, or the deadline passes. Created on first use. */
  abstract readonly signal: AbortSignal;
  /** True once the caller is gone; cheaper than {@link signal}. */
  abstract readonly aborted: boolean;
  abstract readonly raw: RawRequest;
  /** `x-priority`: higher goes first; 0 unless the caller says otherwise; integers from -10 to 10. */
  abstract readonly priority: number;
  /** The W3C `traceparent` header as it came. */
  get traceparent(): string | undefined {
    return this.header('traceparent');
  }

  private known: string | undefined;
  /**
   * Who calls, for logs and metrics: the name of the key that the request brought, or what a guard has set here.
   * `undefined`: nobody asked.
   */
  get principal(): string | undefined {
    return this.known ?? this.keyName();
  }
  set principal(name: string | undefined) {
    this.known = name;
  }
  /** The name of the key that the transport found. */
  protected keyName(): string | undefined {
    return undefined;
  }

  private used: readonly ModelUse[] = NO_MODELS;
  /** The models that answered, in the order of their first use. */
  get models(): readonly ModelUse[] {
    return this.used;
  }
  /**
   * Called by whatever gives the request to a model; twice for the same one is once. @internal
   */
  noteModel(use: ModelUse): void {
    const { used } = this;
    if (used.length === 0) this.used = [use];
    else if (!used.some((known) => isSameUse(known, use))) this.used = [...used, use];
  }

  /** What telemetry remembers of the request; here, so that it is found at no cost. @internal */
  watched: object | undefined = undefined;

  /** Clock milliseconds at which its headers were read, where that is watched. @internal */
  arrivedAt: number | undefined;

  /** Filled while the request runs, when somebody wants to know: see {@link wantPhases}. */
  phases: RequestPhases | undefined = undefined;
  /** Asks for {@link phases}; without it nothing is measured for this request. */
  wantPhases(): RequestPhases {
    return (this.phases ??= new PhaseTimes());
  }

  private keep: Map<unknown, unknown> | undefined;
  /** A place for handlers, guards and interceptors of one request to leave things for each other. */
  get bag(): Map<unknown, unknown> {
    return (this.keep ??= new Map());
  }

  /** A request header (HTTP) or metadata entry (gRPC), by its name in lower case; several values are joined by `, `. */
  abstract header(name: string): string | undefined;
  /**
   * What Nest's guards, interceptors and filters see in their ArgumentsHost: over HTTP the request and the reply of
   * Fastify, over gRPC the message's bytes and the metadata; then this Context.
   */
  hostArguments(): readonly unknown[] {
    return [this.raw, this, this];
  }

  /** Sets a header of the answer (HTTP) or initial metadata (gRPC). A name ending in `-bin` takes base64 text. */
  abstract setHeader(name: string, value: string): void;
}

function isSameUse(a: ModelUse, b: ModelUse): boolean {
  return a === b || (a.model === b.model && a.version === b.version && a.variant === b.variant && a.alias === b.alias);
}
