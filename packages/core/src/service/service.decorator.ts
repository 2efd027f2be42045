import 'reflect-metadata';
import { Controller, Injectable } from '@nestjs/common';
import { ENTRY_PROVIDER_WATERMARK } from '@nestjs/common/constants.js';
import type { Class } from '../handler/handler-types.js';
import type { CheckChain, CheckNames, Step } from './chain-types.js';

/** Options of a service. */
export interface ServiceOptions<H extends readonly Step[] = readonly Step[]> {
  /**
   * The chain, in order: handler classes and names of `@Handler` methods.
   * @default the service's only `@Handler`
   */
  readonly handlers?: H;
  /**
   * The class of the path and query parameters, with class-validator decorators: values are converted to the property
   * types and validated before the body is read (422). Its properties that are no path parameters are query parameters.
   */
  readonly params?: Class;
  /**
   * Query parameters by name when there is no `params` class; all optional strings.
   * @default none
   */
  readonly query?: readonly string[];
  /**
   * The protobuf package.
   * @default the class's name in snake case without `Service`, then `.v1`: `IrisService` is `iris.v1`
   */
  readonly package?: string;
  /**
   * The name of the gRPC service.
   * @default the class's name
   */
  readonly grpcName?: string;
  /** Goes into OpenAPI and into the .proto. */
  readonly description?: string;
}

/** What `@Service` remembers. */
export interface ServiceMetadata extends ServiceOptions {
  readonly path: string;
}

const SERVICE = 'witan:service';

/**
 * Serves a class over HTTP (`POST /<path>`) and gRPC at once. `path` may have parameters: `predictions/:run/:model`.
 * The class is an ordinary provider; it may stand in a module's `providers` or `controllers`.
 *
 * The chain of `handlers` is checked by the compiler (record types) and at boot (dtypes and shapes).
 */
export function Service<const H extends readonly Step[] = readonly []>(path: string, options: ServiceOptions<H> = {}) {
  return <C extends Class>(target: C & CheckNames<InstanceType<C>, H> & CheckChain<InstanceType<C>, H>): void => {
    const metadata: ServiceMetadata = { ...options, path: path.replace(/^\/+|\/+$/g, '') };
    Reflect.defineMetadata(SERVICE, metadata, target);
    Injectable()(target as never);
    Controller()(target as never);
    // Where a request enters: Nest then makes global request-scoped and transient enhancers for it, as for controllers.
    Reflect.defineMetadata(ENTRY_PROVIDER_WATERMARK, true, target);
  };
}

/** What `@Service` said of a class; `undefined` for a class without it. */
export function serviceMetadataOf(type: unknown): ServiceMetadata | undefined {
  return typeof type === 'function'
    ? (Reflect.getOwnMetadata(SERVICE, type) as ServiceMetadata | undefined)
    : undefined;
}
