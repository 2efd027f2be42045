import { type DynamicModule, Module } from '@nestjs/common';
import {
  type CreateOptions,
  type ListenOptions,
  type WitanApplication,
  WitanFactory,
  WitanModule,
  type WitanOptions,
} from '@witan/core';
import {
  ModelModule,
  type ModelOptions,
  StoreCache,
  type StoreCacheOptions,
  type StoreOptions,
} from '@witan/inference';
import { fetchFile } from './fetch-file.js';
import { HusharModule } from './hushar.module.js';
import type { HusharConfig } from './read-hushar-config.js';

/** How a Hushar config is served; all of it may be left out. */
export interface HusharApplicationOptions {
  /** Witan itself: access, limits, the clock. */
  readonly witan?: WitanOptions;
  /** The model: `trusted`, `execution`, threads, batches. */
  readonly model?: Omit<ModelOptions, 'name' | 'path' | 'version'>;
  /** Keys and endpoints of remote stores. */
  readonly store?: StoreOptions;
  /** Where files of remote stores are kept. */
  readonly cache?: StoreCacheOptions;
  readonly create?: Omit<CreateOptions, 'witan'>;
}

@Module({})
class HusharApplicationModule {}

/**
 * The module of an application that serves what a Hushar service config says. Fetches the model and the vectorization
 * where they lie in a store.
 * @throws {HUSHAR_ERR_CONFIG} when a file is not there
 * @throws {INF_ERR_STORE_UNAVAILABLE | INF_ERR_STORE_DENIED | INF_ERR_STORE_URI}
 */
export async function husharModule(
  config: HusharConfig,
  options: HusharApplicationOptions = {},
): Promise<DynamicModule> {
  const { model_id: name, model_path, vectorization_instruction_path, connection_concurrency } = config;
  const cache = new StoreCache(options.cache);
  const [path, vectorization] = await Promise.all([
    fetchFile('model_path', model_path, cache, options.store ?? {}),
    fetchFile('vectorization_instruction_path', vectorization_instruction_path, cache, options.store ?? {}),
  ]);
  const limits = connection_concurrency === undefined ? {} : { maxConcurrentStreams: connection_concurrency };
  return {
    module: HusharApplicationModule,
    imports: [
      WitanModule.forRoot({ ...options.witan, grpc: { ...limits, ...options.witan?.grpc } }),
      ModelModule.forRoot({}),
      ModelModule.forFeature({ ...options.model, name, path }),
      HusharModule.forRoot({ model: name, vectorization }),
    ],
  };
}

/**
 * An application that serves what a Hushar service config says, on the port that it says.
 * @example
 * const config = await readHusharConfig('service.json');
 * await (await husharApplication(config)).listen(husharListenOptions(config));
 * @throws as {@link husharModule} does
 */
export async function husharApplication(
  config: HusharConfig,
  options: HusharApplicationOptions = {},
): Promise<WitanApplication> {
  return WitanFactory.create(await husharModule(config, options), options.create);
}

/** gRPC on the config's port, on every address; no HTTP, which Hushar has not. */
export function husharListenOptions({ port_number }: HusharConfig): ListenOptions {
  return { grpc: port_number, http: false, host: '0.0.0.0' };
}
