import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { HusharOptions } from './hushar-options.js';

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN: HUSHAR_OPTIONS } =
  new ConfigurableModuleBuilder<HusharOptions>({ optionsInjectionToken: Symbol.for('witan.husharOptions') })
    .setClassMethodName('forRoot')
    .build();
