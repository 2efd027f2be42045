import { Logger } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { DynamicServices } from '../service/dynamic-services.js';
import { ServiceExplorer } from '../service/service-explorer.js';
import { bannerText } from './banner.js';
import { globalPrefixOf } from './global-prefix.js';
import { Certificates } from './certificates.js';
import { checkListenOptions } from './check-listen-options.js';
import { GrpcPort } from './grpc-port.js';
import { HttpPort } from './http-port.js';
import type { ListenAddresses, ListenOptions } from './listen-options.js';
import { Readiness } from './readiness.js';
import { ServiceRegistry } from './service-registry.js';
import { type DrainResult, endOnSignals, within } from './shutdown.js';
import { isStartupReporter, STARTUP_REPORT } from './startup-report.js';
import { CLOCK } from './witan.tokens.js';
import { announceToSupervisor, isSupervised, printsBanner } from './supervised.js';

export const DEFAULT_HTTP_PORT = 3000;
export const DEFAULT_GRPC_PORT = 5000;
const DEFAULT_DRAIN_MS = 10_000;

/** A created application: what `await WitanFactory.create(AppModule)` gives. */
export class WitanApplication {
  private readonly logger = new Logger('Witan');
  private readonly httpPort: HttpPort;
  private readonly grpcPort: GrpcPort;
  private initialised: Promise<void> | undefined;
  private options: ListenOptions = {};
  private certificates: Certificates | undefined;
  private closing: Promise<DrainResult> | undefined;

  /** @internal Use `WitanFactory.create`. */
  constructor(
    /** The Nest application: global guards, interceptors, pipes and filters, CORS, microservices, providers by `get`. */
    readonly nest: NestFastifyApplication,
  ) {
    this.httpPort = new HttpPort(this.fastify);
    this.grpcPort = new GrpcPort(nest);
  }

  /** The Fastify instance: plugins such as helmet, hooks. */
  get fastify(): FastifyInstance {
    return this.nest.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  }

  /** Makes every provider, loads the models and registers the routes, without listening. `listen` does it by itself. */
  init(): Promise<void> {
    return (this.initialised ??= this.nest.init().then(async () => void (await this.fastify.ready())));
  }

  /**
   * Serves: first everything is made and every model loaded, then gRPC and HTTP begin to answer.
   * @throws {CORE_ERR_BOOT_OPTION} for an option out of its range
   * @throws {CORE_ERR_BOOT_LISTEN} when a port or socket cannot be listened on
   */
  async listen(options: ListenOptions = {}): Promise<ListenAddresses> {
    checkListenOptions(options);
    this.options = options;
    await this.init();
    // Users' own microservices (message patterns on other transports) start with the application, once all is made.
    await this.nest.startAllMicroservices();
    const host = options.host ?? '0.0.0.0';
    const { http = DEFAULT_HTTP_PORT, grpc = DEFAULT_GRPC_PORT } = options;
    const tls = (this.certificates = options.tls && new Certificates(options.tls, this.nest.get(CLOCK), this.logger));
    const addresses: ListenAddresses = {
      grpc: grpc === false ? undefined : await this.grpcPort.listen(grpc, host, tls),
      http: http === false ? undefined : await this.httpPort.listen(http, host, tls),
    };
    endOnSignals(() => this.close(), options.shutdown);
    if (options.banner !== false && printsBanner()) this.printBanner(addresses);
    if (isSupervised()) announceToSupervisor(addresses);
    return addresses;
  }

  /** Answers a request without a socket: for tests. */
  async inject(request: InjectOptions | string): Promise<LightMyRequestResponse> {
    await this.init();
    return this.fastify.inject(request);
  }

  /**
   * Stops: readiness goes off, requests in flight are answered, models are released. Gives `timed-out` when the bound
   * of `shutdown.timeoutMs` passed first; what was left is then cut off.
   */
  close(): Promise<DrainResult> {
    return (this.closing ??= this.drain());
  }

  private async drain(): Promise<DrainResult> {
    const { delayMs = 0, timeoutMs = DEFAULT_DRAIN_MS } = this.options.shutdown ?? {};
    if (this.initialised) this.nest.get(Readiness).startDraining();
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    const result = await within(
      Promise.all([this.grpcPort.drain(timeoutMs), this.httpPort.drain(timeoutMs)]),
      timeoutMs,
    );
    if (result === 'timed-out') {
      this.logger.error(
        `shutdown: requests still under way after ${timeoutMs} ms (${this.httpPort.connections} HTTP connections), ending them by force`,
      );
      this.grpcPort.destroy();
      this.httpPort.destroy();
    }
    this.certificates?.close();
    await within(this.nest.close(), timeoutMs);
    return result;
  }

  private printBanner(addresses: ListenAddresses): void {
    const reporters = this.nest.get(ServiceExplorer).instances().filter(isStartupReporter);
    const text = bannerText({
      addresses,
      services: [...this.nest.get(ServiceRegistry).runtimes, ...this.nest.get(DynamicServices).list()].map(
        (runtime) => runtime.definition,
      ),
      sections: reporters.map((reporter) => reporter[STARTUP_REPORT]()),
      prefix: globalPrefixOf(this.nest.get(ApplicationConfig)),
      tls: this.options.tls !== undefined,
    });
    process.stdout.write(`${text}\n`);
  }
}
