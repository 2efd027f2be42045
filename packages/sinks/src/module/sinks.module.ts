import { Module } from '@nestjs/common';
import { RECORD_KEEPER } from '@witan/core';
import { Sinks } from './sinks.js';
import { ConfigurableModuleClass } from './sinks.module-definition.js';

/**
 * Keeps what `@Log` and `logTo` ask for: `forRoot` (or `forRootAsync`) once in the application.
 * @example
 * SinksModule.forRoot({ sinks: { audit: { to: destination, policy: 'lossless', folder: '/var/lib/app/spill' } } })
 */
@Module({ providers: [Sinks, { provide: RECORD_KEEPER, useExisting: Sinks }], exports: [Sinks] })
export class SinksModule extends ConfigurableModuleClass {}
