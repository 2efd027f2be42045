import { Logger, type Provider } from '@nestjs/common';
import { AccessControl } from '../access/access-control.js';
import type { Clock } from '../clock.js';
import { createGrpcStrategy, WitanGrpcStrategy } from '../rpc/nest/witan-grpc-strategy.js';
import { DynamicServices } from '../service/dynamic-services.js';
import { ServiceExplorer } from '../service/service-explorer.js';
import { lifecycleError } from './lifecycle.errors.js';
import { Readiness } from './readiness.js';
import { ServiceRegistry } from './service-registry.js';
import { rpcExtensionsOf } from './transport-extensions.js';
import { WITAN_OPTIONS } from './witan.module-definition.js';
import type { WitanOptions } from './witan-options.js';
import { CLOCK } from './witan.tokens.js';

/** What `app.get(WitanGrpcStrategy)` gives when no port was set: says so when it is connected. */
class UnboundStrategy extends WitanGrpcStrategy {
  readonly address = undefined;
  readonly listener = undefined;

  listen(): never {
    throw lifecycleError(
      'CORE_ERR_BOOT_OPTION',
      'the gRPC strategy has no port: WitanModule.forRoot({ grpc: { port: 5000 } }), or a `path`',
    );
  }

  close(): void {}
}

/** The strategy for `connectMicroservice`, made only where a port is set: it loads @nestjs/microservices. */
export const grpcStrategyProvider: Provider = {
  provide: WitanGrpcStrategy,
  inject: [WITAN_OPTIONS, CLOCK, ServiceRegistry, Readiness, ServiceExplorer, AccessControl, DynamicServices],
  useFactory: async (
    options: WitanOptions,
    clock: Clock,
    services: ServiceRegistry,
    readiness: Readiness,
    explorer: ServiceExplorer,
    access: AccessControl,
    dynamic: DynamicServices,
  ) => {
    const { grpc } = options;
    if (grpc?.port === undefined && grpc?.path === undefined) return new UnboundStrategy();
    const strategy = await createGrpcStrategy({
      runtimes: () => services.runtimes,
      extensions: () => rpcExtensionsOf(explorer.instances()),
      options: grpc,
      clock,
      logger: new Logger('Witan'),
      access,
      dynamic,
      controllers: grpc.controllers,
    });
    readiness.onChange((serving) => strategy.listener?.setServing(serving));
    return strategy;
  },
};
