import type { Clock } from '../clock.js';
import type { HttpExtension } from '../lifecycle/transport-extensions.js';
import type { DynamicServices } from '../service/dynamic-services.js';
import type { RouteGuard } from './extension-scope.js';
import type { PathPrefix } from './service-path.js';

/** What a user may set about HTTP; every field has a default. */
export interface HttpServiceOptions {
  /** Comes before every service's path (Nest's global prefix). @default '' */
  readonly prefix?: PathPrefix;
  /** The largest request body, both as sent and after decompression. Bytes. @default 16777216 (16 MiB) */
  readonly bodyLimitBytes?: number;
  /** How many rows one request may hold. @default 1000000 */
  readonly maxRows?: number;
  /** What the columns of one request may take in memory: nulls and absent columns take room too. @default 268435456 (256 MiB) */
  readonly maxDecodedBytes?: number;
  /** Compress answers of at least `minBytes` when the caller's `accept-encoding` asks; `false` never does. @default { minBytes: 1024 } */
  readonly compression?: false | { readonly minBytes?: number };
  /** Tells callers that send `x-witan-timing: 1` in a `server-timing` header where their request's time went. @default true */
  readonly timings?: boolean;
  /** The routes beside the services. @default all true */
  readonly endpoints?: {
    /** `GET /health/live` and `GET /health/ready` */
    readonly health?: boolean;
    /** `GET /proto` */
    readonly proto?: boolean;
    /** `GET /openapi.json` */
    readonly openapi?: boolean;
    /** `GET /docs` */
    readonly docs?: boolean;
  };
  /**
   * Also answer unknown paths in Witan's error form. Only on a Fastify instance that is not Nest's: Nest sets its own.
   * @default false
   */
  readonly notFound?: boolean;
  /** Below this path stand the services that come and go: those of models in a repository. @default 'predictions' */
  readonly dynamic?: string;
}

/** Where messages go; Nest's `Logger` fits. */
export interface HttpLogger {
  error(message: string, stack?: string): void;
  warn(message: string): void;
  debug?(message: string): void;
}

/** What the health routes tell. */
export interface HttpHealth {
  /** False: the process is beyond help, restart it. */
  live(): boolean;
  /** `ok` false: send no requests now. `details` go on the wire as they are. */
  ready(): { readonly ok: boolean; readonly details?: Readonly<Record<string, unknown>> };
}

/** What the transport needs from its surroundings. */
export interface HttpServiceDeps {
  readonly clock: Clock;
  readonly logger: HttpLogger;
  readonly health: HttpHealth;
  /** The text of the generated .proto; called on first use. */
  proto(): string;
  /** The whole OpenAPI document (services merged with controllers); called on first use. */
  openApi(): object | Promise<object>;
  /** Protocols beside Witan's own. @default none */
  readonly extensions?: readonly HttpExtension[];
  /** Services that come and go. @default none */
  readonly dynamic?: DynamicServices;
  /** Calls `forget` when what {@link proto} and {@link openApi} give has changed. @default never */
  onChange?(forget: () => void): void;
  /** What requests must pass before their body is read. @default nothing */
  readonly guard?: RouteGuard;
}

export const DEFAULT_BODY_LIMIT_BYTES = 16 * 1024 * 1024;
export const DEFAULT_MAX_ROWS = 1_000_000;
export const DEFAULT_COMPRESSION_MIN_BYTES = 1024;
