import { Module } from '@nestjs/common';
import { ModelModule } from '@witan/inference';
import { W1_FOLDER } from '../../paths.js';
import { serve } from '../serve.js';
import { PlainService } from './plain.service.js';
import { W1Service } from './w1.service.js';

@Module({
  imports: [ModelModule.forRoot({ store: W1_FOLDER }), ModelModule.forFeature({ name: 'w1', path: 'model.onnx' })],
  providers: [W1Service, PlainService],
})
class W1Module {}

await serve(W1Module);
