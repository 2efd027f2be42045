import { Module } from '@nestjs/common';
import { ConfigurableModuleClass } from './oip.module-definition.js';
import { OipGrpc } from './grpc/oip-grpc.js';
import { OipRest } from './rest/oip-rest.js';
import { ModelOipServer } from './server/model-oip-server.js';

/**
 * Serves the application's models by the Open Inference Protocol v2, in Triton's dialect. Needs
 * `ModelModule.forRoot(...)`.
 * @example
 * imports: [ModelModule.forRoot({ store: 'models' }), OipModule.forRoot({ serverName: 'my-server' })]
 */
@Module({ providers: [ModelOipServer, OipRest, OipGrpc], exports: [ModelOipServer] })
export class OipModule extends ConfigurableModuleClass {}
