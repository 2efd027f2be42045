import cluster from 'node:cluster';
import { type DynamicModule, Logger, type NestApplicationOptions, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { WitanError } from '../errors/witan-error.js';
import { fastifyServerOptions, type HttpServerLimits } from '../http/server-options.js';
import { valueProvidedIn } from '../service/module-walk.js';
import { bootAhead } from './boot-ahead.js';
import { BootLogger } from './boot-logger.js';
import { checkListenOptions } from './check-listen-options.js';
import type { ListenAddresses, ListenOptions } from './listen-options.js';
import { rootModuleOf } from './root-module.js';
import { isSupervised } from './supervised.js';
import { processCount, Supervisor } from './supervisor.js';
import { useSwaggerDocument } from './swagger-document.js';
import { WitanApplication } from './witan-application.js';
import { WitanFastifyAdapter } from './witan-fastify-adapter.js';
import { WITAN_OPTIONS } from './witan.module-definition.js';
import type { WitanOptions } from './witan-options.js';

/** Options of `WitanFactory.create`. */
export interface CreateOptions {
  /**
   * Options of Witan itself, unless the module imports `WitanModule.forRoot(...)`. Beside `forRootAsync` the bounds of
   * the HTTP server stand here, because the server is made first.
   */
  readonly witan?: WitanOptions;
  /**
   * Trust `X-Forwarded-*` headers: see Fastify's `trustProxy`.
   * @default false
   */
  readonly trustProxy?: HttpServerLimits['trustProxy'];
  /** Nest's logger option. @default warnings and errors */
  readonly logger?: NestApplicationOptions['logger'];
  /**
   * On a failed boot print one clear line and end the process with code 1; `false`: throw.
   * @default true
   */
  readonly abortOnError?: boolean;
}

/** An application that is being created: await it for a {@link WitanApplication}, or call `listen` straight away. */
export class PendingApplication implements PromiseLike<WitanApplication> {
  private creating: Promise<WitanApplication> | undefined;

  /** @internal Use `WitanFactory.create`. */
  constructor(
    private readonly module: Type | DynamicModule,
    private readonly options: CreateOptions,
  ) {}

  then<A = WitanApplication, B = never>(
    onFulfilled?: ((application: WitanApplication) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.application().then(onFulfilled, onRejected);
  }

  /** Creates the application and serves it; see {@link WitanApplication.listen}. */
  async listen(options: ListenOptions = {}): Promise<ListenAddresses> {
    const count = await this.attempt(async () => {
      checkListenOptions(options);
      return processCount(options);
    });
    if (count > 1 && cluster.isPrimary && !isSupervised()) return new Supervisor(count, options).start();
    const application = await this.application();
    return this.attempt(() => application.listen(options));
  }

  private application(): Promise<WitanApplication> {
    return (this.creating ??= this.attempt(() => this.create()));
  }

  private async create(): Promise<WitanApplication> {
    const { witan, trustProxy, logger = new BootLogger() } = this.options;
    const module = await rootModuleOf(this.module, witan);
    await bootAhead(module);
    // Nest loads this package at the end wherever it is installed. Here that takes time in which models are being tried.
    void import('@nestjs/microservices').catch(() => undefined);
    // The server exists before its module: what forRoot was given is read from the metadata (of forRootAsync it cannot be).
    const own = (await valueProvidedIn(module, WITAN_OPTIONS)) as WitanOptions | undefined;
    const adapter = new WitanFastifyAdapter(fastifyServerOptions({ ...own?.http, ...witan?.http, trustProxy }));
    const nest = await NestFactory.create<NestFastifyApplication>(module, adapter, { logger, abortOnError: false });
    useSwaggerDocument(nest);
    return new WitanApplication(nest);
  }

  private async attempt<T>(step: () => Promise<T>): Promise<T> {
    try {
      return await step();
    } catch (error) {
      if (this.options.abortOnError === false) throw error;
      new Logger('Witan').fatal(bootFailureText(error));
      process.exit(1);
    }
  }
}

/** Our own errors say all that is needed; of others the stack is wanted. */
function bootFailureText(error: unknown): string {
  if (WitanError.is(error)) return `[${error.code}] ${error.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Creates applications with the boot order right: nothing answers before every model is loaded and warm. */
export const WitanFactory = {
  /**
   * @example
   * ```ts
   * import { Module } from '@nestjs/common';
   * import { WitanFactory } from '@witan/core';
   *
   * @Module({})
   * class AppModule {}
   *
   * await WitanFactory.create(AppModule).listen({ http: 0, grpc: 0 });
   * ```
   */
  create(module: Type | DynamicModule, options: CreateOptions = {}): PendingApplication {
    return new PendingApplication(module, options);
  },
};
