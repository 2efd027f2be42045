import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { TelemetryModuleOptions } from './telemetry-options.js';

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN: TELEMETRY_OPTIONS } =
  new ConfigurableModuleBuilder<TelemetryModuleOptions>({
    optionsInjectionToken: Symbol.for('witan.telemetryOptions'),
  })
    .setClassMethodName('forRoot')
    .setExtras({ isGlobal: true }, (definition, extras) => ({ ...definition, global: extras.isGlobal }))
    .build();
