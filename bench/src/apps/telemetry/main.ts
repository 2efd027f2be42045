import { mkdtempSync } from 'node:fs';
import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { ModelModule } from '@witan/inference';
import { dataFile, W1_FOLDER } from '../../paths.js';
import { serve } from '../serve.js';
import { W1Service } from '../w1/w1.service.js';

/** W1 with as much watching as `TELEMETRY` says, each level with those before it; `COLLECTOR`: where spans go. */
const LEVELS = ['off', 'metrics', 'traces', 'best-effort', 'lossless'] as const;

const level = LEVELS.indexOf((process.env['TELEMETRY'] ?? 'off') as (typeof LEVELS)[number]);
const collector = process.env['COLLECTOR'];
const imports: DynamicModule[] = [
  ModelModule.forRoot({ store: W1_FOLDER }),
  ModelModule.forFeature({ name: 'w1', path: 'model.onnx' }),
];
if (level >= 1) imports.push(await telemetry());
let service: Type = W1Service;
if (level >= 3) {
  imports.push(await sinks());
  service = (await import('./logged-w1.service.js')).LoggedW1Service;
}

async function telemetry(): Promise<DynamicModule> {
  const { TelemetryModule } = await import('@witan/telemetry');
  const traces = { sampling: { ratio: 0.01 } };
  return TelemetryModule.forRoot({
    prometheus: true,
    ...(level >= 2 && { traces, otlp: { url: collector, signals: ['traces'] } }),
  });
}

async function sinks(): Promise<DynamicModule> {
  const { FileSink, SinksModule } = await import('@witan/sinks');
  const folder = mkdtempSync(dataFile('telemetry-'));
  const to = new FileSink({ folder });
  const options = level >= 4 ? { to, policy: 'lossless' as const, folder: `${folder}/spill` } : { to };
  return SinksModule.forRoot({ sinks: { records: options } });
}

@Module({ imports, providers: [service] })
class TelemetryAppModule {}

await serve(TelemetryAppModule);
