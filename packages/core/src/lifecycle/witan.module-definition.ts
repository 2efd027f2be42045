import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { WitanOptions } from './witan-options.js';

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN: WITAN_OPTIONS } =
  new ConfigurableModuleBuilder<WitanOptions>({
    optionsInjectionToken: Symbol.for('witan.options'),
  })
    .setClassMethodName('forRoot')
    .setExtras({ isGlobal: true }, (definition, extras) => ({ ...definition, global: extras.isGlobal }))
    .build();
