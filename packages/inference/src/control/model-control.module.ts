import { Module } from '@nestjs/common';
import { ModelControl } from './model-control.js';

/**
 * `GET /models`, and calls that load, unload, name and roll back models. Calls that change something are refused unless
 * the option `access.modelControl` is set. Needs `ModelModule.forRoot(...)`.
 * @example
 * imports: [ModelModule.forRoot({ store: 'models', serve: 'all' }), ModelControlModule]
 */
@Module({ providers: [ModelControl], exports: [ModelControl] })
export class ModelControlModule {}
