import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { OipOptions } from './oip-options.js';

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN: OIP_OPTIONS } = new ConfigurableModuleBuilder<OipOptions>(
  {
    optionsInjectionToken: Symbol.for('witan.oipOptions'),
  },
)
  .setClassMethodName('forRoot')
  .build();
