import { Module } from '@nestjs/common';
import { ConfigurableModuleClass } from './hushar.module-definition.js';
import { HusharService } from './hushar.service.js';

/**
 * Serves one model by Hushar's gRPC protocol, `hushar.Hushar/InferenceService`, on the application's gRPC port. Needs
 * `ModelModule.forRoot(...)`.
 * @example
 * imports: [
 *   ModelModule.forRoot({ store: 'models' }),
 *   ModelModule.forFeature({ name: 'fraud' }),
 *   HusharModule.forRoot({ model: 'fraud', vectorization: 'models/fraud.json' }),
 * ]
 */
@Module({ providers: [HusharService], exports: [HusharService] })
export class HusharModule extends ConfigurableModuleClass {}
