import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { AccessControl } from '../access/access-control.js';
import { httpGuard } from '../access/http-access.js';
import type { Clock } from '../clock.js';
import { registerHttpServices } from '../http/register-http-services.js';
import { protoOf } from '../rpc/proto/proto-of.js';
import { DynamicServices } from '../service/dynamic-services.js';
import { ServiceExplorer } from '../service/service-explorer.js';
import { globalPrefixOf } from './global-prefix.js';
import { lifecycleError } from './lifecycle.errors.js';
import { OpenApi } from './open-api.js';
import { Readiness } from './readiness.js';
import { ServiceRegistry } from './service-registry.js';
import { isHttpExtension } from './transport-extensions.js';
import { WITAN_OPTIONS } from './witan.module-definition.js';
import type { WitanOptions } from './witan-options.js';
import { CLOCK } from './witan.tokens.js';

/** Puts the services' routes on the Fastify instance that the application runs on. */
@Injectable()
export class HttpMount implements OnApplicationBootstrap {
  constructor(
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
    @Inject(ApplicationConfig) private readonly config: ApplicationConfig,
    @Inject(WITAN_OPTIONS) private readonly options: WitanOptions,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(ServiceRegistry) private readonly services: ServiceRegistry,
    @Inject(Readiness) private readonly readiness: Readiness,
    @Inject(OpenApi) private readonly openApi: OpenApi,
    @Inject(ServiceExplorer) private readonly explorer: ServiceExplorer,
    @Inject(AccessControl) private readonly access: AccessControl,
    @Inject(DynamicServices) private readonly dynamic: DynamicServices,
  ) {}

  onApplicationBootstrap(): void {
    // Built here at the latest, so that a broken chain stops the boot even where there is no HTTP.
    const runtimes = this.services.runtimes;
    const adapter = this.host.httpAdapter as typeof this.host.httpAdapter | undefined;
    if (!adapter?.getInstance) return;
    if (adapter.getType() !== 'fastify') {
      throw lifecycleError(
        'CORE_ERR_BOOT_ADAPTER',
        `this application runs on ${adapter.getType()}; Witan's services need Fastify: NestFactory.create(AppModule, new FastifyAdapter())`,
      );
    }
    const prefix = globalPrefixOf(this.config);
    registerHttpServices(
      adapter.getInstance<FastifyInstance>(),
      runtimes,
      { ...this.options.http, prefix },
      {
        clock: this.clock,
        logger: new Logger('Witan'),
        health: this.readiness,
        proto: () => protoOf([...runtimes, ...this.dynamic.list()].map((runtime) => runtime.definition)),
        dynamic: this.dynamic,
        onChange: (forget) => this.openApi.onChange(forget),
        openApi: () => this.openApi.document(prefix),
        extensions: this.explorer.instances().filter(isHttpExtension),
        guard: httpGuard(this.access),
      },
    );
  }
}
