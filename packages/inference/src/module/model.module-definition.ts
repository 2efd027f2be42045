import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { ModelModuleOptions } from './model-options.js';

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN: MODEL_MODULE_OPTIONS } =
  new ConfigurableModuleBuilder<ModelModuleOptions>({
    optionsInjectionToken: Symbol.for('witan.modelModuleOptions'),
  })
    .setClassMethodName('forRoot')
    .setExtras({ isGlobal: true }, (definition, extras) => ({ ...definition, global: extras.isGlobal }))
    .build();
