import { Module } from '@nestjs/common';
import { ModelServices } from './model-services.js';

/**
 * A typed service for every model: `POST /predictions/NAME` and the gRPC service `NAME.v1.NAMEService`, with the model's
 * inputs and outputs as columns. Needs `ModelModule.forRoot(...)`; the path is the option `http.dynamic`.
 * @example
 * imports: [ModelModule.forRoot({ store: 'models', serve: 'all' }), ModelServicesModule]
 */
@Module({ providers: [ModelServices], exports: [ModelServices] })
export class ModelServicesModule {}
