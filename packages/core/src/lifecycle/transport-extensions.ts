import type { FastifyInstance } from 'fastify';
import type { RpcMethod } from '../rpc/server/rpc-server.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call a route of an {@link HttpExtension}. @default 'predict' */
    readonly access?: Access;
  }
}

/** A provider with this method adds routes to the HTTP port; see {@link HttpExtension}. */
export const HTTP_ROUTES = Symbol.for('witan.httpRoutes');
/** A provider with this method adds methods to the gRPC port; see {@link RpcExtension}. */
export const RPC_SERVICES = Symbol.for('witan.rpcServices');

/**
 * Who may call: `open` anyone; `predict` who may predict (all, or callers with a key where keys are asked for);
 * `control` who may change the server.
 */
export type Access = 'open' | 'predict' | 'control';

/**
 * A protocol beside Witan's own on the HTTP port. It gets the scope that services live in: bodies arrive as a Buffer
 * whatever their type (`undefined`: none), decompressed, and errors that a route throws are answered in Witan's form. A
 * route says who may call it: `scope.route({ ..., config: { access: 'predict' } })`. @default 'predict'
 */
export interface HttpExtension {
  [HTTP_ROUTES](scope: FastifyInstance, surroundings: HttpExtensionSurroundings): void;
}

export interface HttpExtensionSurroundings {
  /** In front of every path, with a leading slash; `''`: none. */
  readonly prefix: string;
  readonly bodyLimitBytes: number;
  readonly maxDecodedBytes: number;
  readonly maxRows: number;
  /** Whether callers may ask where their request's time went. */
  readonly timings: boolean;
}

/** A service of a protocol beside Witan's own on the gRPC port. */
export interface RpcServiceExtension {
  /** With its package: `inference.GRPCInferenceService`. */
  readonly service: string;
  readonly methods: Readonly<Record<string, RpcMethod>>;
  /** Who may call each method. @default 'predict' */
  readonly access?: Readonly<Record<string, Access>>;
  /** The .proto text, for reflection. */
  readonly proto?: string;
  /** Called when the server stops: streams that are open are to end once what they took is answered. */
  drain?(reason: string): void;
}

export interface RpcExtension {
  [RPC_SERVICES](): readonly RpcServiceExtension[];
}

/** A provider with this method adds to the OpenAPI document; see {@link OpenApiContributor}. */
export const OPEN_API_PATHS = Symbol.for('witan.openApiPaths');

/** What a protocol's routes look like in OpenAPI; `OpenApi.changed()` says that it would now say something else. */
export interface OpenApiContributor {
  [OPEN_API_PATHS](surroundings: OpenApiSurroundings): OpenApiPart;
}

export interface OpenApiSurroundings {
  /** In front of every path, with a leading slash; `''`: none. */
  readonly prefix: string;
  /** The operation as it is here: asking for a key, if predictions need one. */
  withKey(operation: object): object;
}

export interface OpenApiPart {
  /** By path, `{name}` for parameters: a path item each. */
  readonly paths: Readonly<Record<string, object>>;
  /** For `#/components/schemas/`; there is a `WitanError` already. */
  readonly schemas?: Readonly<Record<string, object>>;
}

export function isOpenApiContributor(value: object): value is OpenApiContributor {
  return OPEN_API_PATHS in value;
}

export function isHttpExtension(value: object): value is HttpExtension {
  return HTTP_ROUTES in value;
}

export function isRpcExtension(value: object): value is RpcExtension {
  return RPC_SERVICES in value;
}

/** The gRPC services that an application's providers bring. */
export function rpcExtensionsOf(instances: readonly object[]): RpcServiceExtension[] {
  return instances.filter(isRpcExtension).flatMap((extension) => extension[RPC_SERVICES]());
}
