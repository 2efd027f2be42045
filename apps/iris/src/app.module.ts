import { fileURLToPath } from 'node:url';
import { Module } from '@nestjs/common';
import { ModelModule } from '@witan/inference';
import { TelemetryModule } from '@witan/telemetry';
import { IrisService } from './iris.service.js';

@Module({
  imports: [
    ModelModule.forRoot({ store: fileURLToPath(new URL('../models', import.meta.url)) }),
    ModelModule.forFeature({ name: 'iris', path: 'iris.onnx' }),
    TelemetryModule.forRoot({ prometheus: true }),
  ],
  providers: [IrisService],
})
export class AppModule {}
