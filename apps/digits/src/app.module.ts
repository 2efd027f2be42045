import { fileURLToPath } from 'node:url';
import { Module } from '@nestjs/common';
import { ModelModule } from '@witan/inference';
import { DigitsService } from './digits.service.js';

@Module({
  imports: [
    ModelModule.forRoot({ store: fileURLToPath(new URL('../models', import.meta.url)) }),
    ModelModule.forFeature({ name: 'digits', path: 'digits.onnx' }),
  ],
  providers: [DigitsService],
})
export class AppModule {}
