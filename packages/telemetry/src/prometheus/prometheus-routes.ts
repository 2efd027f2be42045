import { Inject, Injectable } from '@nestjs/common';
import {
  HTTP_ROUTES,
  type HttpExtension,
  type HttpExtensionSurroundings,
  STARTUP_REPORT,
  type StartupReporter,
  type StartupSection,
} from '@witan/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Metrics } from '../metrics/metrics.js';
import type { TelemetryModuleOptions } from '../module/telemetry-options.js';
import { TELEMETRY_OPTIONS } from '../module/telemetry.module-definition.js';
import { CONTENT_TYPES, exposition, type ExpositionForm } from './exposition.js';
import type { PrometheusOptions } from './prometheus-options.js';

const DEFAULT_PATH = '/metrics';

/** `GET /metrics` on the HTTP port, for a Prometheus server that scrapes it. */
@Injectable()
export class PrometheusRoutes implements HttpExtension, StartupReporter {
  private readonly options: PrometheusOptions | undefined;

  constructor(
    @Inject(TELEMETRY_OPTIONS) { prometheus }: TelemetryModuleOptions,
    @Inject(Metrics) private readonly metrics: Metrics,
  ) {
    this.options = prometheus === true ? {} : prometheus || undefined;
    // Before any module is initialised: the models that are loaded at boot are counted too.
    if (this.options) metrics.enable();
  }

  [HTTP_ROUTES](scope: FastifyInstance, { prefix }: HttpExtensionSurroundings): void {
    if (!this.options) return;
    const { access = 'open' } = this.options;
    scope.route({
      method: 'GET',
      url: prefix + this.path,
      config: { access },
      schema: { hide: true } as object,
      handler: (request, reply) => this.answer(request, reply),
    });
  }

  [STARTUP_REPORT](): StartupSection {
    const { access = 'open' } = this.options ?? {};
    return { title: 'Metrics', lines: this.options ? [`GET ${this.path} for Prometheus (${access})`] : [] };
  }

  private get path(): string {
    const { path = DEFAULT_PATH } = this.options ?? {};
    return path.startsWith('/') ? path : `/${path}`;
  }

  private answer(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const form = formOf(request.headers.accept);
    const { exemplars = true } = this.options!;
    return reply
      .header('content-type', CONTENT_TYPES[form])
      .send(exposition(this.metrics.collect(), { form, exemplars }));
  }
}

/** OpenMetrics for who names it, which every Prometheus server does by default. */
function formOf(accept: string | undefined): ExpositionForm {
  return accept?.includes('application/openmetrics-text') ? 'openmetrics' : 'text';
}
