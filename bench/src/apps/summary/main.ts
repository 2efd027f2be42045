import { type DynamicModule, Module } from '@nestjs/common';
import { ModelModule } from '@witan/inference';
import { W1_FOLDER } from '../../paths.js';
import { serve } from '../serve.js';
import { W1Service } from '../w1/w1.service.js';

/** W1, with summaries where `SUMMARY` is set. */
const imports: DynamicModule[] = [
  ModelModule.forRoot({ store: W1_FOLDER }),
  ModelModule.forFeature({ name: 'w1', path: 'model.onnx' }),
];
if (process.env['SUMMARY']) {
  const { TelemetryModule } = await import('@witan/telemetry');
  imports.push(TelemetryModule.forRoot({ summary: true }));
}

@Module({ imports, providers: [W1Service] })
class SummaryAppModule {}

await serve(SummaryAppModule);
