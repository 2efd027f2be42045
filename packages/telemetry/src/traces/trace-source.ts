import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit, Optional } from '@nestjs/common';
import { type Clock, CLOCK, systemClock } from '@witan/core';
import { Watch } from '../events/watch.js';
import { Metrics } from '../metrics/metrics.js';
import { TELEMETRY_OPTIONS } from '../module/telemetry.module-definition.js';
import type { TelemetryModuleOptions } from '../module/telemetry-options.js';
import { isCurrentRequestWanted, joinOtel, type OtelApi } from './request-binding.js';
import { RandomIds } from './trace-ids.js';
import { Tracing } from './tracing.js';

/** The tracing of an application: there where traces or logs are asked for. */
@Injectable()
export class TraceSource implements OnModuleInit, OnApplicationShutdown {
  /** `undefined`: nobody asked. */
  readonly tracing: Tracing | undefined;
  private leave: (() => void) | undefined;

  constructor(
    @Inject(TELEMETRY_OPTIONS) private readonly options: TelemetryModuleOptions,
    @Inject(Watch) watch: Watch,
    @Inject(Metrics) metrics: Metrics,
    @Optional() @Inject(CLOCK) clock?: Clock,
  ) {
    const { traces, logs } = options;
    if (!traces && !logs) return;
    const binds = traces?.context ?? isCurrentRequestWanted();
    this.tracing = new Tracing(traces, watch, clock ?? systemClock, new RandomIds(), binds);
    // Before anybody else listens: what is kept must be known when metrics ask for it.
    this.tracing.start();
    if (traces) metrics.traceOf = this.tracing.traceOf;
  }

  async onModuleInit(): Promise<void> {
    const { traces } = this.options;
    if (traces && this.tracing?.binds) this.leave = joinOtel((await import('@opentelemetry/api')) as OtelApi);
  }

  onApplicationShutdown(): void {
    this.tracing?.stop();
    this.leave?.();
  }
}
