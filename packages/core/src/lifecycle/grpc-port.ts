import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AccessControl } from '../access/access-control.js';
import { WitanError } from '../errors/witan-error.js';
import { loadMetadata } from '../rpc/call/host-metadata.js';
import { createGrpcListener, type GrpcListener, type GrpcListenerParts } from '../rpc/grpc-listener.js';
import type { RpcTlsOptions } from '../rpc/rpc-options.js';
import { createGrpcStrategy } from '../rpc/nest/witan-grpc-strategy.js';
import { createRpcServer } from '../rpc/server/create-rpc-server.js';
import { DynamicServices } from '../service/dynamic-services.js';
import { ServiceExplorer } from '../service/service-explorer.js';
import { hostPortOf, listenFailure } from './addresses.js';
import type { Certificates } from './certificates.js';
import type { ListenTarget } from './listen-options.js';
import { Readiness } from './readiness.js';
import { ServiceRegistry } from './service-registry.js';
import { rpcExtensionsOf } from './transport-extensions.js';
import { WITAN_OPTIONS } from './witan.module-definition.js';
import type { WitanOptions } from './witan-options.js';
import { CLOCK } from './witan.tokens.js';

type SharedParts = Omit<GrpcListenerParts, 'runtimes' | 'extensions' | 'server'>;

/** The gRPC side of an application: listening, draining. */
export class GrpcPort {
  private listener: GrpcListener | undefined;

  constructor(private readonly nest: NestFastifyApplication) {}

  /** @throws {CORE_ERR_BOOT_LISTEN} */
  async listen(target: ListenTarget, host: string, tls: Certificates | undefined): Promise<string> {
    const options: WitanOptions = this.nest.get(WITAN_OPTIONS);
    const where = typeof target === 'string' ? { path: target } : { port: target, host };
    const parts = {
      options: { ...options.grpc, ...where, tls: tls && rpcTlsOf(tls) },
      clock: this.nest.get(CLOCK),
      logger: new Logger('Witan'),
      access: this.nest.get(AccessControl),
      dynamic: this.nest.get(DynamicServices),
    };
    try {
      this.listener = options.grpc?.controllers
        ? await this.withControllers(parts, options.grpc.controllers)
        : await this.servicesAlone(parts);
    } catch (error) {
      throw WitanError.is(error) ? error : listenFailure('gRPC', target, error);
    }
    const { listener } = this;
    this.nest.get(Readiness).onChange((serving) => listener.setServing(serving));
    return typeof target === 'string'
      ? `unix:${target}`
      : hostPortOf({ port: listener.server.address!.port } as never, host);
  }

  /** Takes no more calls; those under way may go on for `boundMs`. */
  async drain(boundMs: number): Promise<void> {
    await this.listener?.drain(boundMs);
  }

  destroy(): void {
    this.listener?.close();
  }

  private async servicesAlone(parts: SharedParts): Promise<GrpcListener> {
    const listener = createGrpcListener({
      ...parts,
      server: await createRpcServer(parts.options, parts.clock),
      runtimes: this.runtimes(),
      extensions: this.extensions(),
    });
    // What their guards are given; not while the first caller waits.
    if (this.nest.get(ServiceRegistry).hasEnhanced) loadMetadata();
    await listener.listen();
    return listener;
  }

  /** Users' `@GrpcMethod` controllers share the port: Nest's microservices then drive the listener. */
  private async withControllers(
    parts: SharedParts,
    controllers: NonNullable<NonNullable<WitanOptions['grpc']>['controllers']>,
  ): Promise<GrpcListener> {
    const strategy = await createGrpcStrategy({
      ...parts,
      runtimes: () => this.runtimes(),
      extensions: () => this.extensions(),
      controllers,
    });
    await this.nest.connectMicroservice({ strategy: strategy as never }, { inheritAppConfig: true }).listen();
    return strategy.listener!;
  }

  private runtimes(): GrpcListenerParts['runtimes'] {
    return this.nest.get(ServiceRegistry).runtimes;
  }

  private extensions(): GrpcListenerParts['extensions'] {
    return rpcExtensionsOf(this.nest.get(ServiceExplorer).instances());
  }
}

function rpcTlsOf(certificates: Certificates): RpcTlsOptions {
  const { requestCert, ...tls } = certificates.current;
  return {
    ...tls,
    requireClientCertificate: requestCert,
    onChange: (listener) => certificates.onChange(listener),
  };
}
