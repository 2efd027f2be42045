import { type DynamicModule, Module } from '@nestjs/common';
import { BOOT_AHEAD, type BootsAhead, type ProvidedValues } from '@witan/core';
import { warmProcess } from '../runner/host/warm-process.js';
import type { ModelModuleOptions, ModelOptions } from './model-options.js';
import { ModelRegistry } from './model-registry.js';
import { ConfigurableModuleClass, MODEL_MODULE_OPTIONS } from './model.module-definition.js';
import { getModelToken, MODEL_DECLARATIONS } from './model.tokens.js';

/** The models of one `forFeature`. */
@Module({})
class ModelFeatureModule {}

/**
 * Models as providers: `forRoot` (or `forRootAsync`) once, `forFeature` wherever a model is used. Nest waits for them:
 * nothing answers before every model is loaded and warm, and a model that cannot be loaded ends the boot.
 * @example
 * imports: [ModelModule.forRoot({ store: 'models' }), ModelModule.forFeature({ name: 'iris' })]
 */
@Module({ providers: [ModelRegistry], exports: [ModelRegistry] })
export class ModelModule extends ConfigurableModuleClass {
  /** Models for `@UseModel` and `@InjectModel`. The same declaration may stand in several modules and is loaded once. */
  static forFeature(...models: readonly ModelOptions[]): DynamicModule {
    const providers = models.map((options) => ({
      provide: getModelToken(options.name),
      inject: [ModelRegistry],
      useFactory: (registry: ModelRegistry) => registry.declare(options),
    }));
    const declarations = { provide: MODEL_DECLARATIONS, useValue: models };
    return {
      module: ModelFeatureModule,
      providers: [declarations, ...providers],
      exports: providers.map((provider) => provider.provide),
    };
  }

  /** Starts the process in which the first untrusted model will be tried. Of `forRootAsync` the defaults are not known. */
  static async [BOOT_AHEAD](provided: ProvidedValues): Promise<void> {
    const [root] = (await provided(MODEL_MODULE_OPTIONS)) as (ModelModuleOptions | undefined)[];
    const models = (await provided(MODEL_DECLARATIONS)) as (readonly ModelOptions[])[];
    const isTried = (model: ModelOptions): boolean => !(model?.trusted ?? root?.runners?.trusted);
    if (models.flat().some(isTried)) warmProcess.start();
  }
}

// Static methods that a class must have cannot be written down otherwise.
ModelModule satisfies BootsAhead;
