import { Module } from '@nestjs/common';
import { emfProviders } from '../emf/emf.providers.js';
import { interceptorProviders } from '../interceptor/interceptor.providers.js';
import { logProviders } from '../logs/log.providers.js';
import { metricProviders } from '../metrics/metric.providers.js';
import { otlpProviders } from '../otlp/otlp.providers.js';
import { prometheusProviders } from '../prometheus/prometheus.providers.js';
import { summaryProviders } from '../summary/summary.providers.js';
import { traceProviders } from '../traces/trace.providers.js';
import { Watch } from '../events/watch.js';
import { ConfigurableModuleClass } from './telemetry.module-definition.js';

/** What each feature adds. A provider does nothing where its part of the options is absent. */
const PROVIDERS = [
  Watch,
  ...metricProviders,
  ...prometheusProviders,
  ...traceProviders,
  ...otlpProviders,
  ...emfProviders,
  ...logProviders,
  ...interceptorProviders,
  ...summaryProviders,
];

/**
 * Metrics, traces, logs and summaries of everything that Witan serves. Import it once, in the root module; it listens on
 * diagnostics channels, so that nothing else has to know of it.
 * @example
 * imports: [TelemetryModule.forRoot({ prometheus: true })]
 */
@Module({ providers: PROVIDERS, exports: PROVIDERS })
export class TelemetryModule extends ConfigurableModuleClass {}
