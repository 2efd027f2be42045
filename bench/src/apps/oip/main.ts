import { Module } from '@nestjs/common';
import { ModelModule } from '@witan/inference';
import { OipModule } from '@witan/protocols';
import { WORKLOADS_FOLDER } from '../../paths.js';
import { serve } from '../serve.js';
import { TensorRowService, TensorRowsService } from './tensor.services.js';

/** The same two models as typed services and by the Open Inference Protocol. */
@Module({
  imports: [
    ModelModule.forRoot({ store: WORKLOADS_FOLDER }),
    ModelModule.forFeature({ name: 'w1', path: 'w1/model.onnx' }, { name: 'w3', path: 'w3/model.onnx' }),
    OipModule.forRoot({}),
  ],
  providers: [TensorRowService, TensorRowsService],
})
class OipBenchModule {}

await serve(OipBenchModule);
