import { type DynamicModule, Module } from '@nestjs/common';
import { type AccessOptions, WitanModule } from '@witan/core';
import {
  ExperimentModule,
  type ExperimentModuleOptions,
  ModelControlModule,
  ModelModule,
  type ModelModuleOptions,
  ModelServicesModule,
} from '@witan/inference';
import { OipModule } from '@witan/protocols';
import { AccessReport, SERVE_FACTS, type ServeFacts, StoreReport } from './serve-reports.js';
import type { ServeSettings } from './serve-settings.js';

@Module({})
class ServeModule {}

const DEFAULT_TRIAL_MS = 30_000;

/** The application that `witan serve` is: what any application can import, put together. */
export async function serveModule(facts: ServeFacts): Promise<DynamicModule> {
  const { settings, target } = facts;
  const single = target.single ? [ModelModule.forFeature({ ...target.single, lazy: settings.lazy })] : [];
  return {
    module: ServeModule,
    imports: [
      WitanModule.forRoot({ access: accessOf(settings) }),
      ModelModule.forRoot(modelOptionsOf(facts)),
      ...single,
      ...experimentsOf(settings),
      ModelServicesModule,
      ModelControlModule,
      OipModule.forRoot({}),
      ...(await telemetryOf(settings)),
    ],
    providers: [{ provide: SERVE_FACTS, useValue: facts }, StoreReport, AccessReport],
  };
}

/** What stands in the file is checked at the boot. */
function experimentsOf({ experiments }: ServeSettings): DynamicModule[] {
  return experiments ? [ExperimentModule.forRoot({ experiments } as ExperimentModuleOptions)] : [];
}

/** Loaded only where it is asked for. */
async function telemetryOf(settings: ServeSettings): Promise<DynamicModule[]> {
  const { metrics, metricsAccess, summary, summaryBaselines } = settings;
  if (!metrics && !summary) return [];
  const { TelemetryModule } = await import('@witan/telemetry');
  const prometheus = { ...(metricsAccess && { access: metricsAccess }) };
  const baselines = { ...(summaryBaselines !== undefined && { folder: summaryBaselines }) };
  return [TelemetryModule.forRoot({ ...(metrics && { prometheus }), ...(summary && { summary: { baselines } }) })];
}

function modelOptionsOf({ settings, target, pollMs }: ServeFacts): ModelModuleOptions {
  const { watch = true, lazy = false, maxModels, maxBytes, cacheDir, state, trusted } = settings;
  return {
    store: target.store,
    serve: target.single ? 'declared' : 'all',
    loading: lazy ? 'lazy' : 'eager',
    loaded: { ...(maxModels !== undefined && { maxModels }), ...(maxBytes !== undefined && { maxBytes }) },
    ...(cacheDir !== undefined && { cache: { cacheDir } }),
    ...(watch && { refresh: { intervalMs: pollMs, watch: true } }),
    ...(state !== undefined && { stateFile: state }),
    runners: { ...(trusted && { trusted }), trialTimeoutMs: settings.trialTimeout ?? DEFAULT_TRIAL_MS },
  };
}

function accessOf({ apiKeyFile, adminKeyFile, modelControl }: ServeSettings): AccessOptions {
  return {
    ...(apiKeyFile !== undefined && { apiKeys: { file: apiKeyFile } }),
    ...(adminKeyFile !== undefined && { adminKeys: { file: adminKeyFile } }),
    ...(modelControl !== undefined && { modelControl }),
  };
}
