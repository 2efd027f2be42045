import type { Provider } from '@nestjs/common';
import { type Clock, CLOCK, systemClock } from '@witan/core';
import { Watch } from '../events/watch.js';
import { Metrics } from '../metrics/metrics.js';
import { TELEMETRY_OPTIONS } from '../module/telemetry.module-definition.js';
import type { TelemetryModuleOptions } from '../module/telemetry-options.js';
import { SummaryRoutes } from './http/summary-routes.js';
import { Summaries } from './summaries.js';
import { resolveSummary, type SummaryOptions } from './summary-options.js';

async function createSummaries(
  { summary = false }: TelemetryModuleOptions,
  watch: Watch,
  metrics: Metrics,
  clock: Clock = systemClock,
): Promise<Summaries> {
  const models = summary === false ? undefined : await modelsOf(summary === true ? {} : summary, watch, clock);
  return new Summaries(models, watch, metrics, clock);
}

/** Loaded where it is asked for only, with the sketches. */
async function modelsOf(options: SummaryOptions, watch: Watch, clock: Clock) {
  const { ModelSummaries } = await import('./model-summaries.js');
  return new ModelSummaries(resolveSummary(options), clock, (error) => watch.failed('summary', error));
}

const summaries: Provider = {
  provide: Summaries,
  inject: [TELEMETRY_OPTIONS, Watch, Metrics, { token: CLOCK, optional: true }],
  useFactory: createSummaries,
};

export const summaryProviders: Provider[] = [summaries, SummaryRoutes];
