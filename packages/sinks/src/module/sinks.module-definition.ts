import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { SinksModuleOptions } from './sinks-options.js';

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN: SINKS_OPTIONS } =
  new ConfigurableModuleBuilder<SinksModuleOptions>({
    optionsInjectionToken: Symbol.for('witan.sinksModuleOptions'),
  })
    .setClassMethodName('forRoot')
    .build();
