import type { InjectionToken, ModuleMetadata, Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AccessControl } from '../access/access-control.js';
import type { Clock } from '../clock.js';
import { fastifyServerOptions } from '../http/server-options.js';
import { ServiceRegistry } from '../lifecycle/service-registry.js';
import { WitanApplication } from '../lifecycle/witan-application.js';
import { WitanFastifyAdapter } from '../lifecycle/witan-fastify-adapter.js';
import { WitanModule } from '../lifecycle/witan.module.js';
import { CLOCK } from '../lifecycle/witan.tokens.js';
import type { WitanOptions } from '../lifecycle/witan-options.js';
import { DynamicServices } from '../service/dynamic-services.js';
import { modulesOf } from '../service/module-walk.js';
import { TestGrpcClient } from './grpc-client.js';

export interface TestingOptions {
  /** Providers to replace, by token: `[[getModelToken('iris'), fakeModel(...)]]`. */
  readonly overrides?: readonly (readonly [InjectionToken, unknown])[];
  /** @default the system's clock */
  readonly clock?: Clock;
  readonly witan?: WitanOptions;
  /** What `main.ts` does before it listens: global guards and pipes, the global prefix, CORS. */
  readonly configure?: (application: NestFastifyApplication) => void;
}

/** An application under test: everything real but the sockets and what was overridden. */
export class TestingApplication extends WitanApplication {
  private client: TestGrpcClient | undefined;

  /** In-process gRPC calls: `app.grpc.predict(IrisService, { rows: [...] })`. */
  get grpc(): TestGrpcClient {
    const { nest } = this;
    return (this.client ??= new TestGrpcClient(nest.get(ServiceRegistry).runtimes, nest.get(CLOCK), {
      access: nest.get(AccessControl),
      dynamic: nest.get(DynamicServices),
    }));
  }
}

/**
 * Boots a module, or a few providers, for a test. Needs the package `@nestjs/testing`.
 *
 * @example
 * ```ts no-run
 * const app = await createTestingApplication({ providers: [PlusService] });
 * const { statusCode } = await app.inject({ method: 'POST', url: '/plus', payload: [{ x: 1 }] });
 * const { response } = await app.grpc.predict(PlusService, { rows: [{ x: 1 }] });
 * ```
 */
export async function createTestingApplication(
  module: Type | ModuleMetadata,
  options: TestingOptions = {},
): Promise<TestingApplication> {
  const { Test } = await import('@nestjs/testing');
  const root: ModuleMetadata = typeof module === 'function' ? { imports: [module] } : module;
  const hasWitan = typeof module === 'function' && (await modulesOf(module)).has(WitanModule);
  const witan = hasWitan ? [] : [WitanModule.forRoot({ clock: options.clock, ...options.witan })];
  let builder = Test.createTestingModule({ ...root, imports: [...(root.imports ?? []), ...witan] });
  for (const [token, value] of options.overrides ?? []) builder = builder.overrideProvider(token).useValue(value);
  const compiled = await builder.compile();
  const adapter = new WitanFastifyAdapter(fastifyServerOptions());
  const nest = compiled.createNestApplication<NestFastifyApplication>(adapter, { logger: false });
  options.configure?.(nest);
  const application = new TestingApplication(nest);
  await application.init();
  return application;
}
