import { type DynamicModule, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { ExperimentControl } from './control/experiment-control.js';
import type { ExperimentModuleOptions } from './experiment-options.js';
import { ExperimentRegistry } from './experiment-registry.js';
import { EXPERIMENT_MODULE_OPTIONS } from './experiment.tokens.js';

/**
 * Experiments: of its options, and of `@Experiment`. Each is also the name of a model, for typed services, the Open
 * Inference Protocol and Hushar. Needs `ModelModule.forRoot(...)`.
 * @example
 * imports: [
 *   ModelModule.forRoot({ store: 'models', serve: 'all' }),
 *   ExperimentModule.forRoot({ experiments: { 'iris-new': { variants: { control: 'iris@3', challenger: 'iris@4' } } } }),
 * ]
 */
@Module({})
export class ExperimentModule {
  static forRoot(options: ExperimentModuleOptions = {}): DynamicModule {
    return {
      module: ExperimentModule,
      global: true,
      imports: [DiscoveryModule],
      providers: [{ provide: EXPERIMENT_MODULE_OPTIONS, useValue: options }, ExperimentRegistry, ExperimentControl],
      exports: [ExperimentRegistry],
    };
  }
}
