import { type DynamicModule, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { AccessControl } from '../access/access-control.js';
import { BatchControl } from '../batch/batch-control.js';
import { systemClock } from '../clock.js';
import { ChainBuilder } from '../service/chain-builder.js';
import { DynamicServices } from '../service/dynamic-services.js';
import { RecordPoints } from '../record/record-points.js';
import { ServiceExplorer } from '../service/service-explorer.js';
import { WitanGrpcStrategy } from '../rpc/nest/witan-grpc-strategy.js';
import { grpcStrategyProvider } from './grpc-strategy.provider.js';
import { HttpMount } from './http-mount.js';
import { OpenApi } from './open-api.js';
import { Readiness } from './readiness.js';
import { ServiceRegistry } from './service-registry.js';
import { ConfigurableModuleClass, WITAN_OPTIONS } from './witan.module-definition.js';
import type { WitanOptions } from './witan-options.js';
import { CLOCK } from './witan.tokens.js';

/**
 * Finds the `@Service` classes of an application and serves them. `WitanFactory` adds it by itself; import
 * `WitanModule.forRoot()` to give options, or to mount Witan into an existing Nest application on Fastify, whose
 * global prefix, guards, interceptors, pipes and filters are honoured.
 */
@Module({
  imports: [DiscoveryModule],
  providers: [
    ServiceExplorer,
    AccessControl,
    BatchControl,
    RecordPoints,
    ChainBuilder,
    ServiceRegistry,
    DynamicServices,
    OpenApi,
    HttpMount,
    Readiness,
    grpcStrategyProvider,
    { provide: CLOCK, inject: [WITAN_OPTIONS], useFactory: (options: WitanOptions) => options.clock ?? systemClock },
  ],
  exports: [
    AccessControl,
    BatchControl,
    CLOCK,
    ServiceRegistry,
    DynamicServices,
    RecordPoints,
    ServiceExplorer,
    Readiness,
    OpenApi,
    WitanGrpcStrategy,
    WITAN_OPTIONS,
  ],
})
export class WitanModule extends ConfigurableModuleClass {
  static override forRoot(options: WitanOptions & { isGlobal?: boolean } = {}): DynamicModule {
    return super.forRoot(options);
  }
}
