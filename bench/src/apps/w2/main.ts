import { Module } from '@nestjs/common';
import { ModelModule } from '@witan/inference';
import { DATA_FOLDER } from '../../paths.js';
import { W2_MODEL_NAME } from '../../workloads/w2.js';
import { serve } from '../serve.js';
import { LightService } from './light.service.js';
import { W2Service } from './w2.service.js';

@Module({
  imports: [ModelModule.forRoot({ store: DATA_FOLDER }), ModelModule.forFeature({ name: 'w2', path: W2_MODEL_NAME })],
  providers: [W2Service, LightService],
})
class W2Module {}

await serve(W2Module);
