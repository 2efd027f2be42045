import { type DynamicModule, Module } from '@nestjs/common';
import type { ModelOptions } from './model-options.js';
import { ModelRegistry } from './model-registry.js';
import { ConfigurableModuleClass } from './model.module-definition.js';
import { getModelToken } from './model.tokens.js';

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
      useFactory: (registry: ModelRegistry) => registry.load(options),
    }));
    return { module: ModelFeatureModule, providers, exports: providers.map((provider) => provider.provide) };
  }
}
