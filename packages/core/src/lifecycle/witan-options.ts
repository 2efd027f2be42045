import type { AccessOptions } from '../access/access-options.js';
import type { Clock } from '../clock.js';
import type { HttpServiceOptions } from '../http/options.js';
import type { HttpServerLimits } from '../http/server-options.js';
import type { GrpcControllerOptions } from '../rpc/nest/witan-grpc-strategy.js';
import type { RpcBindOptions, RpcOptions } from '../rpc/rpc-options.js';

/** How this application presents itself in OpenAPI. */
export interface ApiInfo {
  /** @default 'Witan' */
  readonly title?: string;
  /** @default '1.0.0' */
  readonly version?: string;
  readonly description?: string;
}

/** Options of `WitanModule.forRoot`; every one has a default. */
export interface WitanOptions {
  /**
   * HTTP limits, compression and the routes beside the services. The bounds on slow requests and headers only act where
   * `WitanFactory` makes the server: your own FastifyAdapter takes them from `fastifyServerOptions`.
   */
  readonly http?: Omit<HttpServiceOptions, 'prefix' | 'notFound'> & Omit<HttpServerLimits, 'trustProxy'>;
  /**
   * gRPC limits, reflection and keep-alive; the .proto of your own `@GrpcMethod` controllers, which then share the
   * port; and, where Witan is mounted into a Nest application by `WitanGrpcStrategy`, where to listen.
   */
  readonly grpc?: RpcOptions & RpcBindOptions & { readonly controllers?: GrpcControllerOptions };
  /** Who may predict, and who may change the server. @default anyone may predict, nobody may change the server */
  readonly access?: AccessOptions;
  readonly info?: ApiInfo;
  /** @default the system's clock */
  readonly clock?: Clock;
}
