import { Module } from '@nestjs/common';
import { ModelModule } from '@witan/inference';
import { ROOT } from '../../paths.js';
import { serve } from '../serve.js';
import { ProcessService, WorkerService } from './soak.services.js';

/** Answers 10 times the index; the whole run fails when one index is outside its table of 10. */
const path = 'poison.onnx';

@Module({
  imports: [
    ModelModule.forRoot({ store: `${ROOT}libs/testing/fixtures/models` }),
    ModelModule.forFeature({ name: 'worker', path, execution: 'worker' }),
    ModelModule.forFeature({ name: 'process', path, execution: 'process' }),
  ],
  providers: [WorkerService, ProcessService],
})
class SoakModule {}

await serve(SoakModule);
